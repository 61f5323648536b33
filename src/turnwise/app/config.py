"""All settings of the server; the only place that reads the environment.

Flags win over the environment, the environment over the TOML file.
"""

import os
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from turnwise.model.errors import Misconfigured
from turnwise.model.instants import NS_PER_SECOND

PREFIX = "TURNWISE_"


class Settings(BaseSettings):
    """What an operator may set; every default starts a working server."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8990, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(
        Path("turnwise-data"), description="Folder of everything that is kept embedded."
    )
    api_key: SecretStr | None = Field(
        None,
        description="Bootstrap secret key (at least 16 characters): full scopes in tenant "
        "`default`, project `default`.",
    )
    public_key: str = Field(
        "pk-turnwise", description="Public half of the bootstrap key (Basic user name)."
    )
    telemetry_url: str = Field(
        "",
        description="Empty: embedded under the data folder. "
        "`clickhouse(s)://user:pass@host:port/db[?cluster=name]`: a server or cluster.",
    )
    catalog_url: str = Field(
        "", description="Empty: SQLite under the data folder. `postgresql://...`: PostgreSQL."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs links, cookies and log-in tokens, and seals the secrets of integrations "
        "(at least 16 characters). Absent: made and kept in the data folder; required when a store "
        "is on a server.",
    )
    observability_key: SecretStr | None = Field(
        None,
        description="What workers send as `x-observability-key` to `POST "
        "/internal/sessions/observability` (at least 16 characters); without it they need an API "
        "key.",
    )
    jwt_issuer: str = Field(
        "", description="Issuer (`iss`) of an outside identity provider whose tokens are accepted."
    )
    jwt_jwks: str = Field(
        "",
        description="Its public keys (RS256, ES256): a JWKS file or an `http(s)://` address. "
        "Needs the issuer.",
    )
    jwt_secret: SecretStr | None = Field(
        None, description="Its shared secret instead (HS256, at least 32 characters)."
    )
    jwt_audience: str = Field("", description="Audience (`aud`) that its tokens must name.")
    jwt_tenant: str = Field(
        "default", description="Slug of the tenant that its users belong to; new ones are members."
    )
    signup: bool = Field(
        True,
        description="Whether `POST /api/auth/signup/` may make a user with a tenant of their own.",
    )
    max_live_sessions: int = Field(
        100,
        ge=0,
        description="Live sessions per character that browsers may start; 0 is no limit. "
        "A character's own `max_concurrent_sessions` wins.",
    )
    max_body_mb: int = Field(
        64, ge=1, description="Largest request body in MiB, before and after decompression."
    )
    silence_minutes: float = Field(
        10, gt=0, description="An open session is closed when nothing came in for so long."
    )
    public_url: str = Field(
        "",
        description="Base URL from outside, as in `https://turnwise.example.com`: in signed links, "
        "and what Twilio's signatures are checked against. Empty: the address of each request.",
    )
    media_url: str = Field(
        "",
        description="Empty: a folder under the data folder. `s3://bucket/prefix` (endpoint, region "
        "and keys by the usual AWS variables), and what obstore offers besides.",
    )
    max_recording_mb: int = Field(1024, ge=1, description="Largest recording in MiB.")
    link_ttl_seconds: int = Field(
        3600, ge=1, le=604_800, description="Life of signed links to recordings."
    )
    twilio_auth_token: SecretStr | None = Field(
        None, description="Twilio auth token of the default project; checks its callbacks."
    )
    fetch_hosts: str = Field(
        "",
        description="Hosts beside the carrier's own from which recordings may be fetched and egress "
        "files copied, separated by commas; these, and the receivers of alerts among them, may have "
        "private addresses and plain HTTP.",
    )
    retention_days: int | None = Field(
        None,
        ge=1,
        description="Sessions are erased so many days after their last sign of life, with their "
        "recordings, in projects that say nothing themselves. Empty: they are kept.",
    )
    alert_seconds: float = Field(
        30, ge=0.1, description="How often the last minutes are held against the alerts."
    )
    diagnosis_preset: str = Field(
        "webrtc",
        description="Limits of the diagnosis: `webrtc`, `pstn` (telephone) or `strict`.",
    )
    diagnosis_limits: dict[str, float] = Field(
        {},
        description="Limits of one's own, by name; `docs/diagnosis.md` has them all. JSON, or a "
        "table in the settings file.",
    )
    diagnosis_agents: dict[str, dict[str, str | float]] = Field(
        {},
        description="The same for single agents, by slug: limits, and `preset` where it differs.",
    )
    diagnosis_alternatives: dict[str, str] = Field(
        {},
        description="By stage (`llm`, `tts`, ...) a sentence that is added to its recommendations.",
    )
    livekit_url: str = Field(
        "", description="LiveKit server that `POST /v1/sessions/start` sends callers to."
    )
    livekit_api_key: str = Field("", description="LiveKit API key of the default project.")
    livekit_api_secret: SecretStr | None = Field(
        None, description="LiveKit API secret of the default project."
    )

    @property
    def silence_ns(self) -> int:
        """How long an open session may be silent."""
        return round(self.silence_minutes * 60 * NS_PER_SECOND)

    @property
    def is_cluster(self) -> bool:
        """Whether a store is on a server, which several processes may share."""
        is_on_server = bool(self.catalog_url) and not self.catalog_url.startswith("sqlite")
        return bool(self.telemetry_url) or is_on_server

    @property
    def telemetry_dir(self) -> Path:
        """Folder of the embedded telemetry engine."""
        return self.data_dir / "telemetry"

    @property
    def media_dir(self) -> Path:
        """Folder of recordings, unless there is a media URL."""
        return self.data_dir / "media"

    @property
    def incoming_dir(self) -> Path:
        """Folder of recordings that are still coming in."""
        return self.data_dir / "incoming"

    @property
    def listening_dir(self) -> Path:
        """Folder of the copy that is being listened to."""
        return self.data_dir / "listening"

    @property
    def max_recording_bytes(self) -> int:
        """Largest recording."""
        return self.max_recording_mb * 1024 * 1024

    @property
    def max_body_bytes(self) -> int:
        """Largest request body, before and after decompression."""
        return self.max_body_mb * 1024 * 1024


def load(flags: dict[str, Any] | None = None, file: Path | None = None) -> Settings:
    """Settings from flags (None means not given), environment and an optional TOML file.

    Raises:
        Misconfigured: a value is out of its range, or the file holds an unknown name.
    """
    from_file = _read_file(file) if file is not None else {}
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    from_environment = {
        name[len(PREFIX) :].lower() for name in os.environ if name.upper().startswith(PREFIX)
    }
    base = {name: value for name, value in from_file.items() if name not in from_environment}
    try:
        return Settings(**{**base, **given})
    except ValidationError as error:
        raise Misconfigured(_first_problem(error)) from error


def unknown_names(environment: dict[str, str]) -> list[str]:
    """Variables that carry our prefix and mean nothing: most likely misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    ours = {name for name in environment if name.upper().startswith(PREFIX)}
    return sorted(name for name in ours if name.upper() not in known)


def masked_url(url: str) -> str:
    """A URL that may be logged: the password is left out."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":***@")


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise Misconfigured(f"The settings file {file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"The settings file {file} is not TOML: {error}") from error


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    name = PREFIX + ".".join(str(part) for part in problem["loc"]).upper()
    return f"{name}: {problem['msg']}"
