"""A call as LiveKit Agents 1.8 tells it: a session with turns of the caller and of the agent.

Source: the recorded calls of livekit-agents 1.8.9 in tests/captures.
"""

from collections.abc import Mapping

from turnwise.app.demo.drawing import INSTRUCTED
from turnwise.app.demo.livekit_model import Reply
from turnwise.app.demo.livekit_steps import Steps
from turnwise.app.demo.otlp_bytes import Event, Trace, Value
from turnwise.app.demo.story import Beat, Story, ToolRun
from turnwise.model.instants import NS_PER_SECOND, ns_from_seconds

_DETECTS_AFTER = 0.55
"""The part of the overlap after which the detector decides that the caller means to cut in."""


def livekit_trace(story: Story) -> Trace:
    """All spans of the call."""
    return _Telling(story).trace()


class _Telling:
    """Tells a call beat by beat; `_now` is the end of what has been told."""

    def __init__(self, story: Story):
        self._story = story
        self._steps = Steps(story)
        self._draw = self._steps.draw
        self._now = story.start_ns
        self._job = self._steps.new_id()
        self._session = self._steps.new_id()
        self._session_ns = story.start_ns + self._draw.little_ns(1_800)
        self._events: list[Event] = []
        self._agent_state = "initializing"
        self._spoke_until = story.start_ns
        """When the agent fell silent."""

    def trace(self) -> Trace:
        self._begin()
        for beat in self._story.beats:
            self._tell(beat)
        self._end()
        return Trace(
            trace_id=self._steps.trace_id,
            resource=self._resource(),
            spans=self._steps.spans,
            until_ns=self._story.until_ns,
        )

    def _resource(self) -> Mapping[str, Value]:
        profile = self._story.profile
        return {
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": "1.45.2",
            "service.instance.id": self._draw.hexadecimal(32),
            "service.name": profile.service,
            "service.version": self._story.release.version,
        }

    def _begin(self) -> None:
        start_ns = self._session_ns
        session_start = self._steps.new_id()
        after_ns = self._steps.start_activity(
            session_start, start_ns + self._draw.little_ns(100), self._steps.label
        )
        end_ns = after_ns + self._draw.little_ns(800)
        self._steps.add("session_start", self._session, start_ns, end_ns, {}, span_id=session_start)
        self._now = end_ns + self._draw.little_ns(200)
        self._agent("listening", self._now)

    def _end(self) -> None:
        steps, label = self._steps, self._steps.label
        begun = self._now + ns_from_seconds(self._draw.rng.uniform(0.3, 1.4))
        draining = steps.new_id()
        steps.add("on_exit", draining, begun + 200_000, begun + 230_000, {"lk.agent_label": label})
        steps.add(
            "drain_agent_activity",
            self._session,
            begun,
            begun + 400_000,
            {"lk.agent_label": label},
            span_id=draining,
        )
        closing = steps.new_id()
        steps.add(
            "drain_agent_activity",
            closing,
            begun + 700_000,
            begun + 730_000,
            {"lk.agent_label": label},
        )
        closed = begun + 600_000 + ns_from_seconds(0.2)
        steps.add(
            "session_close",
            self._session,
            begun + 600_000,
            closed,
            {"lk.close_reason": "participant_disconnected", "lk.close.drain": False},
            span_id=closing,
        )
        end_ns = closed + self._draw.little_ns(900)
        steps.add_session(self._session, self._job, self._session_ns, end_ns, self._events)
        steps.add_job(self._job, self._story.start_ns, end_ns)

    def _tell(self, beat: Beat) -> None:
        if beat.caller is None:
            is_first = not self._steps.has_spoken
            instruction = INSTRUCTED if is_first else "Ask whether anyone is there."
            begun = self._now + ns_from_seconds(0 if is_first else beat.pause_s)
            self._agent("thinking", begun)
            self._answer(beat, begun, begun, {"lk.pii.instructions": instruction}, {})
            return
        onset_ns = max(self._spoke_until, self._story.start_ns) + ns_from_seconds(beat.pause_s)
        off_ns = onset_ns + ns_from_seconds(beat.caller_s)
        final_ns = off_ns + ns_from_seconds(beat.stt_s)
        turned_ns = off_ns + ns_from_seconds(beat.eou_s)
        self._hear(beat, onset_ns, off_ns, final_ns, turned_ns)
        self._steps.note("user", beat.caller)
        self._agent("thinking", turned_ns + 1_000_000)
        told: dict[str, Value] = {
            "lk.end_of_turn_delay": beat.eou_s,
            "lk.transcription_delay": beat.stt_s,
            "lk.on_user_turn_completed_delay": self._draw.rng.uniform(0.0001, 0.0006),
        }
        # The model is asked as soon as the transcript is final, before the turn is decided.
        begun = final_ns + self._draw.little_ns(1_500)
        self._answer(beat, begun, turned_ns, {"lk.pii.user_input": beat.caller}, told, off_ns)

    def _hear(self, beat: Beat, onset_ns: int, off_ns: int, final_ns: int, turned_ns: int) -> None:
        """The caller's turn."""
        steps, profile = self._steps, self._story.profile
        turn = steps.new_id()
        end_ns = turned_ns + self._draw.little_ns(1_500)
        speaking: dict[str, Value] = {}
        if beat.pause_s < 0 and profile.detects:
            speaking["lk.is_interruption"] = "true"
            speaking["lk.interruption.detection_delay"] = -beat.pause_s * _DETECTS_AFTER
        steps.add("user_speaking", turn, onset_ns, off_ns, speaking)
        steps.add_eou_wait(turn, off_ns, turned_ns, beat.eou_s)
        steps.add(
            "on_user_turn_completed",
            turn,
            turned_ns + 200_000,
            turned_ns + 230_000,
            {"lk.agent_label": steps.label},
        )
        steps.add_user_turn(turn, self._session, (onset_ns, final_ns, end_ns), beat)
        self._user("speaking", onset_ns)
        self._user("listening", off_ns)

    def _answer(
        self,
        beat: Beat,
        begun: int,
        turned_ns: int,
        asked: Mapping[str, Value],
        delays: dict[str, Value],
        off_ns: int | None = None,
    ) -> None:
        """The agent's turn: model, tools, model again, voice.

        The model may be asked from `begun` on; nothing is done or said before `turned_ns`, when the
        caller's turn is over; the caller fell silent at `off_ns`.
        """
        steps = self._steps
        turn = steps.new_turn(begun)
        runs = beat.runs
        reply = steps.ask(turn.id, begun + 300_000, beat, runs)
        if runs:
            worked_ns = self._work(turn.id, runs, max(reply.end_ns, turned_ns), beat)
            turn.next_generation(worked_ns)
            reply = steps.ask(turn.id, worked_ns + 300_000, beat, [])
        if reply.error is not None:
            self._agent("listening", reply.end_ns)
            steps.add_lost_turn(turn, self._session, asked, reply)
            self._now = self._spoke_until = reply.end_ns + 5_000_000
            return
        heard = self._speak(turn.id, beat, reply, turned_ns)
        if off_ns is not None:
            delays = {"lk.e2e_latency": (heard[0] - off_ns) / NS_PER_SECOND, **delays}
        steps.add_agent_turn(turn, self._session, asked, delays, beat, heard)
        self._now = self._spoke_until = heard[1]
        if beat.handoff is not None:
            self._hand_over(beat)

    def _work(self, turn_id: str, runs: list[ToolRun], begun: int, beat: Beat) -> int:
        """All tools at once; gives the end of the last one."""
        at = begun + self._draw.little_ns(1_200)
        return max(self._steps.add_tool(turn_id, at, run) for run in runs)

    def _speak(self, turn_id: str, beat: Beat, reply: Reply, turned_ns: int) -> tuple[int, int]:
        """Voice the reply; gives when the first and the last sound was played."""
        begun = max(reply.first_ns, turned_ns) + self._draw.little_ns(700)
        voiced_ns = self._steps.voice(turn_id, begun, beat)
        starts_ns = voiced_ns + self._draw.little_ns(3_000)
        played_s = beat.speech_s if beat.cut_s is None else beat.cut_s
        ends_ns = starts_ns + ns_from_seconds(played_s)
        self._steps.add("agent_speaking", turn_id, starts_ns, ends_ns, {})
        self._steps.note("assistant", beat.heard, is_cut=beat.cut_s is not None)
        self._agent("speaking", starts_ns)
        self._agent("listening", ends_ns + 400_000)
        return starts_ns, ends_ns

    def _hand_over(self, beat: Beat) -> None:
        """Another agent takes over and introduces itself."""
        handoff, steps = beat.handoff, self._steps
        assert handoff is not None
        begun, old = self._now - ns_from_seconds(beat.speech_s), steps.label
        update, draining = steps.new_id(), steps.new_id()
        over = self._now + self._draw.little_ns(600)
        steps.add("on_exit", draining, begun + 900_000, begun + 930_000, {"lk.agent_label": old})
        steps.add(
            "drain_agent_activity",
            update,
            begun + 100_000,
            over,
            {"lk.agent_label": old},
            span_id=draining,
        )
        ready = steps.start_activity(update, over + 300_000, handoff.label)
        steps.add(
            "update_agent",
            self._session,
            begun,
            ready,
            {"lk.previous_agent_label": old, "lk.agent_label": handoff.label},
            span_id=update,
        )
        steps.take_over(handoff.label)
        said = steps.introduction(handoff.words, beat)
        self._agent("thinking", ready)
        self._answer(said, ready, ready, {"lk.pii.instructions": "Introduce yourself."}, {})

    def _agent(self, state: str, at_ns: int) -> None:
        if state == self._agent_state:
            return
        old, self._agent_state = self._agent_state, state
        self._note("agent_state_changed", at_ns, old, state)

    def _user(self, state: str, at_ns: int) -> None:
        old = "listening" if state == "speaking" else "speaking"
        self._note("user_state_changed", at_ns, old, state)

    def _note(self, name: str, at_ns: int, old: str, new: str) -> None:
        self._events.append(Event(name, at_ns, {"lk.old_state": old, "lk.new_state": new}))
