"""Which calls there are: who is called when, in which language, and what goes wrong where."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from turnwise.app.demo.agents import PROFILES, UNPRICED, Profile, Shape
from turnwise.app.demo.story import Story, Trouble, Writer
from turnwise.model.instants import NS_PER_SECOND, ns_from_seconds

_HOUR_NS = 3_600 * NS_PER_SECOND
_LONGEST_CALL_NS = _HOUR_NS // 2
_LIVE_FOR_S = 70.0
_RELEASED_AT = 0.55
"""The part of the window after which each agent runs its newer version."""

_ROUND = 40
_TROUBLES = {
    1: Trouble.INTERRUPTION,
    3: Trouble.SLOW_LLM,
    5: Trouble.TOOL_FAILURE,
    6: Trouble.HANDOFF,
    8: Trouble.SLOW_TTS,
    11: Trouble.LIVE,
    13: Trouble.SLOW_EOU,
    15: Trouble.LLM_RETRY,
    17: Trouble.INTERRUPTION,
    19: Trouble.UNPRICED,
    21: Trouble.SLOW_TOOL,
    23: Trouble.FALSE_INTERRUPTION,
    25: Trouble.SILENT,
    27: Trouble.LLM_FAILURE,
    31: Trouble.INTERRUPTION,
    33: Trouble.SLOW_LLM,
    35: Trouble.KILLED,
    38: Trouble.HANDOFF,
}
"""What goes wrong in which session of every forty, so that forty are enough to see it all."""

_SHAPE_OF = {
    Trouble.HANDOFF: Shape.LIVEKIT,
    Trouble.LLM_RETRY: Shape.LIVEKIT,
    Trouble.KILLED: Shape.LIVEKIT,
    Trouble.LIVE: Shape.LIVEKIT,
    Trouble.FALSE_INTERRUPTION: Shape.PIPECAT,
}
"""Troubles that only one framework shows, or shows well: Pipecat names a session in its root alone,
so a call that never ends there has no name."""


def stories(
    sessions: int, seed: int, days: int, anchor_ns: int, live_ns: int | None = None
) -> Iterator[Story]:
    """The calls of the days before the anchor, the earliest first.

    No call ends after `anchor_ns`, but the one that is still going at `live_ns` (by default the
    anchor).
    """
    places = [_place(number, seed, days, anchor_ns, live_ns) for number in range(sessions)]
    for start_ns, number, profile in sorted(places, key=lambda place: place[:2]):
        yield _story(number, profile, start_ns, _key(number, seed, anchor_ns), anchor_ns, days)


def trouble_of(number: int) -> Trouble:
    """What goes wrong in the session of that number; only one session is ever live."""
    found = _TROUBLES.get(number % _ROUND, Trouble.NONE)
    return Trouble.NONE if found is Trouble.LIVE and number >= _ROUND else found


def _key(number: int, seed: int, anchor_ns: int) -> str:
    return f"{seed}/{anchor_ns}/{number}"


def _place(
    number: int, seed: int, days: int, anchor_ns: int, live_ns: int | None
) -> tuple[int, int, Profile]:
    rng = random.Random(f"{_key(number, seed, anchor_ns)}/place")  # noqa: S311 - no secret
    trouble = trouble_of(number)
    able = [each for each in PROFILES if _SHAPE_OF.get(trouble, each.shape) is each.shape]
    profile = rng.choices(able, [each.share for each in able])[0]
    if trouble is Trouble.LIVE:
        return (anchor_ns if live_ns is None else live_ns), number, profile
    return _start(profile, days, anchor_ns, rng), number, profile


def _start(profile: Profile, days: int, anchor_ns: int, rng: random.Random) -> int:
    """An instant, by how much the agent is called at that hour of that day."""
    first_ns = anchor_ns - days * 24 * _HOUR_NS
    hours = [first_ns + at * _HOUR_NS for at in range(days * 24)]
    begin_ns = rng.choices(hours, [_busy(profile, hour_ns) for hour_ns in hours])[0]
    room_ns = min(_HOUR_NS, anchor_ns - _LONGEST_CALL_NS - begin_ns)
    return begin_ns + rng.randrange(room_ns // 1_000) * 1_000


def _busy(profile: Profile, hour_ns: int) -> float:
    hour = datetime.fromtimestamp(hour_ns // NS_PER_SECOND, UTC)
    weight = int(profile.calls[hour.hour]) + 0.02
    return weight * (profile.weekend if hour.weekday() >= 5 else 1.0)


def _story(
    number: int, profile: Profile, start_ns: int, key: str, anchor_ns: int, days: int
) -> Story:
    trouble = trouble_of(number)
    # A live call is another one each minute, since its times move with the present.
    key = f"{key}/{start_ns}" if trouble is Trouble.LIVE else key
    rng = random.Random(key)  # noqa: S311 - no secret
    released_ns = anchor_ns - round((1 - _RELEASED_AT) * days * 24 * _HOUR_NS)
    release = profile.releases[start_ns >= released_ns]
    language = rng.choices(list(profile.languages), list(profile.languages.values()))[0]
    if trouble is Trouble.HANDOFF:
        language = "en"
    writer = Writer(profile, release, language, rng)
    story = Story(
        number=number,
        key=key,
        session_id=str(UUID(int=rng.getrandbits(128), version=4)),
        profile=profile,
        release=release,
        llm=UNPRICED if trouble is Trouble.UNPRICED else release.llm,
        language=language,
        trouble=trouble,
        topic="",
        start_ns=start_ns,
        beats=writer.write(trouble),
    )
    story.topic = writer.topic
    _break_off(story, rng)
    return story


def _break_off(story: Story, rng: random.Random) -> None:
    """Let a call end in the middle."""
    if story.trouble is Trouble.LIVE:
        story.until_ns = story.start_ns
        story.start_ns -= ns_from_seconds(min(_LIVE_FOR_S, story.seconds * 0.75))
    elif story.trouble is Trouble.KILLED:
        heard_s = story.seconds * rng.uniform(0.5, 0.75)
        story.until_ns = story.start_ns + ns_from_seconds(heard_s)
