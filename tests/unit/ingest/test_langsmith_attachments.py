"""Attachments of runs: kept where there is a media store, refused one by one where there is none."""

import re
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from turnwise.http.auth import Credential
from turnwise.http.errors import install_error_handlers
from turnwise.ingest.langsmith.multipart import parts_of
from turnwise.ingest.langsmith.pieces import order_of
from turnwise.ingest.langsmith.routes import RunWrites
from turnwise.model.batch import Batch, Receipt
from turnwise.model.errors import BadInput
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.runs import attachment_key
from turnwise.model.tenancy import Caller, Role, Scope

MAIN = ProjectId("11111111-1111-4111-8111-111111111111")


class Keys:
    async def caller(self, credential: Credential) -> Caller | None:
        tenant, scopes = TenantId("t"), frozenset({Scope.INGEST})
        return Caller(tenant, "t", 7, "u", Role.OWNER, False, MAIN, (MAIN,), scopes)


class Files:
    """A media store in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, str]] = {}

    async def put(self, key: str, content: AsyncIterator[bytes], content_type: str) -> int:
        self.kept[key] = (b"".join([piece async for piece in content]), content_type)
        return len(self.kept[key][0])


class Nothing:
    """A store that knows no run."""

    async def guessed_runs(self, _: Sequence[ProjectId], run_ids: Collection[str]) -> list[Any]:
        return []

    async def run_places(self, _: Sequence[ProjectId], run_ids: Collection[str]) -> dict[str, Any]:
        return {}


def sent(files: Files | None, *names: str) -> tuple[dict[str, Any], list[Batch], str]:
    taken: list[Batch] = []

    async def accept(batch: Batch) -> Receipt:
        taken.append(batch)
        return Receipt(len(batch.runs))

    writes = RunWrites(accept, Nothing(), lambda *_: MAIN, files, 100_000)  # type: ignore[arg-type]
    app = Starlette(routes=writes.routes())
    app.state.authenticator = Keys()
    install_error_handlers(app)
    run_id = str(uuid4())
    head = f'{{"id": "{run_id}", "name": "call", "run_type": "chain"}}'.encode()
    parts = [(f"post.{run_id}", head, "application/json")]
    parts += [
        (f"attachment.{run_id}.{name}", b"\r\n\x00RIFF", "audio/wav; length=7") for name in names
    ]
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content, kind in parts
    )
    answer = TestClient(app).post(
        "/runs/multipart",
        content=body + b"--b--\r\n",
        headers={"content-type": 'multipart/form-data; boundary="b"', "x-api-key": "k"},
    )
    assert answer.status_code == 202, answer.text
    return answer.json(), taken, run_id


def test_an_attachment_is_kept_with_its_run() -> None:
    files = Files()
    answer, (batch,), run_id = sent(files, "sound")
    key = attachment_key(MAIN, run_id, "sound")
    assert files.kept == {key: (b"\r\n\x00RIFF", "audio/wav")}
    kept = {"key": key, "mime_type": "audio/wav", "size_bytes": 7}
    assert batch.runs[0].attachments == {"sound": kept}
    assert "rejected" not in answer


def test_without_a_media_store_the_run_is_kept_and_the_file_refused() -> None:
    answer, (batch,), run_id = sent(None, "sound")
    assert [run.id for run in batch.runs] == [run_id]
    why = "this server keeps no attachments"
    assert answer["rejected"] == [{"id": f"attachment.{run_id}.sound", "error": why}]


@given(st.text(min_size=1, max_size=200))
def test_a_name_cannot_lead_out_of_its_folder(name: str) -> None:
    run_id = str(UUID(int=7))
    key = attachment_key(MAIN, run_id, name)
    assert re.fullmatch(rf"attachments/{MAIN}/{run_id}/[0-9a-f]{{32}}", key)
    assert attachment_key(MAIN, run_id, name + "x") != key


def test_a_file_without_a_usable_name_is_refused_alone() -> None:
    files = Files()
    answer, _, _ = sent(files, "a" * 201, "../ok")
    assert len(files.kept) == len(answer["rejected"]) == 1


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_body_that_ends_early_is_refused(size: int) -> None:
    whole = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--'
    assert len(parts_of(whole, b"b")) == 1
    with pytest.raises(BadInput):
        parts_of(whole[:size], b"b")


def test_a_dotted_order_tells_trace_parent_and_start() -> None:
    root, child = uuid4(), uuid4()
    path = f"20230914T223155647123Z{root}.20230914T223155648Z{child.hex}"
    order = order_of(path)
    assert order is not None
    assert (order.trace_id, order.parent_id) == (str(root), str(root))
    assert order.start_ns == 1_694_730_715_648_000_000
    for wrong in (None, "", "x", path + ".", f"20231399T223155Z{root}"):
        assert order_of(wrong) is None
