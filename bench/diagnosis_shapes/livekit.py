"""A call as LiveKit Agents 1.5 and 1.8 tell it.

Source: the recorded calls of livekit-agents 1.5.17 and 1.8.9 in tests/captures.
"""

import json
from collections.abc import Mapping

from bench.diagnosis_shapes.livekit_reply import Attributes, Replies
from bench.diagnosis_shapes.telling import Spans, Told, reported
from bench.diagnosis_world.agents import Shape
from bench.diagnosis_world.call import Call, Ending, Reply, Speech
from bench.diagnosis_world.timeline import Span, Times
from turnwise.app.demo.otlp_bytes import Value


def livekit_call(call: Call) -> Told:
    """All spans of the call."""
    return _Telling(call).told()


class _Telling:
    def __init__(self, call: Call):
        self._call = call
        self._spans = Spans(call, "livekit-agents")
        self._is_old = call.agent.shape is Shape.LIVEKIT_OLD
        self._session = self._spans.new_id()
        self._noise: list[Span] = []
        """Sounds of the caller that no turn has taken up yet."""
        room = f"RM_{call.id.replace('-', '')[:12]}"
        self._stamp: dict[str, Value] = {"session.id": call.id}
        if not self._is_old:
            self._stamp |= {
                "gen_ai.conversation.id": room,
                "room_id": room,
                "job_id": "AJ_" + room[3:],
            }
        self._replies = Replies(call, self._spans, self._attributes, self._session)

    def _attributes(self, more: Mapping[str, Value], **private: Value) -> Attributes:
        """With what every span carries; `private` goes under the names of personal data."""
        prefix = "lk." if self._is_old else "lk.pii."
        named = {prefix + key.replace("__", "."): value for key, value in private.items()}
        return {**self._stamp, **more, **named}

    def told(self) -> Told:
        line = self._spans.line
        for index, (exchange, times) in enumerate(
            zip(self._call.exchanges, line.exchanges, strict=True)
        ):
            if exchange.speech is not None and times.spoken is not None:
                self._hear(index, exchange.speech, times, times.spoken)
            if exchange.reply is not None:
                self._replies.tell(index, exchange.reply, times)
                self._noise += _sounds_over(times, exchange.reply)
        self._close(line.end)
        return self._spans.finish({})

    def _hear(self, index: int, speech: Speech, times: Times, spoken: Span) -> None:
        agent, spans = self._call.agent, self._spans
        turn = spans.new_id()
        stt = reported(self._call, index, "stt", times.final - spoken.end)
        eou = reported(self._call, index, "wait", times.decided - spoken.end)
        own: dict[str, Value] = {
            "gen_ai.request.model": agent.hearing,
            "gen_ai.provider.name": "Deepgram",
        }
        private: dict[str, Value] = {}
        end = times.decided
        if speech.is_heard:
            own |= {
                "lk.transcript_confidence": speech.confidence,
                "lk.transcription_delay": stt,
                "lk.end_of_turn_delay": eou,
            }
            private["user_transcript"] = speech.text
            if not self._is_old:
                private_events = [{"type": "final_transcript", "text": speech.text}]
                own["lk.stt.events"] = json.dumps(private_events)
        sounds = [*self._noise, spoken]
        self._noise = []
        for sound in sounds:
            spans.add(
                "user_speaking", turn, sound.start, sound.end, self._stamp, part=(index, "speech")
            )
        if speech.is_heard and not self._is_old:
            self._decide(index, turn, times, spoken)
        attributes = self._attributes(own, **private)
        spans.add(
            "user_turn", self._session, sounds[0].start, end, attributes,
            span_id=turn, part=(index, "user"),
        )  # fmt: skip
        # The wait has a span of its own in 1.8 only; this one says how long it was in both.
        spans.told.ids[index, "wait"].add(turn)

    def _decide(self, index: int, turn: str, times: Times, spoken: Span) -> None:
        waited: dict[str, Value] = {
            "lk.eou.source": "stt",
            "lk.eou.outcome": "committed",
            "lk.eou.endpointing_delay": times.decided - spoken.end,
            "lk.eou.wait_duration": times.decided - spoken.end,
            "lk.eou.rearm_count": 0,
        }
        self._spans.add(
            "eou_wait", turn, spoken.end, times.decided, self._attributes(waited),
            part=(index, "wait"),
        )  # fmt: skip
        self._spans.add(
            "on_user_turn_completed", turn, times.decided, times.called,
            self._attributes({"lk.agent_label": "desk"}), part=(index, "callback"),
        )  # fmt: skip

    def _close(self, end: float) -> None:
        agent = self._call.agent
        was_cut = any(e.reply is not None and e.reply.is_last_words for e in self._call.exchanges)
        if not self._is_old:
            reason = Ending.CALLER if was_cut else self._call.ending
            closing = self._attributes({"lk.close_reason": str(reason), "lk.close.drain": False})
            self._spans.add("session_close", self._session, end - 0.2, end, closing)
        activity = self._attributes({"lk.agent_label": "desk"})
        self._spans.add("start_agent_activity", self._session, 0.01, 0.1, activity)
        own: dict[str, Value] = {"lk.agent_label": "desk"}
        if not self._is_old:
            own |= {
                "gen_ai.operation.name": "invoke_workflow",
                "lk.agent_name": agent.name,
                "lk.room_sid": str(self._stamp["room_id"]),
            }
        self._spans.add(
            "agent_session", None, 0.0, end, self._attributes(own), span_id=self._session
        )


def _sounds_over(times: Times, reply: Reply) -> list[Span]:
    """What the caller let be heard during a reply without meaning to speak."""
    found = []
    if reply.backchannel is not None:
        start = times.heard[0].start + reply.backchannel[0]
        found.append(Span(start, start + reply.backchannel[1]))
    if reply.hesitates is not None:
        # A cough of 0.4 s; the agent falls silent while it lasts.
        start = times.heard[0].end - 0.25
        found.append(Span(start, start + 0.4))
    return found
