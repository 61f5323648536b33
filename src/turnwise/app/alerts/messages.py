"""What an alert says, and how it is shaped and signed for its channel."""

import base64
import hmac
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import msgspec

from turnwise.model.alerts import AlertRule, Channel, Comparison, Delivery
from turnwise.model.ids import public_session_id
from turnwise.model.instants import iso_seconds
from turnwise.model.session import Session

_SIGNS = {
    Comparison.ABOVE: "above",
    Comparison.AT_LEAST: "at or above",
    Comparison.BELOW: "below",
    Comparison.AT_MOST: "at or below",
}


def of_session(rule: AlertRule, session: Session, value: float, now_ns: int) -> Delivery:
    """That a session stands as the rule says; once for each session."""
    what = {"sessionId": public_session_id(session.id), "agent": session.agent,
            "callId": session.call_id, "startedAt": iso_seconds(session.started_ns)}  # fmt: skip
    return _delivery(rule, f"session {session.id}", "firing", value, now_ns, what)


def of_window(rule: AlertRule, value: float, sessions: int, now_ns: int, since_ns: int) -> Delivery:
    """That a window has come to stand as the rule says, since an instant."""
    what = {"agent": rule.agent, "windowMinutes": rule.window_minutes, "sessions": sessions}
    return _delivery(rule, f"firing {since_ns}", "firing", value, now_ns, what)


def of_calm(rule: AlertRule, value: float, sessions: int, now_ns: int) -> Delivery:
    """That a window does not stand so any more."""
    what = {"agent": rule.agent, "windowMinutes": rule.window_minutes, "sessions": sessions}
    return _delivery(rule, f"resolved {rule.firing_since_ns}", "resolved", value, now_ns, what)


def of_trial(rule: AlertRule, now_ns: int) -> Delivery:
    """A message that somebody asked for, to see whether it arrives."""
    return _delivery(rule, f"test {now_ns}", "test", rule.threshold, now_ns, {"agent": rule.agent})


def _delivery(
    rule: AlertRule, occasion: str, event: str, value: float, now_ns: int, what: dict[str, Any]
) -> Delivery:
    body = {
        "event": event,
        "alert": {
            "id": rule.id,
            "name": rule.name,
            "metric": rule.metric,
            "operator": rule.comparison.value,
            "threshold": rule.threshold,
        },
        "value": value,
        "at": iso_seconds(now_ns),
        **what,
    }
    return Delivery(
        id=str(uuid5(UUID(rule.id), occasion)),
        rule_id=rule.id,
        project_id=rule.project_id,
        body=body,
        created_ns=now_ns,
        next_ns=now_ns,
    )


def request_of(
    rule: AlertRule, delivery: Delivery, key: bytes, now_seconds: int
) -> tuple[bytes, dict[bytes | str, bytes | str]]:
    """Body and headers; signatures are those of the Standard Webhooks specification, version 1."""
    if rule.channel is Channel.SLACK:
        return msgspec.json.encode({"text": text_of(rule, delivery.body)}), {}
    body = msgspec.json.encode(delivery.body)
    signed = f"{delivery.id}.{now_seconds}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    return body, {
        "webhook-id": delivery.id,
        "webhook-timestamp": str(now_seconds),
        "webhook-signature": f"v1,{signature}",
    }


def text_of(rule: AlertRule, body: dict[str, Any]) -> str:
    """One line for people."""
    opening = {"firing": "🔴", "resolved": "🟢 resolved:", "test": "🔵 test:"}[body["event"]]
    limit = f"{_SIGNS[rule.comparison]} {rule.threshold:g}"
    text = f"{opening} *{_plain(rule.name)}*: {rule.metric} is {body['value']:g} (alert: {limit})"
    if body.get("agent"):
        text += f", agent {_plain(body['agent'])}"
    if body.get("sessionId"):
        text += f", session {body['sessionId']}"
    if body.get("windowMinutes"):
        text += f", {body['sessions']} sessions in {body['windowMinutes']} min"
    return text


def _plain(text: str) -> str:
    """As Slack asks for it: the three characters that would be markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
