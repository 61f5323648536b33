"""Files of runs by signed links: whole, in ranges, to nobody without the link."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx2

from tests.contract.langsmith_runs import json_part, multipart, project, run
from tests.server import RunningServer

AUDIO = b"RIFF" + bytes(range(256)) * 8
NAMES = ("sound", "a note/with .. & ü", "..")


def sent(client: httpx2.Client, **files: tuple[bytes, str]) -> dict[str, Any]:
    """A run with files by name, as it is read back."""
    made = run(session_id=project(client))
    parts = [json_part(f"post.{made['id']}", made)]
    parts += [
        (f"attachment.{made['id']}.{name}", content, kind)
        for name, (content, kind) in files.items()
    ]
    body, headers = multipart(parts)
    answer = client.post("/runs/multipart", content=body, headers=headers)
    assert (answer.status_code, list(answer.json())) == (202, ["message"]), answer.text
    return dict(client.get(f"/runs/{made['id']}").json())


def test_files_are_linked_and_served_as_they_came(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        files = {name: (AUDIO + name.encode(), "audio/wav") for name in NAMES}
        told = sent(client, **files)["s3_urls"]
    assert list(told) == [f"attachment.{name}" for name in NAMES]
    with server.client(None) as nobody:
        for name, (content, _) in files.items():
            link = told[f"attachment.{name}"]
            assert link["mime_type"] == "audio/wav"
            whole = nobody.get(link["presigned_url"])
            assert (whole.status_code, whole.content) == (200, content)
            assert whole.headers["content-type"] == "audio/wav"
            assert whole.headers["content-disposition"] == "attachment"
            assert whole.headers["x-content-type-options"] == "nosniff"


def test_a_link_answers_ranges_and_heads(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        url = sent(client, sound=(AUDIO, "audio/wav"))["s3_urls"]["attachment.sound"]
    link, size = url["presigned_url"], len(AUDIO)
    with server.client(None) as nobody:
        part = nobody.get(link, headers={"range": "bytes=4-9"})
        assert (part.status_code, part.content) == (206, AUDIO[4:10])
        assert part.headers["content-range"] == f"bytes 4-9/{size}"
        head = nobody.head(link)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(size)
        assert nobody.get(link, headers={"range": f"bytes={size}-"}).status_code == 416


def test_a_changed_link_opens_nothing(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        files = {"one": (AUDIO, "audio/wav"), "two": (b"2", "text/html")}
        told = sent(client, **files)["s3_urls"]
    url = urlsplit(told["attachment.one"]["presigned_url"])
    other = urlsplit(told["attachment.two"]["presigned_url"])
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert set(asked) == {"type", "exp", "sig"}
    recording = f"/media/recordings/{'0' * 32}.wav"
    bad = [
        url.path,
        f"{other.path}?{url.query}",
        f"{recording}?{url.query}",
        *(
            f"{url.path}?{urlencode({**asked, **change})}"
            for change in ({"type": "text/html"}, {"exp": "9" * 10}, {"sig": ""}, {"more": "x"})
        ),
    ]
    with server.client(None) as nobody:
        for link in bad:
            answer = nobody.get(link)
            assert (answer.status_code, set(answer.json())) == (403, {"error", "code"}), link


def test_a_type_that_is_none_is_served_as_bytes(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        link = sent(client, odd=(b"x", "é; evil"))["s3_urls"]["attachment.odd"]["presigned_url"]
    with server.client(None) as nobody:
        answer = nobody.get(link)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")


def test_only_the_tenant_is_given_links(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        made = sent(client, sound=(AUDIO, "audio/wav"))
    with server.client(server.new_user()) as stranger:
        seen, missing = (stranger.get(f"/runs/{each}") for each in (made["id"], uuid4()))
        assert (seen.status_code, seen.content) == (404, missing.content)
        found = stranger.post("/runs/query", json={"id": [made["id"]], "select": ["s3_urls"]})
    assert found.json()["runs"] == []


def test_a_deleted_project_takes_its_files_along(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        gone, kept = (sent(client, sound=(AUDIO, "audio/wav")) for _ in range(2))
        links = [each["s3_urls"]["attachment.sound"]["presigned_url"] for each in (gone, kept)]
        assert client.delete(f"/sessions/{gone['session_id']}").status_code == 200
        assert [client.get(each).status_code for each in links] == [404, 200]
