"""Files that stand in contents as base64 are named in their place, and texts stay what they were."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.api.ui.contents import SHOWN_BYTES, UNKNOWN_TYPE, content_body, part_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
WAV = b"RIFF\x24\x08\x00\x00WAVEfmt " + bytes(range(256)) * 8
BINARY = bytes((index * 37 + index // 7) % 256 for index in range(3000))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _shown(text: str) -> str:
    body = content_body(text, whole=True)
    assert body is not None
    return body.text


@pytest.mark.parametrize(
    ("written", "media_type", "content"),
    [
        (f"data:image/png;base64,{_base64(PNG)}", "image/png", PNG),
        ("data:image/png;base64,AAAA", "image/png", b"\0\0\0"),
        (f"data:audio/x-wav;codecs=1;base64,{_base64(WAV)}", "audio/wav", WAV),
        (_base64(WAV), "audio/wav", WAV),
        (base64.urlsafe_b64encode(PNG).decode().rstrip("="), "image/png", PNG),
        (_base64(BINARY), UNKNOWN_TYPE, BINARY),
        (f"data:image/svg+xml;base64,{_base64(b'<svg/>')}", UNKNOWN_TYPE, b"<svg/>"),
    ],
    ids=["data-url", "short", "audio-url", "bare", "url-alphabet", "unknown", "svg-may-run"],
)
def test_a_file_is_named_and_can_be_had(written: str, media_type: str, content: bytes) -> None:
    text = json.dumps([{"say": "before", "data": written, "more": json.dumps({"again": written})}])
    (found,) = json.loads(_shown(text))
    name = f"{media_type}:{len(content)}"
    assert found["data"] == f"turnwise-media:0:{name}"
    assert json.loads(found["more"]) == {"again": f"turnwise-media:1:{name}"}
    for place in (0, 1):
        part = part_of(text, place)
        assert part is not None
        assert (part.media_type, part.content) == (media_type, content)
    assert part_of(text, 2) is None


@pytest.mark.parametrize(
    "text",
    [
        json.dumps("a" * 5000),
        json.dumps("word " * 1000),
        json.dumps({"hash": "0123456789abcdef" * 100}),
        json.dumps("see data:image/png;base64,AAAA in the text"),
    ],
    ids=["one-letter", "words", "hexadecimal", "inside-a-sentence"],
)
def test_a_text_stays_a_text(text: str) -> None:
    assert _shown(text) == text


def test_a_content_is_cut_after_its_files_were_taken_out() -> None:
    text = json.dumps({"data": _base64(WAV * 100), "said": "x"})
    body = content_body(text, whole=False)
    assert body is not None
    assert (body.is_cut, body.bytes) == (False, len(text))
    assert json.loads(body.text)["said"] == "x"


@given(st.text(alphabet="aé😀 \n", min_size=1, max_size=12), st.integers(0, 3), st.integers(1, 5))
def test_what_is_cut_is_a_beginning_within_the_limit(word: str, ahead: int, times: int) -> None:
    said = "a" * ahead + word * (SHOWN_BYTES * times // 4 // len(word))
    body = content_body(said, whole=False)
    assert body is not None
    assert said.startswith(body.text)
    assert len(body.text.encode()) <= SHOWN_BYTES
    assert body.is_cut == (len(said.encode()) > SHOWN_BYTES)
    assert body.bytes == len(said.encode())


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
))  # fmt: skip
def test_json_without_files_is_sent_as_it_is(value: object) -> None:
    text = json.dumps(value)
    assert _shown(text) == text
    assert part_of(text, 0) is None
