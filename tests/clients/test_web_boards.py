"""The boards of the web pages in a real browser; the checks are in `ui/e2e/boards.test.mjs`."""

import pytest

from tests.audio import recording
from tests.browser import STRANGE, look, needs_chromium, needs_pages
from tests.contract.ui.boards import DAY_MS, agent_call, tool_run
from tests.contract.ui.calls import call
from tests.people import new_person
from tests.server import RunningServer


@pytest.mark.timeout(600)
@needs_chromium
@needs_pages
def test_the_boards_in_a_browser(server: RunningServer) -> None:
    person, nobody = new_person(server), new_person(server)
    with person.client() as client:
        for number in range(8):
            agent_call(client, "support", number, version="good")
            clip = agent_call(
                client, "support", number + 10, version="slow", stop_ms=1500,
                callId=f"CA-board-{number}",
            )  # fmt: skip
        agent_call(client, "support", 30, version="tiny")
        sent = client.put("/v1/recordings/CA-board-7", content=recording("wav", 55.0))
        assert sent.status_code == 201, sent.text
        slow = call(client, "billing", minute=45, response_ms=9000, said=STRANGE)
        tool_run(client, slow, 1, 900, "no answer within 5 s")
        tool_run(client, slow, 2, 900, STRANGE)
    look(
        person,
        "boards.test.mjs",
        **{name: str(instant) for name, instant in DAY_MS.items()},
        clip=clip,
        empty_email=nobody.email,
    )
