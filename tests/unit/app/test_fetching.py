"""Where recordings may be fetched from, and what a name may stand for."""

import asyncio
import base64
import socket
from typing import Any

import pytest

from turnwise.app.fetching import (
    AllowedHosts,
    AudioSource,
    CheckedNetwork,
    Refused,
    audio_url,
    is_outside,
)
from turnwise.model.ids import ProjectId
from turnwise.model.recording import Recording, RecordingStatus

ACCOUNT = "AC" + "5" * 32


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1",
        "2002:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_known_in_every_spelling(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_outside_are_let_through(address: str) -> None:
    assert is_outside(address)


async def test_a_name_of_the_carrier_that_stands_for_an_address_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def resolve(*_: Any, **__: Any) -> list[Any]:
        found = ("8.8.8.8", "169.254.169.254")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    with pytest.raises(Refused, match="inside"):
        await CheckedNetwork(AllowedHosts()).connect_tcp("api.twilio.com", 443)


@pytest.mark.parametrize(
    "url",
    ["https://api.twilio.com/a", "https://media.eu.twilio.com:443/a", "http://inside.example:81/a"],
)
def test_the_carriers_hosts_and_named_ones_are_allowed(url: str) -> None:
    AllowedHosts.of(" Inside.example:81 , other").check(url)


@pytest.mark.parametrize(
    "url", ["http://inside.example/a", "https://twilio.com.evil.example/a", "https://twilio.com/a"]
)
def test_all_others_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        AllowedHosts.of("inside.example:81").check(url)


def test_two_channels_are_asked_for_apart() -> None:
    def of(channels: int, url: str) -> str:
        return audio_url(
            Recording(
                id="a",
                project_id=ProjectId("p"),
                session_id=None,
                call_id="CA1",
                status=RecordingStatus.PENDING,
                channels=channels,
                source_url=url,
            )
        )

    base = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1"
    assert of(1, base) == f"{base}.wav"
    assert of(2, base) == f"{base}.wav?RequestedChannels=2"
    assert of(1, f"{base}.mp3") == f"{base}.mp3"


async def test_the_token_is_shown_to_the_carrier_alone() -> None:
    mine, other = ProjectId("mine"), ProjectId("other")

    async def token_of(project_id: ProjectId, account: str) -> str | None:
        return "token" if (project_id, account) == (mine, ACCOUNT) else None

    source = AudioSource(AllowedHosts.of("inside.example"), token_of)
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1.wav"
    login = "Basic " + base64.b64encode(f"{ACCOUNT}:token".encode()).decode()
    try:
        assert await source.login(f"https://api.twilio.com{path}", mine) == login
        assert await source.login(f"https://api.twilio.com{path}", other) is None
        for host in ("http://inside.example", "https://twilio.com.evil.example"):
            assert await source.login(host + path, mine) is None
        assert await source.login("https://api.twilio.com/elsewhere", mine) is None
        strange = path.replace("AC5", "AC6")
        assert await source.login(f"https://api.twilio.com{strange}", mine) is None
    finally:
        await source.close()
