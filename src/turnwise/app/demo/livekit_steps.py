"""The turns of a LiveKit call, the caller's and the agent's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from turnwise.app.demo.livekit_model import ModelSteps, Reply, failed, raised
from turnwise.app.demo.otlp_bytes import Event, Value
from turnwise.app.demo.story import Beat
from turnwise.model.instants import NS_PER_SECOND


@dataclass(slots=True)
class Turn:
    """An agent turn that is being told; each request to the model is a generation of it."""

    id: str
    speech_id: str
    start_ns: int
    queue_wait_s: float
    generations: int = 1
    events: list[Event] = field(default_factory=list)

    @property
    def generation_id(self) -> str:
        return f"{self.speech_id}_{self.generations}"

    def next_generation(self, at_ns: int) -> None:
        parent = self.generation_id
        self.generations += 1
        told: dict[str, Value] = {
            "lk.generation_id": self.generation_id,
            "lk.parent_generation_id": parent,
        }
        self.events.append(Event("generation", at_ns, told))


class Steps(ModelSteps):
    """Everything that happens in one call."""

    def introduction(self, words: str, beat: Beat) -> Beat:
        """What an agent says that has just taken over, as fast as the one before it."""
        speech_s = beat.speech_s * max(1, len(words)) / max(1, len(beat.agent))
        return replace(
            beat,
            caller=None,
            agent=words,
            runs=[],
            handoff=None,
            llm_s=beat.llm_s[-1:],
            speech_s=speech_s,
            cut_s=None,
        )

    def add_eou_wait(self, turn_id: str, off_ns: int, turned_ns: int, eou_s: float) -> None:
        told: dict[str, Value] = {
            "lk.eou.source": "stt",
            "lk.eou.endpointing_delay": 0.5,
            "lk.eou.outcome": "committed",
            "lk.eou.wait_duration": eou_s,
            "lk.eou.rearm_count": 0,
            "lk.eou.not_committed_count": 0,
        }
        self.add("eou_wait", turn_id, off_ns, turned_ns, told)

    def add_user_turn(
        self, turn_id: str, parent_id: str, times: tuple[int, int, int], beat: Beat
    ) -> None:
        """The caller's turn; `times` are its onset, its final transcript and its end."""
        onset_ns, final_ns, end_ns = times
        stt, text = self.story.profile.stt, beat.caller or ""
        events = [
            {
                "received_at": (onset_ns + 400_000_000) / NS_PER_SECOND,
                "type": "interim_transcript",
                "transcript_length": len(text.split(" ")[0]),
            },
            {
                "received_at": final_ns / NS_PER_SECOND,
                "type": "final_transcript",
                "transcript_length": len(text),
            },
        ]
        told: dict[str, Value] = {
            "gen_ai.request.model": stt.name,
            "gen_ai.provider.name": stt.provider,
            "lk.pii.user_transcript": text,
            "lk.transcript_confidence": beat.confidence,
            "lk.transcription_delay": beat.stt_s,
            "lk.end_of_turn_delay": beat.eou_s,
            "lk.provider_request_ids": [f"stt-{self.draw.hexadecimal(8)}"],
            "lk.stt.events": json.dumps(events),
        }
        self.add("user_turn", parent_id, onset_ns, end_ns, told, span_id=turn_id)

    def new_turn(self, start_ns: int) -> Turn:
        speech_id = f"speech_{self.draw.hexadecimal(12)}"
        wait_s = self.draw.rng.uniform(0.0002, 0.002)
        turn = Turn(self.new_id(), speech_id, start_ns, wait_s)
        first: dict[str, Value] = {"lk.generation_id": turn.generation_id}
        turn.events.append(Event("generation", start_ns + 50_000, first))
        return turn

    def add_agent_turn(
        self,
        turn: Turn,
        parent_id: str,
        asked: Mapping[str, Value],
        delays: Mapping[str, Value],
        beat: Beat,
        heard: tuple[int, int],
    ) -> None:
        """A turn that was heard, from its first to its last sound."""
        told: dict[str, Value] = {**self._about(turn, asked), **delays}
        told["lk.interrupted"] = beat.cut_s is not None
        if beat.cut_s is not None:
            told["lk.interruption.source"] = self.draw.rng.choice(("user_turn", "audio_activity"))
            told["lk.playout.position"] = beat.cut_s
        told["lk.pii.response.text"] = beat.heard
        end_ns = heard[1] + self.draw.little_ns(700)
        self.add(
            "agent_turn",
            parent_id,
            turn.start_ns,
            end_ns,
            told,
            span_id=turn.id,
            events=turn.events,
        )

    def add_lost_turn(
        self, turn: Turn, parent_id: str, asked: Mapping[str, Value], reply: Reply
    ) -> None:
        """A turn in which the model failed for good."""
        assert reply.error is not None
        end_ns = reply.end_ns + self.draw.little_ns(2_000)
        told: dict[str, Value] = {**self._about(turn, asked), "lk.interrupted": False}
        told.update(failed(reply.error))
        self.add(
            "agent_turn",
            parent_id,
            turn.start_ns,
            end_ns,
            told,
            span_id=turn.id,
            events=[*turn.events, raised(reply.error, end_ns)],
            error=reply.error,
        )

    def _about(self, turn: Turn, asked: Mapping[str, Value]) -> dict[str, Value]:
        return {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": self.label,
            **asked,
            "lk.generation_id": turn.generation_id,
            "lk.generation_count": turn.generations,
            "lk.speech_id": turn.speech_id,
            "lk.speech.queue_wait": turn.queue_wait_s,
        }
