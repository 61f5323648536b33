"""What people call the cases of the gate: kept with who and when, taken back, and measured by."""

import csv
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.contract.ui.boards import DAY_MS, agent_call, board
from tests.contract.ui.calls import browser, unknown
from tests.people import Person, new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role

CASES = "gate/cases"
EXPORT = "/ui/api/projects/default/gate/labels"


@pytest.fixture
def person(server: RunningServer) -> Person:
    return new_person(server)


@pytest.fixture
def client(person: Person) -> Iterator[httpx2.Client]:
    """Of somebody with a session of five interruptions, of which two were false alarms."""
    with person.client() as sender:
        agent_call(sender, "support", 1, version="jumpy", false=2)
    with browser(person) as client:
        yield client


def cases(client: httpx2.Client, which: str = "all", **asked: Any) -> list[dict[str, Any]]:
    """The cases of the page, by their place in the call."""
    found = board(client, CASES, agent="support", cases=which, **asked)["data"]
    return sorted(found, key=lambda each: each["atMs"])


def place(case: dict[str, Any]) -> str:
    return f"/ui/api/sessions/{case['sessionId']}/cases/{case['id']}/label"


def call_it(client: httpx2.Client, case: dict[str, Any], label: str) -> dict[str, Any]:
    answer = client.put(place(case), json={"label": label})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_all_cases_are_listed_beside_the_failing_ones(client: httpx2.Client) -> None:
    assert [each["kind"] for each in cases(client)] == ["false_alarm"] * 2 + ["barge_in"] * 3
    assert [each["kind"] for each in cases(client, "failing")] == ["false_alarm"] * 2
    assert cases(client, "labelled") == []


def test_a_label_tells_who_and_what_and_can_be_changed_and_taken_back(
    client: httpx2.Client, person: Person
) -> None:
    first, second = cases(client)[:2]
    assert first["label"] is None
    made = call_it(client, first, "backchannel")
    assert (made["label"], made["by"]) == ("backchannel", person.email)
    assert cases(client)[0]["label"] == made
    assert [each["id"] for each in cases(client, "labelled")] == [first["id"]]
    changed = call_it(client, first, "interruption")
    assert changed["atMs"] >= made["atMs"]
    assert cases(client)[0]["label"] == changed
    assert cases(client)[1]["label"] is None
    for _ in range(2):
        assert client.delete(place(first)).status_code == 204
    assert [each["label"] for each in cases(client)] == [None] * 5
    assert second["id"] != first["id"]


def test_labels_measure_the_analysis_and_leave_the_verdict_alone(client: httpx2.Client) -> None:
    before = board(client, "gate", agent="support")
    assert board(client, CASES)["precision"] == []
    found = cases(client)
    for case, label in zip(
        found, ("backchannel", "missed", "interruption", "interruption", "cut_off"), strict=True
    ):
        call_it(client, case, label)
    assert board(client, CASES, agent="support", version="jumpy")["precision"] == [
        {"kind": "barge_in", "agreeing": "interruption", "labelled": 3, "right": 2},
        {"kind": "false_alarm", "agreeing": "backchannel", "labelled": 2, "right": 1},
    ]
    assert board(client, CASES, version="another")["precision"] == []
    assert board(client, "gate", agent="support") == before


def test_labels_are_exported_with_what_the_analysis_said(
    client: httpx2.Client, person: Person
) -> None:
    case = cases(client)[0]
    call_it(client, case, "interruption")
    sheet = client.get(EXPORT, params={**DAY_MS, "format": "csv"})
    assert sheet.headers["content-disposition"] == 'attachment; filename="labels-default.csv"'
    (row,) = csv.DictReader(sheet.text.splitlines())
    assert (row["sessionId"], row["agent"], row["version"]) == (
        case["sessionId"],
        "support",
        "jumpy",
    )
    assert (row["kind"], row["label"]) == ("false_alarm", "interruption")
    assert row["labelledBy"] == person.email
    (told,) = client.get(EXPORT, params={**DAY_MS, "format": "json"}).json()["data"]
    assert {name: "" if value is None else str(value) for name, value in told.items()} == row
    assert client.get(EXPORT, params={**DAY_MS, "format": "xml"}).status_code == 400


def test_a_label_outlives_a_small_move_of_its_onset(client: httpx2.Client, person: Person) -> None:
    case = cases(client)[0]
    call_it(client, case, "backchannel")
    moved = {"id": "i0", "turnIndex": 0, "onsetMs": 1200, "detectedMs": 1300, "stoppedMs": 1600,
             "isFalse": True}  # fmt: skip
    with person.client() as sender:
        path = f"/v1/observability/sessions/{case['sessionId']}/interruptions"
        assert sender.post(path, json={"interruptions": [moved]}).is_success
    now = cases(client)[0]
    assert (now["atMs"], now["label"]["label"]) == (1200, "backchannel")
    call_it(client, now, "missed")
    assert client.delete(place(now)).status_code == 204
    assert cases(client)[0]["label"] is None


def test_what_is_no_label_and_no_case_is_refused(client: httpx2.Client) -> None:
    case = cases(client)[0]
    for body in ({"label": "noise"}, {}, {"label": "missed", "by": "me"}):
        assert client.put(place(case), json=body).status_code == 400, body
    for wrong in ("0@1", "x", "9@1774087260000000000", f"0@{'9' * 19}", "-@-", "0" * 50):
        path = place({**case, "id": wrong})
        assert client.put(path, json={"label": "missed"}).status_code in (400, 404), wrong
    there = client.put(place({**case, "id": "7@7"}), json={"label": "missed"})
    assert (there.status_code, there.json()["code"]) == (404, "case_not_found")


def test_the_cases_of_others_are_no_cases(
    client: httpx2.Client, person: Person, server: RunningServer
) -> None:
    case = cases(client)[0]
    call_it(client, case, "missed")
    member = new_person(server, person.tenant, Role.MEMBER)
    for other in (new_person(server), member):
        with browser(other) as theirs:
            for method in ("PUT", "DELETE"):
                hidden = theirs.request(method, place(case), json={"label": "cut_off"})
                missing = theirs.request(
                    method, place({**case, "sessionId": unknown()}), json={"label": "cut_off"}
                )
                assert (hidden.status_code, hidden.content) == (404, missing.content)
            assert theirs.get(EXPORT, params={**DAY_MS, "format": "json"}).json() == {"data": []}
            assert board(theirs, CASES, cases="labelled")["precision"] == []
    assert cases(client)[0]["label"]["label"] == "missed"


def test_a_label_needs_the_token_of_the_page(client: httpx2.Client) -> None:
    case = cases(client)[0]
    del client.headers["x-csrf-token"]
    assert client.put(place(case), json={"label": "missed"}).status_code == 403
    assert client.delete(place(case)).status_code == 403
