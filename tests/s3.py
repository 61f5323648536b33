"""A server of the S3 protocol on the loopback: moto's, in an environment of its own."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.server import wait_for

MOTO = Path(__file__).parents[1] / ".venv-clients" / "moto-5" / "bin" / "moto_server"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "an-id", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
# moto takes any signature; what it holds a client to is the protocol.
_SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=an-id/20200101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}


@contextmanager
def running_s3() -> Iterator[str]:
    """The server's address; it holds a bucket `media`."""
    if not MOTO.exists():
        pytest.skip("the environment moto-5 was not made: ./dev test makes it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([MOTO, "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(url), seconds=60)
        put(url, "media")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def put(url: str, path: str, content: bytes = b"") -> None:
    """Make a bucket, or put a file as `bucket/key`."""
    made = httpx2.put(f"{url}/{path}", content=content, headers=_SIGNED)
    assert made.is_success, made.text


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/moto-api/").is_success
    except httpx2.TransportError:
        return False
