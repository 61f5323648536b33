"""Users' prices through a running server: over HTTP, on the command line, and applied afterwards."""

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx2
import pytest
import typer
from typer.testing import CliRunner

from tests import twilio_calls
from tests.otlp import base_ns, chat, new_trace_id, send
from tests.people import new_person
from tests.server import SECRET, RunningServer, wait_for
from turnwise.app import price_commands
from turnwise.model.tenancy import Role, Scope

PRICES = "/v1/prices"
APPLY = f"{PRICES}/apply"
MODEL = "house-model-1"
PRICE = {"match": "house-model-1", "unit": "input_token", "usd": "3", "per": 1000}


class Ran(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def outside(*arguments: str, data_dir: Path | None = None) -> Ran:
    """The command line in a process of its own, beside the server."""
    where = ["--data-dir", str(data_dir)] if data_dir else []
    program = str(Path(sys.executable).with_name("turnwise"))
    ran = subprocess.run(
        [program, *arguments, *where], capture_output=True, text=True, check=False, timeout=60
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def inside(*arguments: str, data_dir: Path) -> Ran:
    """The command line in this process, which takes a tenth of the time."""
    app = typer.Typer()
    price_commands.register(app)
    result = CliRunner().invoke(
        app, [*arguments, "--data-dir", str(data_dir)], catch_exceptions=False
    )
    return Ran(result.exit_code, result.stdout, result.stderr)


def said(ran: Ran) -> dict[str, Any]:
    """What a command that went well says as JSON."""
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def generate(client: httpx2.Client, model: str = MODEL, **attributes: object) -> tuple[str, str]:
    """Send one generation of 100 + 20 tokens; its session and trace."""
    session, trace = str(uuid4()), new_trace_id()
    send(
        client,
        [
            chat(
                trace,
                base_ns(),
                session,
                attributes={"gen_ai.request.model": model, **attributes},
            )
        ],
    )
    return session, trace


def costs(client: httpx2.Client, place: tuple[str, str]) -> dict[str, float]:
    """What the generation cost, as its trace tells it."""
    session, trace = place
    detail = client.get(f"/v1/traces/session/{session}/{trace}").json()["trace"]
    found: dict[str, float] = detail["observations"][0]["costDetails"]
    return found


def billed(server: RunningServer, session: str) -> Decimal:
    """The session's cost on the transcript surface, where staff sees every agent's."""
    with new_person(server, is_staff=True).client() as staff:
        told = staff.get(f"/api/billing/sessions/{session}/").json()["data"]
    return Decimal(told["estimated_cost_usd"])


def apply(client: httpx2.Client, **body: object) -> dict[str, int]:
    """Apply prices to everything; how many sessions were looked at and changed."""
    seen = {"sessions": 0, "changed": 0}
    while True:
        answer = client.post(APPLY, json=body)
        assert answer.status_code == 200, answer.text
        step = answer.json()
        seen = {name: count + step[name] for name, count in seen.items()}
        if step["cursor"] is None:
            return seen
        body["cursor"] = step["cursor"]


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx2.Client]:
    """An owner of a new tenant."""
    with server.client(server.new_user()) as client:
        yield client


def test_a_price_is_added_shown_changed_and_removed(client: httpx2.Client) -> None:
    assert client.get(PRICES).json() == {"data": []}
    made = client.post(PRICES, json=PRICE | {"startDate": "2020-01-01", "provider": "OpenAI"})
    assert made.status_code == 201
    body = made.json()
    assert body == {
        "id": body["id"],
        "scope": "tenant",
        "project": None,
        "name": "house-model-1",
        "stage": "llm",
        "provider": "openai",
        "match": "house-model-1",
        "unit": "input_token",
        "usd": "3",
        "per": 1000,
        "tierCondition": None,
        "startDate": "2020-01-01",
        "endDate": None,
        "sourceUrl": None,
        "checkedOn": None,
    }
    assert client.get(PRICES).json()["data"] == [body]
    one = f"{PRICES}/{body['id']}"
    assert client.get(one).json() == body
    changed = client.put(one, json=PRICE | {"usd": 0.5, "tierCondition": "input_tokens > 7"})
    assert changed.json() == body | {
        "usd": "0.5",
        "provider": None,
        "startDate": None,
        "tierCondition": "input_tokens > 7",
    }
    assert client.get(one).json() == changed.json()
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == client.delete(one).status_code == 404
    assert client.put(one, json=PRICE).status_code == 404


def test_a_price_of_ones_own_holds_from_the_next_observation_on(client: httpx2.Client) -> None:
    before = generate(client)
    made = client.post(PRICES, json=PRICE).json()
    during = generate(client)
    client.put(f"{PRICES}/{made['id']}", json=PRICE | {"usd": 6})
    dearer = generate(client)
    client.delete(f"{PRICES}/{made['id']}")
    after = generate(client)
    assert costs(client, before) == costs(client, after) == {}
    assert costs(client, during) == {"input": 0.3, "total": 0.3}
    assert costs(client, dearer)["total"] == 0.6


def test_own_prices_win_over_the_table_and_reported_costs_over_both(client: httpx2.Client) -> None:
    assert costs(client, generate(client, "gpt-4.1-mini"))["total"] == 0.000072
    client.post(PRICES, json=PRICE | {"match": "gpt-4\\.1-mini"})
    assert costs(client, generate(client, "gpt-4.1-mini")) == {"input": 0.3, "total": 0.3}
    reported = generate(client, "gpt-4.1-mini", **{"gen_ai.usage.cost": 0.125})
    assert costs(client, reported)["total"] == 0.125
    apply(client)
    assert costs(client, reported)["total"] == 0.125


def test_a_price_of_another_tenant_is_like_none(server: RunningServer) -> None:
    with (
        server.client(server.new_user()) as owner,
        server.client(server.new_user()) as stranger,
    ):
        made = owner.post(PRICES, json=PRICE).json()
        assert costs(stranger, generate(stranger)) == {}
        assert stranger.get(PRICES).json() == {"data": []}
        for method in ("GET", "PUT", "DELETE"):
            body = PRICE if method == "PUT" else None
            hers = stranger.request(method, f"{PRICES}/{made['id']}", json=body)
            nobodys = stranger.request(method, f"{PRICES}/{uuid4()}", json=body)
            assert hers.status_code == nobodys.status_code == 404
            assert hers.content == nobodys.content
        assert stranger.post(PRICES, json=PRICE).status_code == 201


def test_a_price_of_one_project_holds_there_alone(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        other = client.headers["x-api-key"]
        with server.client(other, **{"Langsmith-Project": "special"}) as special:
            generate(special)
            assert client.post(PRICES, json=PRICE | {"project": "special"}).status_code == 201
            assert client.post(PRICES, json=PRICE | {"project": "nowhere"}).status_code == 404
            client.post(PRICES, json=PRICE | {"usd": 1})
            assert costs(special, generate(special))["total"] == 0.3
        assert costs(client, generate(client))["total"] == 0.1
        listed = client.get(PRICES, params={"project": "default"}).json()["data"]
        assert [(each["scope"], each["usd"]) for each in listed] == [("tenant", "1")]
        assert len(client.get(PRICES).json()["data"]) == 2


def test_the_built_in_table_can_be_looked_at(client: httpx2.Client) -> None:
    listed = client.get(PRICES, params={"builtIn": "true"}).json()["data"]
    assert {each["scope"] for each in listed} == {"built_in"}
    assert {each["unit"] for each in listed} >= {"input_token", "character", "telephony_minute"}
    assert all(each["sourceUrl"].startswith("https://") for each in listed)


def test_prices_are_for_administrators(server: RunningServer) -> None:
    tenant = f"t-{uuid4().hex[:8]}"
    server.new_user(tenant)
    reader = server.new_user(tenant, Role.MEMBER, frozenset({Scope.READ, Scope.INGEST}))
    for key, status in ((reader, 403), (None, 401)):
        with server.client(key) as client:
            answers = [
                client.get(PRICES),
                client.post(PRICES, json=PRICE),
                client.put(f"{PRICES}/{uuid4()}", json=PRICE),
                client.delete(f"{PRICES}/{uuid4()}"),
                client.post(APPLY, json={}),
            ]
            assert {each.status_code for each in answers} == {status}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit": "parsec"}, "unit"),
        ({"usd": "cheap"}, "usd"),
        ({"usd": -1}, "usd"),
        ({"usd": "NaN"}, "usd"),
        ({"per": 0}, "per"),
        ({"match": "(a+)+"}, "match"),
        ({"match": "("}, "match"),
        ({"match": ""}, "match"),
        ({"startDate": "soon"}, "startDate"),
        ({"endDate": "1970-01-01"}, "endDate"),
        ({"tierCondition": "always"}, "tierCondition"),
        ({"stage": "brain"}, "stage"),
        ({"checkedOn": "today"}, "checkedOn"),
        ({"name": "a\0b"}, "name"),
    ],
)
def test_a_malformed_price_is_400_and_names_the_field(
    client: httpx2.Client, change: dict[str, object], field: str
) -> None:
    answer = client.post(PRICES, json=PRICE | change)
    assert answer.status_code == 400
    assert answer.json()["issues"][0]["location"] == ["body", field]
    assert client.get(PRICES).json() == {"data": []}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"match": 5}', b'{"match": "m", "colour": 1}'])
def test_what_is_no_price_is_400(client: httpx2.Client, body: bytes) -> None:
    for path in (PRICES, APPLY):
        assert client.post(path, content=body).status_code == 400
    assert client.put(f"{PRICES}/x", content=body).status_code == 400


@pytest.mark.parametrize("body", [{"since": "soon"}, {"cursor": "x"}, {"cursor": 5}])
def test_a_malformed_application_is_400(client: httpx2.Client, body: dict[str, object]) -> None:
    assert client.post(APPLY, json=body).status_code == 400
    assert client.post(APPLY, json={"project": "nowhere"}).status_code == 404


def test_a_second_price_for_the_same_unit_and_start_is_a_conflict(client: httpx2.Client) -> None:
    assert client.post(PRICES, json=PRICE).status_code == 201
    assert client.post(PRICES, json=PRICE | {"usd": 4}).status_code == 409
    assert client.post(PRICES, json=PRICE | {"startDate": "2026-01-01"}).status_code == 201


def test_applying_prices_changes_what_every_surface_tells(
    server: RunningServer, client: httpx2.Client
) -> None:
    session, trace = generate(client)
    session_url = f"/v1/observability/sessions/{session}"
    assert client.get(session_url).json()["unpricedUsage"] == 1
    client.post(PRICES, json=PRICE)
    assert apply(client) == {"sessions": 1, "changed": 1}
    assert costs(client, (session, trace))["total"] == 0.3
    assert client.get(session_url).json()["unpricedUsage"] == 0
    assert billed(server, session) == Decimal("0.3")
    (project,) = client.get("/api/v1/sessions", params={"name": "default"}).json()
    stats = client.get(f"/api/v1/sessions/{project['id']}", params={"include_stats": True}).json()
    assert Decimal(stats["total_cost"]) == Decimal("0.3")
    summary = client.get(f"/v1/traces/session/{session}").json()
    assert "0.3" in json.dumps(summary)
    assert apply(client) == {"sessions": 1, "changed": 0}


def test_applying_prices_may_begin_at_a_day(client: httpx2.Client) -> None:
    generate(client)
    client.post(PRICES, json=PRICE)
    assert apply(client, since="2099-01-01") == {"sessions": 0, "changed": 0}
    assert apply(client, since="2020-01-01", project="default")["changed"] == 1


def test_many_sessions_are_priced_in_steps(client: httpx2.Client) -> None:
    trace_ids = [new_trace_id() for _ in range(120)]
    model = {"gen_ai.request.model": MODEL}
    send(client, [chat(each, base_ns(), f"s-{each}", attributes=model) for each in trace_ids])
    client.post(PRICES, json=PRICE)
    first = client.post(APPLY, json={}).json()
    assert first["cursor"] is not None
    assert apply(client) == {"sessions": 120, "changed": 120 - first["changed"]}


def test_an_update_after_prices_were_applied_keeps_what_was_sent(client: httpx2.Client) -> None:
    session, trace = generate(client)
    client.post(PRICES, json=PRICE)
    apply(client)
    detail = client.get(f"/v1/traces/session/{session}/{trace}").json()["trace"]
    assert "What time is it?" in json.dumps(detail["observations"][0]["input"])


# --- the command line -----------------------------------------------------------------------------


def test_prices_on_the_command_line_reach_a_running_server(own_server: RunningServer) -> None:
    where = own_server.data_dir
    with own_server.client() as client:
        made = said(outside("prices", "add", "--match", MODEL, "--unit", "input_token", "--usd", "3",
            "--per", "1000", "--json", data_dir=where,
        ))  # fmt: skip
        assert (made["scope"], made["usd"], made["per"]) == ("everyone", "3", 1000)
        assert wait_for(lambda: costs(client, generate(client)))["total"] == 0.3
        assert [each["scope"] for each in client.get(PRICES).json()["data"]] == ["everyone"]
        assert client.delete(f"{PRICES}/{made['id']}").status_code == 404
        listed = said(inside("prices", "list", "--json", data_dir=where))["data"]
        assert listed == [made]
        table = said(inside("prices", "list", "--built-in", "--json", data_dir=where))["data"]
        assert len(table) > 150
        assert outside("prices", "remove", made["id"], data_dir=where).code == 0
        wait_for(lambda: costs(client, generate(client)), lambda found: found == {})
    assert inside("prices", "remove", made["id"], data_dir=where).code == 1


def test_a_price_on_the_command_line_may_be_a_tenants_or_a_projects(tmp_path: Path) -> None:
    price = ["--match", "m", "--unit", "request", "--usd", "1"]
    scopes = [
        said(inside("prices", "add", *price, *more, "--json", data_dir=tmp_path))["scope"]
        for more in ([], ["--tenant", "default"], ["--project", "default"])
    ]
    assert scopes == ["everyone", "tenant", "project"]
    for bad in (["--tenant", "nobody"], ["--project", "nowhere"], ["--stage", "brain"]):
        refused = inside("prices", "add", *price, *bad, data_dir=tmp_path)
        assert refused.code != 0
        assert refused.err.startswith("error:")


LITELLM = {
    "sample_spec": {"input_cost_per_token": "USD"},
    f"acme/{MODEL}": {
        "litellm_provider": "acme",
        "mode": "chat",
        "input_cost_per_token": 0.003,
        "output_cost_per_token": 0.01,
        "source": "https://acme.example/pricing",
    },
    "acme/painter": {"litellm_provider": "acme", "mode": "image_generation"},
}
TABLE = (
    "provider,match,unit,usd,per,tier_condition,start_date,end_date,source_url,checked_on\n"
    f",{MODEL},input_token,5,1000,,,,https://acme.example/pricing,2026-11-01\n"
)


def test_a_price_file_is_imported_beside_a_running_server(
    own_server: RunningServer, tmp_path: Path
) -> None:
    file = tmp_path / "litellm.json"
    file.write_text(json.dumps(LITELLM))
    where = own_server.data_dir
    first = said(inside("import", "prices", str(file), "--json", data_dir=where))
    counts = {"prices": 2, "added": 2, "changed": 0, "unchanged": 0, "models_without_price": 1}
    assert first == counts
    with own_server.client() as client:
        known = wait_for(
            lambda: costs(client, generate(client, **{"gen_ai.provider.name": "acme"}))
        )
        assert known == {"input": 0.3, "output": 0.2, "total": 0.5}
    before = said(inside("prices", "list", "--json", data_dir=where))
    again = said(inside("import", "prices", str(file), "--json", data_dir=where))
    assert again == counts | {"added": 0, "unchanged": 2}
    assert said(inside("prices", "list", "--json", data_dir=where)) == before
    table = tmp_path / "prices.csv"
    table.write_text(TABLE)
    assert said(inside("import", "prices", str(table), "--json", data_dir=where))["added"] == 1
    table.write_text(TABLE.replace(",5,", ",6,"))
    assert said(inside("import", "prices", str(table), "--json", data_dir=where))["changed"] == 1


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", TABLE + ",m,input_token,cheap,1,,,,,\n", "Line 3"),
        ("a.csv", TABLE + ",m,parsec,1,1,,,,,\n", "Line 3"),
        ("a.csv", "match,unit\nm,request\n", "'usd'"),
        ("a.json", '{\n"m": {"mode": "chat"}\n"n": 5}', "Line 3"),
        ("a.json", json.dumps(LITELLM | {"bad": {"mode": "chat", "input_cost_per_token": "x"}}), "'bad'"),
        ("a.json", "", "column"),
    ],
)  # fmt: skip
def test_a_bad_price_file_is_refused_whole_with_its_place(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    refused = inside("import", "prices", str(file), data_dir=tmp_path / "data")
    assert refused.code == 2
    assert refused.err.startswith("error:")
    assert place in refused.err
    assert said(inside("prices", "list", "--json", data_dir=tmp_path / "data")) == {"data": []}


def test_a_price_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "a.csv"
    binary.write_bytes(b"match,unit,usd\n\xff\n")
    for file, reason in ((tmp_path / "none", "cannot be read"), (binary, "Line 2")):
        refused = inside("import", "prices", str(file), data_dir=tmp_path / "data")
        assert refused.code == 2
        assert reason in refused.err


def test_stored_sessions_are_priced_again_by_command(own_server: RunningServer) -> None:
    with own_server.client() as client:
        place = generate(client)
        client.post(PRICES, json=PRICE)
        server = ["--url", own_server.url, "--api-key", SECRET]
        assert said(outside("reprice", *server, "--json")) == {"sessions": 1, "changed": 1}
        assert costs(client, place)["total"] == 0.3
        assert said(outside("reprice", *server, "--since", "2020-01-01", "--json")) == {
            "sessions": 1,
            "changed": 0,
        }
    for bad, reason in (
        (["--url", own_server.url, "--api-key", "sk-wrong"], "unknown"),
        ([*server, "--project", "nowhere"], "Project not found"),
        ([*server, "--since", "soon"], "since"),
        (["--url", "http://127.0.0.1:9", "--api-key", SECRET], "does not answer"),
    ):
        refused = outside("reprice", *bad)
        assert (refused.code, "error:" in refused.err) == (1, True)
        assert reason in refused.err


# --- the line -------------------------------------------------------------------------------------


def test_a_telephone_call_is_paid_by_the_minute_begun(tmp_path: Path) -> None:
    environment = {
        "TURNWISE_TWILIO_AUTH_TOKEN": twilio_calls.TOKEN,
        "TURNWISE_PUBLIC_URL": twilio_calls.PUBLIC,
    }
    with RunningServer(tmp_path / "data", **environment) as server, server.client() as client:
        sid = twilio_calls.new_call()
        for event in twilio_calls.whole_call(sid, To="+12125550123"):
            twilio_calls.send(client, "/webhooks/twilio/call", event).raise_for_status()
        session = client.get(f"/v1/observability/sessions/{sid}").json()

        session_id = str(UUID(hex=session["id"].removeprefix("sess_")))
        assert session["unpricedUsage"] == 0
        assert session["lineCostUsd"] == 0.0085
        # What still waits would be derived by the new price before it is applied: nothing changes then.
        apply(client)
        client.post(
            PRICES,
            json={"provider": "twilio", "match": "inbound", "unit": "telephony_minute", "usd": 2},
        )
        assert apply(client) == {"sessions": 1, "changed": 1}
        assert client.get(f"/v1/observability/sessions/{sid}").json()["lineCostUsd"] == 2
        assert billed(server, session_id) == 0
