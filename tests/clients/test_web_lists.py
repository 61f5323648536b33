"""Long lists in a real browser; the checks are in `ui/e2e/sessions.test.mjs`."""

import pytest

from tests.browser import look, needs_chromium, needs_pages
from tests.contract.ui.calls import SESSIONS
from tests.otlp import base_ns, chat, new_trace_id, send
from tests.people import new_person
from tests.server import RunningServer

COUNT = 110
"""More than two pages of the list."""


@pytest.mark.timeout(600)
@needs_chromium
@needs_pages
def test_a_list_of_many_sessions_in_a_browser(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client:
        for number in range(COUNT - 1):
            made = client.post(
                SESSIONS,
                json={
                    "agentId": ("support", "billing")[number % 2],
                    "startedAt": f"2026-03-21T{number // 60:02}:{number % 60:02}:00Z",
                    "endedAt": f"2026-03-21T{number // 60:02}:{number % 60:02}:30Z",
                    "status": "completed",
                },
            )
            assert made.status_code == 201, made.text
        told = {"langfuse.user.id": "jo", "langfuse.trace.tags": ["vip"]}
        told["gen_ai.agent.name"] = "support"
        send(client, [chat(new_trace_id(), base_ns(), "a-named-caller", attributes=told)])
    look(person, "sessions.test.mjs", key=person.key, count=str(COUNT))
