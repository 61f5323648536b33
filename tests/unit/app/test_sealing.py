"""What is sealed opens with its own key for its own owner, and otherwise not at all."""

from hypothesis import given
from hypothesis import strategies as st

from turnwise.app.sealing import Seal

KEY = bytes(range(32))
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


@given(secret=TEXT, owner=TEXT)
def test_a_secret_comes_back_and_is_not_to_be_seen(secret: str, owner: str) -> None:
    first, second = (Seal(KEY).close(secret, owner) for _ in range(2))
    assert Seal(KEY).open(first, owner) == Seal(KEY).open(second, owner) == secret
    assert first != second
    assert len(secret) < 4 or secret.encode() not in first


@given(secret=TEXT, owner=TEXT, other=TEXT)
def test_no_other_owner_and_no_other_key_opens_it(secret: str, owner: str, other: str) -> None:
    sealed = Seal(KEY).close(secret, owner)
    assert owner == other or Seal(KEY).open(sealed, other) is None
    assert Seal(bytes(32)).open(sealed, owner) is None


@given(data=st.data())
def test_what_was_changed_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(Seal(KEY).close("a secret", "me"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    assert Seal(KEY).open(bytes(sealed), "me") is None
    assert Seal(KEY).open(bytes(sealed[:place]), "me") is None
