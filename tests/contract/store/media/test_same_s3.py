"""Which addresses name a file of the same S3, and that none of our own is among them."""

import pytest

from turnwise.app.peaks import PEAKS_FOLDER
from turnwise.model.recording import FOLDER
from turnwise.model.runs import ATTACHMENTS
from turnwise.model.trace import MEDIA
from turnwise.store.media.same_s3 import OWN_FOLDERS, Place, SameS3, same_s3

MINE = SameS3("media", "turnwise", "s3.example.com:9000")
AMAZON = SameS3("media", "", None)
KEY = "calls/a b/call.ogg"


@pytest.mark.parametrize(
    ("s3", "address"),
    [
        (MINE, "s3://egress/calls/a b/call.ogg"),
        (MINE, "https://s3.example.com:9000/egress/calls/a%20b/call.ogg"),
        (MINE, "http://S3.example.com:9000/egress/calls/a b/call.ogg"),
        (MINE, "https://egress.s3.example.com:9000/calls/a%20b/call.ogg"),
        (AMAZON, "https://egress.s3.amazonaws.com/calls/a%20b/call.ogg"),
        (AMAZON, "https://egress.s3.eu-west-1.amazonaws.com/calls/a%20b/call.ogg"),
        (AMAZON, "https://s3.eu-west-1.amazonaws.com/egress/calls/a%20b/call.ogg"),
        (AMAZON, "https://s3-eu-west-1.amazonaws.com/egress/calls/a%20b/call.ogg"),
    ],
)
def test_every_style_of_address_names_the_file(s3: SameS3, address: str) -> None:
    assert s3.place_of(address) == Place("egress", KEY)


@pytest.mark.parametrize(
    ("s3", "address"),
    [
        (MINE, "s3://media/turnwise/recordings/a.wav"),
        (MINE, "https://s3.example.com:9000/media/turnwise/recordings/a.wav"),
        (MINE, "https://s3.example.com:9000/media/calls/../turnwise/recordings/a.wav"),
        (MINE, "https://s3.example.com:9000/media/%2e%2e/media/turnwise/a.wav"),
        (MINE, "https://s3.example.com:9000/media//turnwise/recordings/a.wav"),
        (MINE, "https://media.s3.example.com:9000/turnwise/recordings/a.wav"),
        (AMAZON, "s3://media/recordings/a.wav"),
        (AMAZON, "https://media.s3.amazonaws.com/attachments/a"),
        (AMAZON, "https://media.s3.amazonaws.com/langfuse/a"),
    ],
)
def test_what_is_ours_is_not_to_be_had(s3: SameS3, address: str) -> None:
    assert s3.place_of(address) is None


@pytest.mark.parametrize(
    ("s3", "address"),
    [
        (MINE, "https://egress.s3.amazonaws.com/call.ogg"),
        (MINE, "https://s3.example.com/egress/call.ogg"),
        (AMAZON, "https://egress.s3.amazonaws.com.evil.example/call.ogg"),
        (AMAZON, "https://evil.example/s3.amazonaws.com/call.ogg"),
        (AMAZON, "https://me@egress.s3.amazonaws.com/call.ogg"),
        (AMAZON, "https://egress.s3.amazonaws.com/call.ogg?versionId=1"),
        (AMAZON, "https://egress.s3.amazonaws.com/"),
        (AMAZON, "s3://egress"),
        (AMAZON, "s3://EG_RESS/call.ogg"),
        (AMAZON, "gs://egress/call.ogg"),
        (AMAZON, "call.ogg"),
        (AMAZON, "https://[nonsense/call.ogg"),
    ],
)
def test_other_places_are_not_ours_to_read(s3: SameS3, address: str) -> None:
    assert s3.place_of(address) is None


def test_the_settings_say_which_s3_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert same_s3("s3://media") == SameS3("media", "", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3.Example.com:9000/")
    assert same_s3("s3://media/turnwise/") == MINE
    assert same_s3("") is same_s3("gs://media") is None


def test_every_folder_of_ours_is_known() -> None:
    assert set(OWN_FOLDERS) == {FOLDER, MEDIA, ATTACHMENTS, PEAKS_FOLDER}
