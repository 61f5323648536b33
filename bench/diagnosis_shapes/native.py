"""A call as a program tells it that writes Turnwise's own JSON."""

from datetime import UTC, datetime
from typing import Any

from bench.diagnosis_shapes.telling import Post, Told, reported, turn_places
from bench.diagnosis_world.call import Call, Exchange, Speech
from bench.diagnosis_world.timeline import Span, Times, heard_words, lay_out

_SESSIONS = "/v1/observability/sessions"


def native_call(call: Call) -> Told:
    """All requests of the call: the first one makes the session, the last one ends it."""
    line = lay_out(call)
    told = Told(call, line, turn_places(call))
    started = datetime.fromtimestamp(call.start_ns / 1e9, UTC)
    ended = datetime.fromtimestamp(call.start_ns / 1e9 + line.end, UTC)
    turns: list[dict[str, Any]] = []
    tools: list[dict[str, Any]] = []
    cuts: list[dict[str, Any]] = []
    for index, (exchange, times) in enumerate(zip(call.exchanges, line.exchanges, strict=True)):
        if (index, "user") in told.turns and exchange.speech and times.spoken:
            turns.append(_user(told, index, exchange.speech, times, times.spoken))
        if (index, "agent") in told.turns:
            turns.append(_agent(told, index, exchange, times))
            tools += _tools(told, index, exchange, times)
            cuts += _cuts(told, index, exchange, times)
    agent = call.agent
    one = f"{_SESSIONS}/{call.id}"
    told.posts = [
        Post("POST", _SESSIONS, {
            "id": call.id, "agentId": agent.name, "startedAt": started.isoformat(),
            "metadata": {"version": agent.version},
        }),
        *(
            Post("POST", f"{one}/{kind}", {kind: items})
            for kind, items in (("turns", turns), ("tools", tools), ("interruptions", cuts))
            if items
        ),
        Post("PATCH", one, {"endedAt": ended.isoformat(), "status": "completed"}),
    ]  # fmt: skip
    return told


def _ms(seconds: float) -> int:
    return round(seconds * 1_000)


def _user(told: Told, index: int, speech: Speech, times: Times, spoken: Span) -> dict[str, Any]:
    item_id = f"u{index}"
    for part in ("user", "stt", "wait", "speech"):
        told.ids[index, part].add(item_id)
    item: dict[str, Any] = {
        "id": item_id,
        "index": told.turns[index, "user"],
        "speaker": "user",
        "startMs": _ms(spoken.start),
        "endMs": _ms(spoken.end),
    }
    if speech.is_heard:
        item |= {
            "text": speech.text,
            "sttMs": _ms(reported(told.call, index, "stt", times.final - spoken.end)),
            "confidence": speech.confidence,
        }
    return item


def _agent(told: Told, index: int, exchange: Exchange, times: Times) -> dict[str, Any]:
    reply = exchange.reply
    assert reply is not None
    item_id = f"a{index}"
    for part in ("agent", "llm", "tts", "turn"):
        told.ids[index, part].add(item_id)
    asked = times.asked[-1]
    start = times.first_sound or 0.0
    item: dict[str, Any] = {
        "id": item_id,
        "index": told.turns[index, "agent"],
        "speaker": "agent",
        "text": heard_words(reply, times),
        "startMs": _ms(start),
        "endMs": _ms(times.silent or start),
        "interrupted": reply.cut is not None or reply.is_last_words,
        "llmMs": _ms(reported(told.call, index, "llm", asked.first - asked.start)),
    }
    if reply.text != item["text"]:
        item["fullText"] = reply.text
    if times.voiced is not None:
        ttfb = times.voiced.end - times.voiced.start
        item["ttsMs"] = _ms(reported(told.call, index, "tts", ttfb))
    return item


def _tools(told: Told, index: int, exchange: Exchange, times: Times) -> list[dict[str, Any]]:
    reply = exchange.reply
    assert reply is not None
    found = []
    for number, (tool, ran) in enumerate(zip(reply.tools, times.tools, strict=False)):
        item_id = f"t{index}-{number}"
        told.ids[index, "tool"].add(item_id)
        item: dict[str, Any] = {
            "id": item_id,
            "name": tool.name,
            "turnIndex": told.turns[index, "agent"],
            "startMs": _ms(ran.start),
            "endMs": _ms(ran.end),
            "status": "error" if tool.error else "ok",
        }
        if tool.error:
            item["error"] = tool.error
        found.append(item)
    return found


def _cuts(told: Told, index: int, exchange: Exchange, times: Times) -> list[dict[str, Any]]:
    reply = exchange.reply
    assert reply is not None
    base = {"id": f"i{index}", "turnIndex": told.turns[index, "agent"]}
    following = told.line.exchanges[index + 1] if index + 1 < len(told.line.exchanges) else None
    if reply.hesitates is not None:
        stop = times.heard[0].end
        told.ids[index, "cut"].add(base_id := f"i{index}")
        return [{**base, "id": base_id, "onsetMs": _ms(stop - 0.25),
                 "detectedMs": _ms(stop - 0.02), "stoppedMs": _ms(stop), "isFalse": True}]  # fmt: skip
    if reply.cut is None or following is None or following.spoken is None:
        return []
    onset, stop = following.spoken.start, times.heard[-1].end
    told.ids[index, "cut"].add(f"i{index}")
    played = reply.seconds
    words = round(len(reply.text.split()) * (stop - onset) / played) if played else 0
    detected = min(onset + 0.3, stop)
    return [{**base, "onsetMs": _ms(onset), "detectedMs": _ms(detected), "stoppedMs": _ms(stop),
             "bleedThroughWords": words}]  # fmt: skip
