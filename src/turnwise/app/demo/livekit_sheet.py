"""Where the spans of a LiveKit call are collected, with what its agent remembers of it."""

import json
from collections.abc import Mapping

from turnwise.app.demo.drawing import Draw
from turnwise.app.demo.otlp_bytes import Event, Span, Value
from turnwise.app.demo.story import Story
from turnwise.model.instants import NS_PER_SECOND

_SCOPE = "livekit-agents"


class Sheet:
    """Collects the spans of one call.

    Attributes:
        label: what the agent that answers now is called.
        has_spoken: whether anybody has said anything yet.
    """

    def __init__(self, story: Story):
        self.draw = Draw(story.key)
        self.trace_id = self.draw.hexadecimal(32)
        self.spans: list[Span] = []
        self.label = story.profile.name
        self.has_spoken = False
        self.story = story
        self._room = f"RM_{self.draw.hexadecimal(12)}"
        self._job = f"AJ_{self.draw.hexadecimal(12)}"
        self._common: dict[str, Value] = {
            "langfuse.session.id": story.session_id,
            "gen_ai.conversation.id": self._room,
            "room_id": self._room,
            "job_id": self._job,
        }
        self._about_job: dict[str, Value] = {
            "lk.job_id": self._job,
            "lk.agent_name": story.profile.name,
            "lk.pii.room_name": f"{story.profile.book}-call-{self._job[3:]}",
            "lk.room_sid": self._room,
            "lk.dispatch_id": f"AD_{self.draw.hexadecimal(12)}",
            "lk.job.worker_id": f"AW_{self.draw.hexadecimal(12)}",
            "lk.job.agent_id": "",
        }
        self.instructions = story.profile.instructions
        self.history: list[dict[str, object]] = []
        self.messages: list[dict[str, object]] = []
        self.definitions = json.dumps(
            [
                {"type": "function", "name": name, "description": text}
                for name, text in story.profile.tools.items()
            ]
        )

    def new_id(self) -> str:
        return self.draw.hexadecimal(16)

    def add(
        self,
        name: str,
        parent_id: str | None,
        start_ns: int,
        end_ns: int,
        attributes: Mapping[str, Value],
        *,
        span_id: str | None = None,
        events: list[Event] | None = None,
        error: str | None = None,
    ) -> None:
        """A span, with what is on every span."""
        span_id = span_id or self.new_id()
        told = {**self._common, **attributes}
        self.spans.append(
            Span(_SCOPE, name, span_id, parent_id, start_ns, end_ns, told, events or [], error)
        )

    def add_session(
        self, span_id: str, parent_id: str, start_ns: int, end_ns: int, events: list[Event]
    ) -> None:
        """The session itself, told after all that happened in it."""
        told: dict[str, Value] = {
            "lk.agent_label": self.story.profile.name,
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": "agent_session",
            **self._about_job,
        }
        events.sort(key=lambda event: event.at_ns)
        self.add("agent_session", parent_id, start_ns, end_ns, told, span_id=span_id, events=events)

    def add_job(self, span_id: str, start_ns: int, returned_ns: int) -> None:
        """The job around the session, from its dispatch to its shutdown."""
        shutdown = self.new_id()
        begun = returned_ns + 200_000
        self.add("session_end_upload", shutdown, begun + 100_000, begun + 2_000_000, {})
        self.add("room_disconnect", shutdown, begun + 5_600_000, begun + 6_600_000, {})
        closed = begun + 7_100_000
        told: dict[str, Value] = {
            "lk.shutdown.reason": "",
            "lk.shutdown.user_initiated": False,
        }
        self.add("job_shutdown", span_id, begun, closed, told, span_id=shutdown)
        latency_ns = self.draw.little_ns(40_000)
        told = {**self._about_job, "lk.job.entrypoint_latency": latency_ns / NS_PER_SECOND}
        events = [
            Event("process_assigned", start_ns - latency_ns, {}),
            Event("entrypoint_started", start_ns - 250_000, {}),
            Event("entrypoint_returned", returned_ns, {}),
        ]
        self.add(
            "job_entrypoint",
            None,
            start_ns,
            closed + 300_000,
            told,
            span_id=span_id,
            events=events,
        )

    def start_activity(self, parent_id: str, start_ns: int, label: str) -> int:
        """An agent becomes active; gives when it is."""
        activity, llm = self.new_id(), self.story.llm
        end_ns = start_ns + self.draw.little_ns(3_000)
        self.add("setup_toolsets", activity, start_ns + 100_000, start_ns + 500_000, {})
        entered = {"lk.agent_label": label}
        self.add("on_enter", activity, end_ns - 300_000, end_ns - 100_000, entered)
        told: dict[str, Value] = {
            "lk.agent_label": label,
            "gen_ai.operation.name": "create_agent",
            "gen_ai.agent.name": label,
            "gen_ai.provider.name": llm.provider,
            "gen_ai.request.model": llm.name,
        }
        self.add("start_agent_activity", parent_id, start_ns, end_ns, told, span_id=activity)
        return end_ns + 100_000

    def take_over(self, label: str) -> None:
        """Another agent answers from now on, with a memory of its own."""
        self.label = label
        self.instructions = f"You are the {label} desk. " + self.story.profile.instructions
        self.history, self.messages = [], []

    def note(self, role: str, text: str, *, is_cut: bool = False) -> None:
        """Remember what was said and heard."""
        self.has_spoken = True
        self.history.append(
            {
                "id": f"item_{self.draw.hexadecimal(12)}",
                "type": "message",
                "role": role,
                "content": [text],
                "interrupted": is_cut,
                "extra": {},
            }
        )
        self.messages.append({"role": role, "parts": [{"type": "text", "content": text}]})
