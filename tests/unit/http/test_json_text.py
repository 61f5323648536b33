"""JSON as JavaScript and Python write it when it is none."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.http.json_text import decode_lenient

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from('\ud83d\udc00\\"/u')), max_size=12)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=12,
)


def meant(value: Any) -> Any:
    """The value with what no JSON can say replaced."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        # What JSON writes as two halves of a pair is one character again.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [meant(item) for item in value]
    if isinstance(value, dict):
        return {meant(key): meant(item) for key, item in value.items()}
    return value


@given(VALUES)
def test_what_pythons_json_writes_is_read(value: Any) -> None:
    written = json.dumps(value).encode()
    assert decode_lenient(written) == meant(json.loads(written))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": NaN', b'"\\ud83d', b"[NaNa]", b"['\\ud83d']", b'"' + b'\\"' * 100_000],
    ids=range(7),
)  # fmt: skip
def test_what_is_no_json_all_the_same_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_lenient(body)


def test_a_form_is_kept_to() -> None:
    assert decode_lenient(b'["\\ud83d"]', list[str]) == ["\ufffd"]
    with pytest.raises(msgspec.ValidationError):
        decode_lenient(b"[NaN]", list[float])
