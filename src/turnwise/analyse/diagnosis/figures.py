"""Figures of whole sessions that are compared with those of the agent's others."""

from math import ceil, log2

import msgspec

from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.session import Session

COST = "cost_per_minute"
"""Part of a session's cost in millionths of a USD a minute."""
CACHED = "cached_share"
"""Part of the share of large prompts with anything cached: thousandths, and one more."""
MICRO = 1_000_000
_SHORTEST_NS = 10 * NS_PER_SECOND
_VERSIONS = ("agentVersion", "agent_version", "version", "release")


def cost_per_minute(session: Session) -> float | None:
    """Millionths of a USD a minute, of what is priced; None when it was too short."""
    if not session.cost_usd:
        return None
    ended_ns = session.last_seen_ns if session.ended_ns is None else session.ended_ns
    length_ns = ended_ns - session.started_ns
    if length_ns < _SHORTEST_NS:
        return None
    return float(session.cost_usd) * MICRO * 60 * NS_PER_SECOND / length_ns


def length_class(session: Session) -> int:
    """How long a session was: 0 up to a minute, and one more with every doubling."""
    ended_ns = session.last_seen_ns if session.ended_ns is None else session.ended_ns
    minutes = max(1, ended_ns - session.started_ns) / (60 * NS_PER_SECOND)
    return max(0, ceil(log2(minutes)))


def cached_share(session: Session, least_tokens: float) -> float | None:
    """Thousandths of the prompts above a size of which anything was cached, plus 1.

    None without such a prompt, or where nobody reports what is cached.
    """
    made = [
        turn.response.generation
        for turn in session.turns
        if turn.response is not None and turn.response.generation is not None
    ]
    large = [each for each in made if (each.prompt_tokens or 0) > least_tokens]
    if not any(each.cached_tokens is not None for each in large):
        return None
    return 1 + 1_000 * sum(bool(each.cached_tokens) for each in large) / len(large)


def agent_version(session: Session) -> str:
    """The version of the agent: as telemetry says, else as the sender's metadata does; "" for none."""
    told = session.app_version or session.release
    if told:
        return told
    try:
        metadata = msgspec.json.decode(session.metadata)
    except (msgspec.DecodeError, RecursionError):
        return ""
    if not isinstance(metadata, dict):
        return ""
    named = (metadata.get(name) for name in _VERSIONS)
    return next((each for each in named if isinstance(each, str) and each), "")
