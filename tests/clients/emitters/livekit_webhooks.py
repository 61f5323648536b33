"""Webhooks of one telephone call as LiveKit's own classes make and sign them.

Prints a JSON list of {body, authorization}; the key and the secret are those of LIVEKIT_API_KEY and
LIVEKIT_API_SECRET. Each is first shown to LiveKit's own receiver.
"""

import base64
import hashlib
import json
import sys

from google.protobuf.json_format import MessageToJson
from livekit.api import AccessToken, TokenVerifier, WebhookReceiver
from livekit.protocol.egress import EgressInfo, EgressStatus, FileInfo
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.webhook import WebhookEvent

NS = 1_000_000_000


def events(sid: str, start_s: int) -> list[WebhookEvent]:
    """A call of 30 seconds."""
    room = Room(sid=sid, name=f"line-{sid}", creation_time=start_s, num_participants=2)
    phone = ParticipantInfo(
        sid="PA_phone",
        identity="sip_+15550100",
        kind=ParticipantInfo.Kind.SIP,
        attributes={
            "sip.callID": f"SCL_{sid}",
            "sip.phoneNumber": "+15550100",
            "sip.trunkPhoneNumber": "+15550199",
        },
    )
    file = FileInfo(
        filename="call.ogg",
        started_at=(start_s + 1) * NS,
        ended_at=(start_s + 29) * NS,
        duration=28 * NS,
        size=123456,
        location="https://files.example.com/call.ogg",
    )
    egress = EgressInfo(
        egress_id=f"EG_{sid}",
        room_id=sid,
        room_name=room.name,
        status=EgressStatus.EGRESS_COMPLETE,
        started_at=(start_s + 1) * NS,
        ended_at=(start_s + 29) * NS,
        file_results=[file],
    )
    return [
        WebhookEvent(id="EV_1", event="room_started", room=room, created_at=start_s),
        WebhookEvent(
            id="EV_2",
            event="participant_joined",
            room=room,
            participant=phone,
            created_at=start_s + 1,
        ),
        WebhookEvent(id="EV_3", event="room_finished", room=room, created_at=start_s + 30),
        WebhookEvent(id="EV_4", event="egress_ended", egress_info=egress, created_at=start_s + 31),
    ]


def main() -> None:
    """Print the signed events."""
    sid, start_s = sys.argv[1], int(sys.argv[2])
    receiver = WebhookReceiver(TokenVerifier())
    signed = []
    for event in events(sid, start_s):
        body = MessageToJson(event, indent=None)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        token = AccessToken().with_sha256(digest).to_jwt()
        receiver.receive(body, token)
        signed.append({"body": body, "authorization": token})
    print(json.dumps(signed))


if __name__ == "__main__":
    main()
