"""The list of sessions as a file."""

import csv
import io
import json

import pytest

from tests.contract.ui.calls import LIST, browser, call
from tests.people import new_person
from tests.server import RunningServer

EXPORT = f"{LIST}/export"


def test_both_forms_hold_what_the_list_shows_in_its_order(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client, browser(person) as page:
        for minute in range(3):
            call(client, minute=minute, response_ms=500 + minute)
        call(client, "other")
        asked = {"agent": "support", "sort": "p95", "ascending": "true"}
        listed = page.get(LIST, params=asked).json()["data"]
        as_json = page.get(EXPORT, params={**asked, "format": "json"})
        assert as_json.headers["content-type"].startswith("application/json")
        assert "attachment" in as_json.headers["content-disposition"]
        lines = json.loads(as_json.text)["data"]
        assert [each["id"] for each in lines] == [each["id"] for each in listed]
        assert [each["responseP95Ms"] for each in lines] == [500, 501, 502]
        as_csv = page.get(EXPORT, params={**asked, "format": "csv"})
        assert as_csv.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(as_csv.text)))
        assert [each["id"] for each in rows] == [each["id"] for each in listed]
        assert rows[0]["startedAt"] == "2026-03-21T10:00:00.000Z"
        assert (rows[0]["isOpen"], rows[0]["appVersion"]) == ("false", "")


def test_no_cell_is_a_formula(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client, browser(person) as page:
        call(client, "=1+cmd|calc!A0")
        text = page.get(EXPORT, params={"format": "csv"}).text
        [row] = csv.DictReader(io.StringIO(text))
        assert row["agent"].startswith("'=")


def test_nothing_is_a_whole_file_too(server: RunningServer) -> None:
    with browser(new_person(server)) as page:
        assert page.get(EXPORT, params={"format": "json"}).json() == {"data": []}
        text = page.get(EXPORT, params={"format": "csv"}).text
        assert list(csv.DictReader(io.StringIO(text))) == []


@pytest.mark.parametrize("parameters", [{"format": "xlsx"}, {}, {"format": "csv", "sort": "x"}])
def test_a_malformed_wish_is_refused(server: RunningServer, parameters: dict[str, str]) -> None:
    with browser(new_person(server)) as page:
        assert page.get(EXPORT, params=parameters).status_code in (400, 422)
