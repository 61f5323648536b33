"""Tokens of an outside identity provider: RS256 and ES256 by JWKS, HS256 by a shared secret."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.people import new_person
from tests.server import RunningServer
from tests.twilio_calls import carrier
from turnwise.app.config import Settings
from turnwise.app.tokens import PublicKeys, outside_tokens
from turnwise.model.errors import Busy, Misconfigured

ISSUER = "https://login.example.com/"
AUDIENCE = "turnwise"
SECRET = "a shared secret of the test, long enough"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_set() -> dict[str, Any]:
    """What the provider publishes, with entries that nobody may use."""
    rsa_public = json.loads(RSAAlgorithm.to_jwk(RSA_KEY.public_key()))
    ec_public = json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key()))
    other = json.loads(RSAAlgorithm.to_jwk(OTHER_KEY.public_key()))
    return {
        "keys": [
            rsa_public | {"kid": "r1", "alg": "RS256", "use": "sig"},
            ec_public | {"kid": "e1"},
            {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0IQ"},
            other | {"kid": "enc", "use": "enc"},
            {"kty": "RSA", "kid": "broken"},
            "nonsense",
        ]
    }


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "jwks.json").write_text(json.dumps(key_set()))
    with RunningServer(
        folder / "data",
        TURNWISE_JWT_ISSUER=ISSUER,
        TURNWISE_JWT_JWKS=str(folder / "jwks.json"),
        TURNWISE_JWT_SECRET=SECRET,
        TURNWISE_JWT_AUDIENCE=AUDIENCE,
    ) as running:
        yield running


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "x",
        "email": "ann@example.com",
        "exp": now + 600,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(
    key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "r1", **more: Any
) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**more), key, algorithm=algorithm, headers=headers)


def ask(server: RunningServer, token: str) -> Any:
    with server.client(None, authorization=f"Bearer {token}") as client:
        return client.get("/api/auth/me/")


def test_the_providers_users_become_members_once(outside: RunningServer) -> None:
    answer = ask(outside, signed())
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["email"], body["tenant_id"], body["role"]) == (
        "ann@example.com",
        "default",
        "member",
    )
    by_ec = ask(outside, signed(EC_KEY, "ES256", "e1", email="Ann@Example.com"))
    by_secret = ask(outside, signed(SECRET, "HS256", None))
    assert by_ec.json() == by_secret.json() == body


def test_a_known_user_keeps_their_role(outside: RunningServer) -> None:
    known = new_person(outside, "default")
    body = ask(outside, signed(email=known.email)).json()
    assert (body["id"], body["role"]) == (known.user_id, "owner")


def test_what_does_not_hold_is_refused(outside: RunningServer) -> None:
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    now = int(time.time())
    confused = _hs256_with_public_key(public, claims())
    bad = {
        "expired": signed(exp=now - 120),
        "no expiry": signed(exp=None),
        "issuer": signed(iss="https://evil.example.com/"),
        "no issuer": signed(iss=None),
        "audience": signed(aud="another"),
        "no audience": signed(aud=None),
        "not yet": signed(nbf=now + 600),
        "no email": signed(email=None),
        "odd email": signed(email=["ann@example.com"]),
        "no address": signed(email="ann"),
        "unverified": signed(email_verified=False),
        "unknown kid": signed(kid="r2"),
        "no kid": signed(kid=None),
        "other key": signed(OTHER_KEY),
        "encryption key": signed(OTHER_KEY, kid="enc"),
        "other algorithm": signed(algorithm="RS512"),
        "wrong kind of key": signed(EC_KEY, "ES256", "r1"),
        "secret in the set": signed("secret-secret-secret-secret!!!!!", "HS256", "shared"),
        "wrong secret": signed("another secret of the test, also long", "HS256", None),
        "public key as secret": confused,
        "alg none": jwt.encode(claims(), "", algorithm="none"),
        "alg none with kid": jwt.encode(claims(), "", algorithm="none", headers={"kid": "r1"}),
    }
    for name, token in bad.items():
        assert ask(outside, token).status_code == 401, name
    assert ask(outside, signed()).status_code == 200


def _hs256_with_public_key(public: bytes, of: dict[str, Any]) -> str:
    """The classic confusion: the public key, which everybody has, used as a shared secret."""
    import base64  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    def b64(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    head = b64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "r1"}).encode())
    signing = f"{head}.{b64(json.dumps(of).encode())}"
    return f"{signing}.{b64(hmac.digest(public, signing.encode(), 'sha256'))}"


@pytest.mark.parametrize(
    "settings",
    [
        {"jwt_issuer": ISSUER},
        {"jwt_jwks": "keys.json"},
        {"jwt_issuer": "turnwise", "jwt_jwks": "keys.json"},
        {"jwt_secret": "short"},
    ],
)
def test_settings_that_contradict_each_other_stop_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        outside_tokens(Settings(**settings))


def test_nothing_set_accepts_nobody() -> None:
    assert outside_tokens(Settings()) is None  # type: ignore[call-arg]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_keys_are_kept_asked_for_again_and_outlive_a_broken_source(tmp_path: Path) -> None:
    file, clock = tmp_path / "jwks.json", Clock()
    keys = PublicKeys(str(file), clock)
    with pytest.raises(Busy):
        keys.key("r1")
    whole = key_set()
    file.write_text(json.dumps({"keys": whole["keys"][:1]}))
    with pytest.raises(Busy):  # asked a moment ago
        keys.key("r1")
    clock.now += 31
    assert keys.key("r1") is not None
    assert keys.key(None) is keys.key("r1")
    clock.now += 1
    assert keys.key("e1") is None
    file.write_text(json.dumps(whole))
    clock.now += 1
    assert keys.key("e1") is None  # an unknown id has asked a moment ago
    clock.now += 31
    assert keys.key("e1") is not None
    assert keys.key(None) is None  # there are two
    file.write_text("{}")
    clock.now += 601
    assert keys.key("r1") is not None


def test_keys_of_an_address_are_rotated_while_the_server_runs(tmp_path: Path) -> None:
    public = [
        json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid}
        for kid, key in (("old", RSA_KEY), ("new", OTHER_KEY))
    ]

    def published(*keys: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps({"keys": keys}).encode()

    old, new = signed(RSA_KEY, kid="old"), signed(OTHER_KEY, kid="new")
    with carrier() as provider:
        settings = {
            "TURNWISE_JWT_ISSUER": ISSUER,
            "TURNWISE_JWT_JWKS": f"http://{provider.host}/jwks.json",
        }
        with RunningServer(tmp_path, **settings) as server:
            assert ask(server, old).status_code == 503  # nothing is published yet
            assert ask(server, old).headers["retry-after"] == "30"
        provider.answers["/jwks.json"] = published(public[0])
        with RunningServer(tmp_path, **settings) as server:
            asked = len(provider.asked)
            assert ask(server, old).json()["email"] == "ann@example.com"
            provider.answers["/jwks.json"] = published(public[1])
            assert ask(server, old).status_code == 200  # kept for a while
            assert ask(server, new).json()["email"] == "ann@example.com"
            assert ask(server, old).status_code == 401
            for number in range(3):
                assert ask(server, signed(kid=f"none-{number}")).status_code == 401
            # At first, for the new key, and not for each of the unknown ones.
            assert len(provider.asked) - asked == 2
            provider.answers.clear()
            assert ask(server, new).status_code == 200
