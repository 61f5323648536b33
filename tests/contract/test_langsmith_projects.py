"""TracerSession: every field, its arithmetic, and the rest of /sessions."""

import random
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.contract.langsmith_runs import at, post, project, run, stats, usage
from tests.people import create_character, new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import SqlCatalog

UNKNOWN = "00000000-0000-4000-8000-00000000dead"

FIELDS = [
    "id", "tenant_id", "start_time", "end_time", "extra", "name", "description",
    "default_dataset_id", "reference_dataset_id", "trace_tier", "run_count", "latency_p50",
    "latency_p99", "first_token_p50", "first_token_p99", "total_tokens", "prompt_tokens",
    "completion_tokens", "total_cost", "prompt_cost", "completion_cost", "last_run_start_time",
    "feedback_stats", "session_feedback_stats", "run_facets", "error_rate", "streaming_rate",
    "last_run_start_time_live", "test_run_number",
]  # fmt: skip
STATS = FIELDS[FIELDS.index("run_count") : FIELDS.index("last_run_start_time_live")]


def test_without_statistics_every_key_is_there_and_null(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        one = project(client, description="d", extra={"metadata": {"a": 1}}, trace_tier="longlived")
        post(client, run(session_id=one))
        for root in ("", "/api", "/api/v1"):
            body = client.get(f"{root}/sessions/{one.replace('-', '')}").json()
            assert list(body) == FIELDS
            assert {body[name] for name in STATS} == {None}
        assert body["last_run_start_time_live"] == at(0) + ".000000Z"
        assert (body["id"], body["description"]) == (one, "d")
        assert (body["extra"], body["trace_tier"]) == ({"metadata": {"a": 1}}, "longlived")


def test_a_project_without_runs_counts_nothing(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        body = stats(client, project(client))
    assert {name: body[name] for name in STATS} == {
        "run_count": 0, "latency_p50": None, "latency_p99": None, "first_token_p50": None,
        "first_token_p99": None, "total_tokens": 0, "prompt_tokens": 0, "completion_tokens": 0,
        "total_cost": "0", "prompt_cost": "0", "completion_cost": "0",
        "last_run_start_time": None, "feedback_stats": {}, "session_feedback_stats": {},
        "run_facets": [], "error_rate": 0.0, "streaming_rate": 0.0,
    }  # fmt: skip


def test_percentiles_interpolate_between_ranks(server: RunningServer) -> None:
    latencies = [0.1, 0.2, 0.4, 1.0]
    random.Random(4).shuffle(latencies)
    with server.client(server.new_user()) as client:
        one = project(client)
        roots = [run(index, index + each, session_id=one) for index, each in enumerate(latencies)]
        waiting = run(9, None, session_id=one)
        children = [run(0, 30, session_id=one, parent=each) for each in roots]
        post(client, *children, *roots, waiting)
        body = stats(client, one)
    assert body["run_count"] == 5
    assert body["latency_p50"] == pytest.approx(0.3)
    assert body["latency_p99"] == pytest.approx(0.4 + 0.97 * 0.6)
    assert body["last_run_start_time"] == at(9) + ".000000Z"


def test_consumption_is_counted_at_its_leaves(server: RunningServer) -> None:
    cost = {"input_cost": 0.0000001, "output_cost": 0.25, "total_cost": 0.2500001}
    with server.client(server.new_user()) as client:
        one = project(client)
        root = run(session_id=one, extra=usage(10, 5, **cost))
        step = run(session_id=one, parent=root)
        outer = run(session_id=one, parent=step, run_type="llm", extra=usage(10, 5, **cost))
        inner = run(session_id=one, parent=outer, run_type="llm", extra=usage(10, 5, **cost))
        other = run(session_id=one, parent=step, run_type="llm", extra=usage(7, 1))
        post(client, inner, other, outer, step, root)
        body = stats(client, one)
    assert (body["total_tokens"], body["prompt_tokens"], body["completion_tokens"]) == (23, 17, 6)
    assert body["total_cost"] == "0.2500001"
    assert (body["prompt_cost"], body["completion_cost"]) == ("0.0000001", "0.25")


def test_rates_and_first_tokens_are_of_root_runs(server: RunningServer) -> None:
    def token(seconds: float) -> dict[str, object]:
        return {"events": [{"name": "new_token", "time": at(seconds)}]}

    with server.client(server.new_user()) as client:
        one = project(client)
        streamed = run(0, 2, session_id=one, **token(0.5))
        by_child = run(10, 12, session_id=one)
        child = run(10.5, 12, session_id=one, parent=by_child, run_type="llm", **token(11.5))
        failed = run(20, 21, session_id=one, error="boom")
        plain = run(30, 31, session_id=one)
        wrong = run(30, 31, session_id=one, parent=plain, error="only a child")
        post(client, streamed, by_child, child, failed, plain, wrong)
        body = stats(client, one)
    assert (body["error_rate"], body["streaming_rate"]) == (0.25, 0.5)
    assert body["first_token_p50"] == pytest.approx(1.0)
    assert body["first_token_p99"] == pytest.approx(1.49)


def test_a_window_begins_at_its_instant(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        one = project(client)
        runs = [run(each, each + 1, session_id=one) for each in (0, 10, 20)]
        post(client, *runs)
        for each, score in zip(runs, (0, 1, 1), strict=True):
            client.post("/feedback", json={"key": "good", "run_id": each["id"], "score": score})
        body = stats(client, one, stats_start_time=at(10))
        later = stats(client, one, stats_start_time=at(10.000001))
    assert (body["run_count"], later["run_count"]) == (2, 1)
    assert body["feedback_stats"]["good"]["n"] == 2
    assert later["feedback_stats"]["good"]["n"] == 1
    assert body["last_run_start_time_live"] == at(20) + ".000000Z"


def test_feedback_is_summed_up_by_key(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        one = project(client)
        root = run(session_id=one)
        post(client, root)
        for body in (
            {"key": "stars", "score": 1, "run_id": root["id"]},
            {"key": "stars", "score": 4.0, "run_id": root["id"].replace("-", "")},
            {"key": "tone", "value": "kind", "run_id": root["id"]},
            {"key": "tone", "value": "kind", "trace_id": root["id"]},
            {"key": "whole", "score": True, "session_id": one},
        ):
            assert client.post("/feedback", json=body).status_code == 200
        found = stats(client, one)
    stars, tone = found["feedback_stats"]["stars"], found["feedback_stats"]["tone"]
    assert (stars["n"], stars["avg"], stars["min"], stars["max"]) == (2, 2.5, 1.0, 4.0)
    assert (tone["n"], tone["avg"], tone["values"]) == (2, None, {"kind": 2})
    assert found["session_feedback_stats"]["whole"]["avg"] == 1.0


def test_a_name_is_taken_once(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        chosen, name = str(uuid4()), f"p-{uuid4().hex[:8]}"
        assert project(client, name, id=chosen) == chosen
        again = client.post("/sessions", json={"name": name})
        assert (again.status_code, again.json()) == (409, {"detail": "Session already exists."})
        upserted = client.post("/sessions?upsert=True", json={"name": name, "description": "new"})
        assert upserted.status_code == 200
        assert (upserted.json()["id"], upserted.json()["description"]) == (chosen, "new")


def test_null_leaves_a_field_as_it_is(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        one = project(client, description="kept", extra={"a": 1})
        changed = client.patch(
            f"/sessions/{one}", json={"name": None, "description": None, "end_time": at(3)}
        ).json()
    assert (changed["description"], changed["extra"]) == ("kept", {"a": 1})
    assert changed["end_time"] == at(3) + ".000000Z"


def test_a_deleted_project_is_gone_with_its_runs(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        name = f"p-{uuid4().hex[:8]}"
        one, root = project(client, name), run()
        post(client, root | {"session_id": one})
        assert client.delete(f"/sessions/{one}").status_code == 200
        assert client.get(f"/sessions/{one}").status_code == 404
        assert client.get(f"/runs/{root['id']}").status_code == 404
        assert client.get("/sessions", params={"name": name}).json() == []
        home = client.get("/sessions", params={"name": "default"}).json()[0]["id"]
        kept = client.delete(f"/sessions/{home}")
        assert kept.status_code == 409, kept.text


def test_a_project_goes_with_its_agents_and_their_forms(server: RunningServer) -> None:
    owner = new_person(server)
    with owner.client() as client:
        one = project(client, name := f"p-{uuid4().hex[:8]}")
        with SqlCatalog.open(f"sqlite:///{server.data_dir / 'catalog.db'}") as catalog:
            everything = frozenset(Scope)
            made = catalog.create_key(
                owner.tenant, "of the project", everything, email=owner.email, project=name
            )
        with server.client(made.secret_key) as inside:
            slug = create_character(inside)
            form = {"form_id": "f", "session_id": str(uuid4()), "values": {}}
            assert inside.post(f"/api/agents/{slug}/form-responses/", json=form).is_success
        assert client.delete(f"/sessions/{one}").status_code == 409
        for key in client.get("/v1/keys").json()["data"]:
            if key["name"] == "of the project":
                assert client.delete(f"/v1/keys/{key['id']}").status_code == 204
        assert client.delete(f"/sessions/{one}").status_code == 200
        assert client.get(f"/v1/agents/{slug}").status_code == 404


def test_the_list_is_paged_sorted_and_filtered(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        slow = project(client, "slow", extra={"metadata": {"team": "a"}})
        fast = project(client, "fast")
        post(client, run(0, 9, session_id=slow), run(5, 6, session_id=fast))

        def names(**asked: object) -> list[str]:
            answer = client.get("/api/v1/sessions", params={k: str(v) for k, v in asked.items()})
            assert answer.status_code == 200, answer.text
            return [each["name"] for each in answer.json()]

        assert names() == ["fast", "slow", "default"]
        assert names(sort_by="name", sort_by_desc=False) == ["default", "fast", "slow"]
        assert names(sort_by="latency_p50")[0] == "slow"
        assert names(sort_by="last_run_start_time") == ["fast", "slow", "default"]
        assert names(limit=1, offset=1) == ["slow"]
        assert names(name_contains="LO") == ["slow"]
        assert names(metadata='{"team": "a"}') == ["slow"]
        assert names(id=fast) == ["fast"]
        listed = client.get("/sessions", params={"name": "slow", "include_stats": "true"}).json()
        assert listed[0] == stats(client, slow)


@pytest.fixture(scope="module")
def street(server: RunningServer) -> Iterator[httpx2.Client]:
    """A client of three projects: one busy and tagged, one failing, the default."""
    with server.client(server.new_user()) as client:
        busy = project(
            client, "busy", description="of the Night", start_time="2026-01-01T00:00:00",
            extra={"metadata": {"team": "a", "size": 3}, "tags": ["t"]},
        )  # fmt: skip
        late = project(client, "late", start_time="2026-03-01T00:00:00",
                       extra={"metadata": {"team": "b", "kind": "a"}})  # fmt: skip
        good = run(0, 2, session_id=busy, name="good", tags=["kept"])
        post(client, good, run(1, 9, session_id=busy, name="slow", extra=usage(7, 1)),
             run(2, 3, session_id=late, error="boom"))  # fmt: skip
        for each, score in ((good["id"], -0.5), (good["id"], -0.7)):
            client.post("/feedback", json={"key": "stars", "run_id": each, "score": score})
        yield client


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('eq(name, "busy")', {"busy"}),
        ('neq(name, "busy")', {"late", "default"}),
        ('in(name, ["busy", "late", "x"])', {"busy", "late"}),
        ('gt(name, "c")', {"late", "default"}),
        ('has(metadata, \'{"team": "a"}\')', {"busy"}),
        ('has(metadata, \'{"size": 3, "team": "a"}\')', {"busy"}),
        ('and(eq(metadata_key, "team"), eq(metadata_value, "a"))', {"busy"}),
        ('eq(metadata_value, "a")', {"busy", "late"}),
        ('neq(metadata_value, "a")', {"default"}),
        ('has(tags, "t")', {"busy"}),
        ('not(has(tags, "t"))', {"late", "default"}),
        ('lt(start_time, "2026-02-01")', {"busy"}),
        ("eq(end_time, null)", {"busy", "late", "default"}),
        ("neq(end_time, null)", set()),
        ('or(search("NIGHT"), eq(name, "late"))', {"busy", "late"}),
        ('and(search("a"), or(eq(name, "late"), eq(name, "x")))', {"late"}),
    ],
)
def test_projects_are_found_by_filters(street: httpx2.Client, text: str, found: set[str]) -> None:
    answer = street.get("/sessions", params={"filter": text})
    assert answer.status_code == 200, answer.text
    assert {each["name"] for each in answer.json()} == found
    one = street.get("/sessions", params={"filter": text, "limit": 1}).json()
    assert len(one) == min(1, len(found))


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": 'eq(run_type, "llm")'},
        {"filter": "not(gt(latency, 3))"},
        {"filter": "name = busy"},
        {"stats_filter": "eq(nothing, 1)"},
        {"tag_value_id": UNKNOWN},
        {"sort_by_feedback_source": "api"},
    ],
)
def test_what_the_list_does_not_understand_is_refused(
    street: httpx2.Client, asked: dict[str, str]
) -> None:
    answer = street.get("/api/v1/sessions", params=asked)
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert isinstance(answer.json()["detail"], str)


def test_statistics_of_the_list_cover_the_runs_that_are_asked_for(street: httpx2.Client) -> None:
    def told(**asked: str) -> dict[str, Any]:
        answer = street.get("/sessions", params={"include_stats": "true", **asked})
        assert answer.status_code == 200, answer.text
        return {each["name"]: each for each in answer.json()}

    assert told()["busy"]["run_count"] == 2
    some = told(stats_filter='has(tags, "kept")')
    assert (some["busy"]["run_count"], some["late"]["run_count"]) == (1, 0)
    assert (some["busy"]["latency_p50"], some["busy"]["total_tokens"]) == (2.0, 0)
    assert some["busy"]["feedback_stats"]["stars"]["n"] == 2
    other = told(stats_filter='eq(name, "slow")')["busy"]
    assert (other["latency_p50"], other["total_tokens"], other["feedback_stats"]) == (8.0, 8, {})
    by_speed = told(stats_filter='eq(name, "good")', sort_by="latency_p50")
    assert next(iter(by_speed)) == "busy"
    judged = told(sort_by="feedback", sort_by_feedback_key="stars")
    assert next(iter(judged)) == "busy"
    missing = street.get("/sessions", params={"sort_by": "feedback"})
    assert missing.status_code == 422
    assert missing.json()["detail"][0]["loc"] == ["query", "sort_by_feedback_key"]


@pytest.mark.parametrize("path", ["runs/query", "threads/query", "traces/query"])
def test_the_newer_interface_is_a_404_in_the_same_form(server: RunningServer, path: str) -> None:
    with server.client() as client:
        answer = client.post(f"/api/v2/{path}", json={})
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/sessions/x", ["path", "session_id"]),
        (f"/sessions/{UNKNOWN}?include_stats=maybe", ["query", "include_stats"]),
        (f"/sessions/{UNKNOWN}?stats_start_time=soon", ["query", "stats_start_time"]),
        ("/sessions?limit=101", ["query", "limit"]),
        ("/sessions?metadata=x", ["query", "metadata"]),
    ],
)
def test_a_wrong_parameter_is_named(server: RunningServer, path: str, where: list[str]) -> None:
    with server.client(server.new_user()) as client:
        answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 422, answer.text
    (detail,) = answer.json()["detail"]
    assert detail["loc"] == where
    assert set(detail) == {"loc", "msg", "type"}


def test_another_tenant_sees_nothing(server: RunningServer) -> None:
    with server.client(server.new_user()) as owner, server.client(server.new_user()) as stranger:
        one, root = project(owner), run()
        post(owner, root | {"session_id": one})
        judged = owner.post("/feedback", json={"key": "k", "run_id": root["id"], "score": 1}).json()
        for path in (f"/sessions/{one}", f"/runs/{root['id']}", f"/feedback/{judged['id']}"):
            unknown = path.rsplit("/", 1)[0] + f"/{uuid4()}"
            seen, missing = stranger.get(path), stranger.get(unknown)
            assert owner.get(path).status_code == 200
            assert (seen.status_code, seen.content) == (404, missing.content)
        assert one not in {each["id"] for each in stranger.get("/sessions").json()}
        assert stranger.get("/feedback", params={"run": root["id"]}).json() == []
        assert stranger.post("/runs/query", json={"id": [root["id"]]}).json()["runs"] == []
        assert stranger.post("/runs/query", json={"session": [one]}).status_code == 404
        assert stranger.post("/runs/stats", json={"session": [one]}).status_code == 404
        assert stranger.patch(f"/sessions/{one}", json={"name": "x"}).status_code == 404
        assert stranger.delete(f"/sessions/{one}").status_code == 404
        refused = stranger.post("/runs", json=run(session_id=one))
        assert refused.status_code == 422
        assert "no such project" in refused.json()["details"]
        tenant = owner.get("/settings").json()["id"]
        same = {"x-tenant-id": tenant}
        assert owner.get(f"/sessions/{one}", headers=same).status_code == 200
        assert stranger.get("/sessions", headers=same).status_code == 403


def test_a_member_of_the_tenant_sees_its_projects(server: RunningServer) -> None:
    with server.client(server.new_user("shop")) as owner:
        one = project(owner)
    member = server.new_user("shop", Role.MEMBER, frozenset({Scope.READ}))
    with server.client(member) as client:
        assert client.get(f"/sessions/{one}").status_code == 200
        assert client.post("/sessions", json={"name": "x"}).status_code == 403
    with server.client(None) as client:
        answer = client.get(f"/sessions/{one}")
        assert (answer.status_code, list(answer.json())) == (401, ["detail"])
        assert client.get("/info").status_code == 200


def test_keys_are_made_shown_once_and_taken_back(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        made = client.post("/api/v1/api-key", json={"description": "ci", "read_only": True}).json()
        assert made["key"].startswith("lsv2_pt_")
        listed = client.get("/api-key").json()
        assert made["id"] in {each["id"] for each in listed}
        assert not any("key" in each for each in listed)
        with server.client(made["key"]) as reader:
            assert reader.get("/settings").status_code == 200
            assert reader.post("/sessions", json={"name": "x"}).status_code == 403
            assert client.delete(f"/api-key/{made['id']}").status_code == 200
            assert reader.get("/settings").status_code == 401
        assert client.delete(f"/api-key/{uuid4()}").status_code == 404


def test_info_has_every_number_that_clients_index(server: RunningServer) -> None:
    with server.client(None) as client:
        info = client.get("/api/v1/info").json()
    assert tuple(map(int, info["version"].split("."))) >= (0, 16, 0)
    assert info["instance_flags"]["zstd_compression_enabled"] is True
    assert set(info["batch_ingest_config"]) == {
        "use_multipart_endpoint", "size_limit", "size_limit_bytes", "scale_up_qsize_trigger",
        "scale_up_nthreads_limit", "scale_down_nempty_trigger",
    }  # fmt: skip
