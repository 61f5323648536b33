"""The protobuf part of a recording's upload.

The few fields that say something are declared here, so that the message class of LiveKit's own
package, which brings a media stack along, is not needed. Unknown fields are passed over.

Source: livekit-protocol, livekit_metrics.proto, message MetricsRecordingHeader.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from turnwise.http.json_text import decode_lenient
from turnwise.model.errors import BadInput
from turnwise.model.ids import ProjectId, SessionId, session_id_of

_TEXT = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_UINT64 = descriptor_pb2.FieldDescriptorProto.TYPE_UINT64
_INT64 = descriptor_pb2.FieldDescriptorProto.TYPE_INT64
_INT32 = descriptor_pb2.FieldDescriptorProto.TYPE_INT32
_MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
_PACKAGE = "turnwise.livekit"
_FIELDS = {
    "Instant": (("seconds", 1, _INT64), ("nanos", 2, _INT32)),
    "Header": (
        ("room_id", 1, _TEXT),
        ("duration", 3, _UINT64),
        ("start_time", 4, _MESSAGE),
        ("room_name", 6, _TEXT),
        ("job_id", 8, _TEXT),
        ("session_summary", 11, _TEXT),
    ),
}


def _message_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="turnwise/livekit_recording.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            field = message.field.add(name=field_name, number=number, type=kind)
            field.label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            if kind == _MESSAGE:
                field.type_name = f".{_PACKAGE}.Instant"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{_PACKAGE}.Header")
    return message_factory.GetMessageClass(found)


_Header = _message_class()


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says; None where it says nothing.

    Attributes:
        room_id: the room's sid.
        started_ns: when the audio starts.
        duration_ns: of the session.
        summary: the session report without its history.
    """

    room_id: str | None
    room_name: str | None
    job_id: str | None
    started_ns: int | None
    duration_ns: int | None
    summary: dict[str, Any]

    def session(self, project_id: ProjectId) -> SessionId:
        """The session that the room, else the job names."""
        return session_id_of(project_id, self.room_id or self.job_id or "")


def read_header(body: bytes) -> Header:
    """The header.

    Raises:
        BadInput: the bytes are no such message.
    """
    try:
        sent = _Header.FromString(body)
    except DecodeError as error:
        raise BadInput("The header of the recording is not MetricsRecordingHeader.") from error
    started_ns = sent.start_time.seconds * 1_000_000_000 + sent.start_time.nanos
    return Header(
        room_id=sent.room_id or None,
        room_name=sent.room_name or None,
        job_id=sent.job_id or None,
        started_ns=started_ns if started_ns > 0 else None,
        duration_ns=sent.duration * 1_000_000 or None,
        summary=_summary(sent.session_summary),
    )


def _summary(text: str) -> dict[str, Any]:
    """What is no JSON object is kept as it is: the rest of the upload is worth having."""
    if not text:
        return {}
    try:
        found = decode_lenient(text.encode())
    except (msgspec.DecodeError, RecursionError):
        return {"session_summary": text}
    return found if isinstance(found, dict) else {"session_summary": found}
