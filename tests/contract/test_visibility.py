"""Who sees what: two tenants, owners, members and staff over every route that reads.

The routes come from the OpenAPI document of the server itself: one that nobody has entered here
fails the test. What a viewer may not see is answered as what does not exist, byte for byte but for
the ids that were sent.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import httpx2
import pytest

from tests.contract.estate import Estate, path_parameters, settle, unknown
from tests.contract.test_api_document import operations
from tests.people import Person, new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role, Scope

pytestmark = pytest.mark.xdist_group("visibility")

MAKER, OWNER, MATE, STRANGER, STAFF = "maker", "owner", "mate", "stranger", "staff"
"""A member who made everything, the owner and another member of the same tenant, the owner of
another tenant, and staff, who are of yet another one."""

TENANT = frozenset({MAKER, OWNER, MATE})
MAKER_AND_CHIEFS = frozenset({MAKER, OWNER})
MAKER_AND_STAFF = frozenset({MAKER, STAFF})
ONLY_MAKER = frozenset({MAKER})
ONLY_OWNER = frozenset({OWNER})


@dataclass(frozen=True, kw_only=True)
class Read:
    """A route that reads, and who finds there what the maker has made.

    Attributes:
        query, body: what is sent; words in braces are fields of Estate.
        hidden: the status for those who see nothing.
        is_for_admins: everybody else in the tenant is told so.
        is_listed: whether things are told by their mark, in a list that holds others too.
    """

    seen_by: frozenset[str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    hidden: int = 404
    is_listed: bool = False
    is_for_admins: bool = False


def listed(seen_by: frozenset[str], **query: str) -> Read:
    return Read(seen_by=seen_by, query=query, hidden=200, is_listed=True)


def found(seen_by: frozenset[str], **query: str) -> Read:
    return Read(seen_by=seen_by, query=query, hidden=200)


COUNT = '{"view": "observations", "metrics": [{"measure": "count", "aggregation": "count"}], \
"filters": [{"column": "traceId", "operator": "=", "value": "{trace}", "type": "string"}], \
"fromTimestamp": "2026-01-01T00:00:00Z", "toTimestamp": "2027-01-01T00:00:00Z"}'

READS: dict[str, Read] = {
    # Lyzr: the session's maker, owners and admins of its tenant
    "GET /v1/traces/session/{sessionId}": Read(seen_by=MAKER_AND_CHIEFS),
    "GET /v1/traces/session/{sessionId}/{traceId}": Read(seen_by=MAKER_AND_CHIEFS),
    "GET /v1/transcripts": found(MAKER_AND_CHIEFS, sessionId="{session}"),
    "GET /v1/transcripts/agent/{agentId}": found(MAKER_AND_CHIEFS),
    "GET /v1/transcripts/agent/{agentId}/stats": found(MAKER_AND_CHIEFS),
    "GET /v1/transcripts/{sessionId}": Read(seen_by=MAKER_AND_CHIEFS),
    "GET /v1/transcripts/{sessionId}/audio": Read(seen_by=MAKER_AND_CHIEFS),
    # Persona: the tenant
    "GET /v1/observability/sessions": found(TENANT, agentId="{character}"),
    "GET /v1/observability/sessions/interruption-quality": found(TENANT, agentId="{character}"),
    "GET /v1/observability/sessions/{sessionId}": Read(seen_by=TENANT),
    "GET /v1/observability/sessions/{sessionId}/root-cause": Read(seen_by=TENANT),
    "GET /v1/observability/calls/{callId}": Read(seen_by=TENANT),
    "GET /v1/observability/calls/{callId}/root-cause": Read(seen_by=TENANT),
    "GET /v1/recordings/{callId}": Read(seen_by=TENANT),
    "GET /v1/recordings/{callId}/audio": Read(seen_by=TENANT),
    "GET /v1/agents": listed(TENANT),
    "GET /v1/agents/{id}": Read(seen_by=TENANT),
    # keys: their holder, and who has the scope `admin`
    "GET /v1/keys": listed(MAKER_AND_CHIEFS),
    "GET /api/auth/api-keys/": listed(ONLY_MAKER),
    "GET /api/auth/api-keys/{key_id}/": Read(seen_by=ONLY_MAKER),
    "GET /api/v1/api-key": listed(MAKER_AND_CHIEFS),
    # the scope `admin`
    "GET /v1/alerts": replace(listed(ONLY_OWNER), is_for_admins=True),
    "GET /v1/alerts/{id}": Read(seen_by=ONLY_OWNER, is_for_admins=True),
    "GET /v1/alerts/{id}/deliveries": Read(seen_by=ONLY_OWNER, is_for_admins=True),
    "GET /v1/prices": replace(listed(ONLY_OWNER), is_for_admins=True),
    "GET /v1/prices/{id}": Read(seen_by=ONLY_OWNER, is_for_admins=True),
    # Oshara: the character's creator, and staff
    "GET /api/billing/sessions/{session_id}/": Read(seen_by=MAKER_AND_STAFF),
    "GET /api/billing/usage/": found(MAKER_AND_STAFF, character_slug="{character}"),
    "GET /api/ai-characters/": listed(MAKER_AND_STAFF),
    "GET /api/ai-characters/{slug}/": Read(seen_by=MAKER_AND_STAFF),
    "GET /api/agents/{slug}/form-responses/": Read(seen_by=MAKER_AND_STAFF, hidden=403),
    # LangSmith: the tenant
    "GET /api/v1/sessions": listed(TENANT),
    "GET /api/v1/sessions/{session_id}": Read(seen_by=TENANT, query={"include_stats": "true"}),
    "GET /api/v1/runs/{run_id}": Read(seen_by=TENANT),
    "POST /api/v1/runs/query": Read(seen_by=TENANT, body={"session": ["{project}"]}),
    "POST /api/v1/runs/stats": Read(seen_by=TENANT, body={"session": ["{project}"]}),
    "GET /api/v1/feedback": Read(seen_by=TENANT, query={"session": "{project}"}),
    "GET /api/v1/feedback/{feedback_id}": Read(seen_by=TENANT),
    # Langfuse: the tenant
    "GET /api/public/observations": found(TENANT, traceId="{trace}"),
    "GET /api/public/observations/{observationId}": Read(seen_by=TENANT),
    "GET /api/public/v2/observations": found(TENANT, traceId="{trace}"),
    "GET /api/public/v2/metrics": found(TENANT, query=COUNT),
    "GET /api/public/metrics": found(TENANT, query=COUNT),
    "GET /api/public/metrics/daily": found(TENANT, traceName="{mark}"),
    "GET /api/public/traces": found(TENANT, sessionId="{session}"),
    "GET /api/public/traces/{traceId}": Read(seen_by=TENANT),
    "GET /api/public/sessions": listed(TENANT),
    "GET /api/public/sessions/{sessionId}": Read(seen_by=TENANT),
    "GET /api/public/scores": listed(TENANT),
    "GET /api/public/scores/{scoreId}": Read(seen_by=TENANT),
    "GET /api/public/v2/scores": listed(TENANT),
    "GET /api/public/v2/scores/{scoreId}": Read(seen_by=TENANT),
    "GET /api/public/v3/scores": found(TENANT, id="{score}"),
    "GET /api/public/media/{mediaId}": Read(seen_by=TENANT),
}

ABOUT_THE_CALLER = {"GET /api/auth/me/", "GET /api/v1/settings", "GET /api/public/projects"}
"""These tell of whoever asks and take nothing that could name another."""

OPEN = {
    "GET /healthz", "GET /readyz", "GET /v1/health", "GET /api/public/health", "GET /metrics",
    "GET /v1/openapi.json", "GET /api/v1/info",
    # the signature is the permission
    "GET /media/recordings/{file}", "GET /media/attachments/{file}",
    # the same for everybody
    "GET /v1/alerts/metrics",
}  # fmt: skip
"""These hold nothing of any tenant."""


@dataclass(frozen=True)
class World:
    """The people, and what one of them has made."""

    server: RunningServer
    people: Mapping[str, Person]
    made: Estate

    def client(self, who: str, read: str) -> httpx2.Client:
        """Keys are managed by people who have logged in, all else is read with a key."""
        person = self.people[who]
        return person.logged_in() if "/api/auth/" in read else person.client()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server of its own: staff list what all tenants have."""
    with RunningServer(tmp_path_factory.mktemp("visibility")) as server:
        owner = new_person(server)
        scopes = frozenset({Scope.INGEST, Scope.READ})
        people = {
            MAKER: new_person(server, owner.tenant, Role.MEMBER, scopes),
            OWNER: owner,
            MATE: new_person(server, owner.tenant, Role.MEMBER, scopes),
            STRANGER: new_person(server),
            STAFF: new_person(server, is_staff=True),
        }
        made = settle(people[MAKER], owner)
        # Whoever sees nothing of it has things of their own.
        settle(people[STRANGER], people[STRANGER])
        yield World(server, people, made)


def ask(client: httpx2.Client, name: str, ids: Estate) -> httpx2.Response:
    method, path = name.split(" ")
    read, words = READS[name], asdict(ids)
    return client.request(
        method,
        path.format(**path_parameters(path, ids)),
        params={key: _filled(value, words) for key, value in read.query.items()},
        json=None if read.body is None else _filled(read.body, words),
    )


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, word in words.items():
            value = value.replace(f"{{{name}}}", word)
        return value
    if isinstance(value, Mapping):
        return {key: _filled(each, words) for key, each in value.items()}
    return [_filled(each, words) for each in value]


def without_ids(answer: httpx2.Response, ids: Estate) -> tuple[int, str, str]:
    """What is told, with the ids that were sent taken out."""
    text = answer.text
    for name, word in asdict(ids).items():
        text = text.replace(word, f"<{name}>")
    return answer.status_code, answer.headers["content-type"], text


def test_every_route_that_reads_is_entered_here(server: RunningServer) -> None:
    reading = {
        f"{method} {path}"
        for method, path, _ in operations(server)
        if method == "GET" or path.endswith(("/query", "/stats", "/search"))
    }
    assert reading == READS.keys() | ABOUT_THE_CALLER | OPEN


@pytest.mark.parametrize("who", [MAKER, OWNER, MATE, STRANGER, STAFF])
@pytest.mark.parametrize("name", READS)
def test_only_those_who_may_see_it_find_it(world: World, name: str, who: str) -> None:
    read, nothing = READS[name], unknown()
    with world.client(who, name) as client:
        answer = ask(client, name, world.made)
        missing = without_ids(ask(client, name, nothing), nothing)
    marks = world.made.mark, world.made.session, world.made.agent
    told = [each for each in marks if each in answer.text]
    if read.is_for_admins and who in (MAKER, MATE):
        assert (answer.status_code, missing[0]) == (403, 403)
    elif who in read.seen_by:
        assert answer.status_code == 200, answer.text
        if read.is_listed:
            assert told
        else:
            assert without_ids(answer, world.made) != missing
    elif read.is_listed:
        assert answer.status_code == 200, answer.text
        assert not told
    elif read.hidden == 403:
        assert (answer.status_code, missing[0]) == (403, 404)
    else:
        assert without_ids(answer, world.made) == missing
        assert answer.status_code == read.hidden


@pytest.mark.parametrize("name", sorted(ABOUT_THE_CALLER))
def test_what_tells_of_the_caller_tells_of_no_other(world: World, name: str) -> None:
    method, path = name.split(" ")
    told = set()
    for who in (OWNER, STRANGER, STAFF):
        with world.client(who, name) as client:
            answer = client.request(method, path)
        assert answer.status_code == 200, answer.text
        told.add(answer.text)
    assert len(told) == 3


def test_a_trace_of_a_session_that_is_hidden_is_unknown_under_ones_own(world: World) -> None:
    with world.people[MATE].client() as client:
        own = settle(world.people[MATE], world.people[OWNER])
        base = f"/v1/traces/session/{own.session}"
        hidden, missing = client.get(f"{base}/{world.made.trace}"), client.get(f"{base}/{own.span}")
    assert (hidden.status_code, hidden.content) == (404, missing.content)


MAKES_ITS_OWN = {
    "POST /v1/observability/sessions/{sessionId}/report", "PUT /v1/recordings/{callId}",
}  # fmt: skip
"""In the caller's own project, whatever others have under the same name."""


SETTLED = [
    "GET /v1/observability/sessions/{sessionId}", "GET /v1/agents/{id}", "GET /v1/keys",
    "GET /api/ai-characters/{slug}/", "GET /api/agents/{slug}/form-responses/",
    "GET /api/v1/sessions/{session_id}", "GET /api/v1/runs/{run_id}",
    "GET /api/v1/feedback/{feedback_id}", "GET /api/public/scores/{scoreId}",
]  # fmt: skip
"""What the maker must find again as it was."""


def settled(world: World) -> dict[str, str]:
    """What the maker finds; not when its own key was used last, which the asking changes."""
    with world.people[MAKER].client() as client:
        found = {name: ask(client, name, world.made).text for name in SETTLED}
    return {name: re.sub(r'"lastUsedAt":"[^"]+"', "", text) for name, text in found.items()}


@pytest.mark.parametrize("who", [STRANGER, MATE])
def test_nobody_changes_what_they_do_not_see(world: World, who: str) -> None:
    before = settled(world)
    written = 0
    for method, path, _ in operations(world.server):
        name = f"{method} {path}"
        if method == "GET" or "{" not in path or name in READS or name in MAKES_ITS_OWN:
            continue
        if who == MATE and not path.startswith(("/api/a", "/v1/keys", "/v1/alerts", "/v1/prices")):
            continue  # the whole tenant shares what it observes
        nothing = unknown()
        with world.client(who, name) as client:
            told = [
                without_ids(
                    client.request(
                        method, path.format(**path_parameters(path, ids)), content=b"{}"
                    ),
                    ids,
                )
                for ids in (world.made, nothing)
            ]
        if path.startswith("/api/agents/"):
            assert (told[0][0], told[1][0]) == (403, 404), name
        else:
            assert told[0] == told[1], name
        written += 1
    assert settled(world) == before
    assert written >= 8
