"""Credentials per project: added beside a running server, sealed, and each leading to its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest

from tests.livekit_tokens import KEY, SECRET, upload_token, webhook_token
from tests.otlp import base_ns, chat, export, new_trace_id
from tests.server import RunningServer
from tests.twilio_calls import (
    PUBLIC,
    TOKEN,
    call_event,
    new_call,
    new_recording,
    recording_event,
    shared_key_headers,
    signature,
)

SESSIONS = "/v1/observability/sessions"
CALL, RECORDING = "/webhooks/twilio/call", "/webhooks/twilio/recording"
SETTINGS = {
    "TURNWISE_LIVEKIT_API_KEY": KEY,
    "TURNWISE_LIVEKIT_API_SECRET": SECRET,
    "TURNWISE_TWILIO_AUTH_TOKEN": TOKEN,
    "TURNWISE_PUBLIC_URL": PUBLIC,
}


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def run(*arguments: str, stdin: str = "", **environment: str) -> Ran:
    """The program in a process of its own."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TURNWISE_")}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("turnwise")), *arguments],
        env=clean | environment | {"NO_COLOR": "1"},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def add(server: RunningServer, tenant: str, kind: str, key: str, secret: str) -> dict[str, Any]:
    """An integration of the tenant's default project; the secret comes by standard input."""
    ran = run(
        *("integrations", "add", "--tenant", tenant, "--kind", kind, "--key", key, "--json"),
        *("--data-dir", str(server.data_dir)),
        stdin=secret + "\n",
    )
    assert ran.code == 0, ran.err
    assert secret not in ran.out + ran.err
    return dict(json.loads(ran.out))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("integrations"), **SETTINGS) as running:
        yield running


@dataclass(frozen=True)
class Tenant:
    slug: str
    client: httpx2.Client


@pytest.fixture
def tenants(shared: RunningServer) -> Iterator[tuple[Tenant, Tenant]]:
    """Two new tenants."""
    slugs = [f"t-{uuid4().hex[:8]}" for _ in range(2)]
    keys = [shared.new_user(slug) for slug in slugs]
    with shared.client(keys[0]) as first, shared.client(keys[1]) as second:
        yield Tenant(slugs[0], first), Tenant(slugs[1], second)


def holders(shared: RunningServer, tenants: tuple[Tenant, Tenant], name: str) -> list[str]:
    """Who has a session of this name."""
    with shared.client() as default:
        clients = [("default", default), *((each.slug, each.client) for each in tenants)]
        return [
            slug for slug, client in clients if client.get(f"{SESSIONS}/{name}").status_code == 200
        ]


def webhook(server: RunningServer, room: str, key: str, secret: str) -> int:
    event = {"id": f"EV_{room}", "event": "room_started", "createdAt": "9", "room": {"sid": room}}
    body = json.dumps(event).encode()
    with server.client(None, authorization=webhook_token(body, key, secret)) as sender:
        return sender.post("/webhooks/livekit", content=body).status_code


def upload(server: RunningServer, name: str, key: str, secret: str) -> int:
    spans = export([chat(new_trace_id(), base_ns(), name)])
    bearer = f"Bearer {upload_token(key, secret)}"
    with server.client(None, authorization=bearer) as sender:
        return sender.post("/observability/traces/otlp/v0", json=spans).status_code


@pytest.mark.parametrize("way", [webhook, upload], ids=["webhook", "upload"])
def test_what_a_pair_signs_lands_in_its_project(
    shared: RunningServer, tenants: tuple[Tenant, Tenant], way: Any
) -> None:
    first, second = tenants
    pairs = {each.slug: (f"API{uuid4().hex[:12]}", f"secret-{uuid4().hex}") for each in tenants}
    rooms = {slug: f"RM_{uuid4().hex[:10]}" for slug in (*pairs, "default", "refused")}
    assert way(shared, rooms["refused"], *pairs[first.slug]) == 401  # not known yet
    made = {slug: add(shared, slug, "livekit", *pair) for slug, pair in pairs.items()}
    crossed = (pairs[first.slug][0], pairs[second.slug][1])
    assert way(shared, rooms["refused"], *crossed) == 401
    assert way(shared, rooms["refused"], "APInobody", SECRET) == 401
    for slug, pair in {**pairs, "default": (KEY, SECRET)}.items():
        assert way(shared, rooms[slug], *pair) == 200
    for slug in (*pairs, "default"):
        assert holders(shared, tenants, rooms[slug]) == [slug]
    assert holders(shared, tenants, rooms["refused"]) == []
    removed = run(
        *("integrations", "remove", made[first.slug]["id"]), "--data-dir", str(shared.data_dir)
    )
    assert removed.code == 0, removed.err
    assert way(shared, rooms["refused"], *pairs[first.slug]) == 401
    assert holders(shared, tenants, rooms["refused"]) == []


def admitted(client: httpx2.Client, **sent: str) -> tuple[str, str, dict[str, Any]]:
    """The token that a start hands out, its room, and the whole answer."""
    answer = client.post("/v1/sessions/start", json={"userIdentity": "caller-1", **sent})
    assert answer.status_code == 200, answer.text
    return answer.json()["userToken"], answer.json()["roomName"], answer.json()


def test_callers_join_rooms_with_the_pair_of_their_own_project(
    shared: RunningServer, tenants: tuple[Tenant, Tenant]
) -> None:
    room = f"room-{uuid4().hex[:8]}"
    with shared.client() as default:
        token, _, _ = admitted(default, roomName=room)
    assert jwt.decode(token, SECRET, algorithms=["HS256"])["video"]["room"] == room
    own, other = (each.client for each in tenants)
    # The operator's pair would open that room to anybody who knows what it is called.
    assert admitted(other, roomName=room)[0] == ""
    token, fresh, begun = admitted(other)
    assert jwt.decode(token, SECRET, algorithms=["HS256"])["video"]["room"] == fresh
    assert admitted(other, sessionId=begun["sessionId"])[:2] == ("", fresh)
    key, secret = f"API{uuid4().hex[:12]}", f"secret-{uuid4().hex}"
    add(shared, tenants[0].slug, "livekit", key, secret)
    for sent in ({"roomName": room}, {}):
        token, joined, _ = admitted(own, **sent)
        claims = jwt.decode(token, secret, algorithms=["HS256"])
        assert (claims["iss"], claims["video"]["room"]) == (key, joined)


def callback(
    server: RunningServer, path: str, form: dict[str, str], headers: dict[str, str]
) -> int:
    with server.client(None) as sender:
        return sender.post(path, data=form, headers=headers).status_code


def signed(path: str, form: dict[str, str], token: str) -> dict[str, str]:
    return {"x-twilio-signature": signature(PUBLIC + path, form, token)}


def account() -> str:
    return f"AC{uuid4().hex}"


def test_a_callback_lands_in_the_project_of_its_account(
    shared: RunningServer, tenants: tuple[Tenant, Tenant]
) -> None:
    accounts = {each.slug: (account(), uuid4().hex) for each in tenants}
    for slug, pair in accounts.items():
        add(shared, slug, "twilio", *pair)
    first, second = (accounts[each.slug] for each in tenants)
    attempts = [
        (tenants[0].slug, first[0], first[1]),
        (tenants[1].slug, second[0], second[1]),
        ("default", account(), TOKEN),  # the settings name no account
        (None, first[0], second[1]),
        (None, first[0], TOKEN),
        (None, account(), first[1]),
    ]
    for holder, sid, token in attempts:
        call = new_call()
        form = call_event(call, 0, "ringing", 0, AccountSid=sid)
        status = callback(shared, CALL, form, signed(CALL, form, token))
        assert status == (204 if holder else 403)
        assert holders(shared, tenants, call) == ([holder] if holder else [])
        event = recording_event(call, new_recording(), "absent", AccountSid=sid)
        status = callback(shared, RECORDING, event, signed(RECORDING, event, token))
        assert status == (204 if holder else 403)


def test_a_shared_key_signs_in_its_own_name(
    shared: RunningServer, tenants: tuple[Tenant, Tenant]
) -> None:
    first, second = tenants
    key, secret = f"webhooks_sharedkey_{uuid4().hex}", uuid4().hex
    add(shared, first.slug, "twilio", key, secret)
    sid, token = account(), uuid4().hex
    add(shared, second.slug, "twilio", sid, token)
    call = new_call()
    form = call_event(call, 0, "ringing", 0, AccountSid=sid)
    url = PUBLIC + CALL
    bad = [
        shared_key_headers(url, form, key, "another secret"),
        shared_key_headers(url, form, key + "x", secret),
        shared_key_headers(url, form, key, token),
        shared_key_headers(url, form, "webhooks_sharedkey_none", TOKEN),
        shared_key_headers(url, form, key, secret) | signed(CALL, form, secret),
        shared_key_headers(url, form, key, secret)
        | {"x-twilio-webhooks-signature-settings": f"key={key},algorithm=HMAC_MD5"},
        shared_key_headers(url, {**form, "From": "+15550111"}, key, secret),
    ]
    for headers in bad:
        assert callback(shared, CALL, form, headers) == 403, headers
    assert holders(shared, tenants, call) == []
    good = shared_key_headers(url, form, key, secret)
    assert callback(shared, CALL, form, good) == 204
    assert holders(shared, tenants, call) == [first.slug]


def test_secrets_are_sealed_and_never_shown(shared: RunningServer) -> None:
    secret = f"secret-{uuid4().hex}"
    made = add(shared, "default", "livekit", f"API{uuid4().hex[:12]}", secret)
    assert set(made) == {"id", "kind", "key", "tenant", "project", "created_at"}
    where = ("--data-dir", str(shared.data_dir))
    for listed in (
        run("integrations", "list", *where),
        run("integrations", "list", "--json", *where),
    ):
        assert listed.code == 0
        assert made["id"] in listed.out
        assert secret not in listed.out + listed.err
    for file in shared.data_dir.glob("catalog.db*"):
        assert secret.encode() not in file.read_bytes()
    assert not any(secret in line for line in shared.log)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--kind", "twilio", "--key", "APIx"), 2, "account SID"),
        (("--kind", "livekit", "--key", " "), 2, "key"),
        (("--kind", "livekit", "--key", "APIx", "--secret", " "), 2, "secret"),
        (("--kind", "livekit", "--key", "APIx", "--project", "none"), 1, "no project 'none'"),
        (("--kind", "livekit", "--key", "APIx", "--tenant", "none"), 1, "no tenant 'none'"),
    ],
)
def test_what_cannot_be_added_is_said_in_one_line(
    shared: RunningServer, arguments: tuple[str, ...], code: int, words: str
) -> None:
    where = ("--data-dir", str(shared.data_dir))
    ran = run("integrations", "add", *arguments, *where, stdin="a secret\n")
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert ran.err.count("\n") == 1


def test_a_key_that_is_known_is_refused(shared: RunningServer) -> None:
    key = f"API{uuid4().hex[:12]}"
    add(shared, "default", "livekit", key, "one secret")
    again = run(
        *("integrations", "add", "--kind", "livekit", "--key", key, "--secret", "another"),
        *("--data-dir", str(shared.data_dir)),
    )
    assert (again.code, again.out) == (1, "")
    assert "already" in again.err


def test_another_secret_key_opens_nothing(tmp_path: Path) -> None:
    key, secret = f"API{uuid4().hex[:12]}", f"secret-{uuid4().hex}"
    with RunningServer(tmp_path, TURNWISE_SECRET_KEY="first secret key of the test") as server:
        add_with = {"TURNWISE_SECRET_KEY": "first secret key of the test"}
        where = ("--data-dir", str(tmp_path))
        arguments = ("integrations", "add", "--kind", "livekit", "--key", key, "--secret", secret)
        assert run(*arguments, *where, **add_with).code == 0
        assert webhook(server, "RM_1", key, secret) == 200
    with RunningServer(tmp_path, TURNWISE_SECRET_KEY="other secret key of the test") as server:
        assert webhook(server, "RM_2", key, secret) == 401
        assert any("another TURNWISE_SECRET_KEY" in line for line in server.log)


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    "shared_store",
    [
        {"TURNWISE_CATALOG_URL": "postgresql://nobody@127.0.0.1:1/none"},
        {"TURNWISE_TELEMETRY_URL": "clickhouse://nobody@127.0.0.1:1/none"},
    ],
    ids=["catalog", "telemetry"],
)
def test_shared_stores_demand_a_secret_key(
    tmp_path: Path, command: str, shared_store: dict[str, str]
) -> None:
    ran = run(command, "--data-dir", str(tmp_path), **shared_store)
    assert ran.code == 1
    assert "TURNWISE_SECRET_KEY is required" in ran.err
    assert list(tmp_path.iterdir()) == []
