"""Recordings that lie at a carrier are fetched: only from its hosts, and never from inside.

Files that a media server has made are copied where that is allowed, and linked where it is not.

A webhook names a URL, so the URL may be anything. It is held against the allowed hosts, every
address that its name stands for is looked at, and the connection goes to such an address and no
other, so that a name cannot mean something else a moment later. A redirect is a new URL.
"""

import asyncio
import base64
import ipaddress
import logging
import re
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import httpcore2
import httpx2

from turnwise.app.claiming import Claiming
from turnwise.model.batch import Batch
from turnwise.model.errors import BadInput, Forbidden, NotFound, RetryableError
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId
from turnwise.model.ports import Accept, RecordingKeeper, TelemetryStore
from turnwise.model.recording import Recording, RecordingOrigin, RecordingStatus
from turnwise.model.session import Session
from turnwise.store.media.same_s3 import SameS3

log = logging.getLogger(__name__)

CARRIER_HOSTS = (".twilio.com",)
TIMEOUTS = {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 30.0}
TOTAL_SECONDS = 1_800
MAX_REDIRECTS = 5
PAUSES = (2.0, 10.0, 60.0, 300.0)
"""Seconds before each further attempt."""
AT_ONCE = 2
MAX_WAITING = 1_000
LOOK_SECONDS = 30.0
_ACCOUNT = re.compile(r"/Accounts/(AC[0-9a-fA-F]{32})/")
_AS_IT_IS = "!#$%&'()*+,/:;=?@[]~"
"""What a URL may hold besides letters and digits (RFC 3986, 2.2); the rest is sent as %XX."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


TokenOf = Callable[[ProjectId, str], Awaitable[str | None]]
"""A project's token for an account of the carrier; None when it has none."""


class Refused(BadInput):
    """A URL from which nothing is fetched."""

    code = "fetch_refused"


class FetchFailed(Exception):
    """The other side answered with something else than audio; it may be better later."""


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Where recordings may be fetched from.

    Attributes:
        named: hosts that the operator names; these may be inside, and without TLS.
    """

    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str) -> "AllowedHosts":
        """From names separated by commas; a name may carry a port."""
        return cls(frozenset(each.strip().lower() for each in text.split(",") if each.strip()))

    def check(self, url: str) -> None:
        """Raises Refused for any URL that is not the carrier's and not named."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise Refused("The address of the recording is malformed.") from error
        if self.trusts(host, port):
            if parts.scheme not in ("http", "https"):
                raise Refused("A recording is fetched over HTTP.")
            return
        if not host.endswith(CARRIER_HOSTS) or parts.scheme != "https" or port not in (None, 443):
            raise Refused("The recording lies outside of the carrier's hosts.")

    def trusts(self, host: str, port: int | None) -> bool:
        """Whether the operator has named this host."""
        return host in self.named or f"{host}:{port}" in self.named


@dataclass(slots=True)
class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to addresses outside only, and to those that it has looked at."""

    hosts: AllowedHosts
    inner: httpcore2.AsyncNetworkBackend = field(default_factory=httpcore2.AnyIOBackend)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the interface's own
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """To the first address of the host, if all of them are outside."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise Refused("The host's name is malformed.") from error
        addresses = [str(each[4][0]) for each in found]
        if not self.hosts.trusts(host, port):
            for address in addresses:
                if not is_outside(address):
                    raise Refused("The recording's host has an address inside.")
        return await self.inner.connect_tcp(
            addresses[0], port, timeout, local_address, socket_options
        )

    async def connect_unix_socket(self, *_: object, **__: object) -> httpcore2.AsyncNetworkStream:
        """Never."""
        raise Refused("A recording is fetched over the network.")

    async def sleep(self, seconds: float) -> None:
        """See AsyncNetworkBackend.sleep."""
        await self.inner.sleep(seconds)


def is_outside(address: str) -> bool:
    """Whether an address is one of the public internet."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if inner is not None:
            return is_outside(str(inner))
        if parsed in _NAT64:
            return is_outside(str(ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)))
    return parsed.is_global and not parsed.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AudioSource:
    """Opens URLs of recordings.

    Args:
        token_of: the token that a project has for an account of the carrier. It is shown to the
            carrier's own hosts beside the account that the URL names; never to another host.
        s3: the S3 of the media store, None when there is none.
        s3_project: the one project for which files are copied from there: its credentials are the
            operator's, like those of the S3. Who signs for another may name any file.
    """

    def __init__(
        self,
        hosts: AllowedHosts,
        token_of: TokenOf,
        s3: SameS3 | None = None,
        s3_project: ProjectId | None = None,
    ):
        self._hosts = hosts
        self._token_of = token_of
        self._s3 = s3
        self._s3_project = s3_project
        self._pool = httpcore2.AsyncConnectionPool(
            httpx2.create_ssl_context(), network_backend=CheckedNetwork(hosts)
        )

    async def close(self) -> None:
        """Let go of all connections."""
        await self._pool.aclose()

    def audio_of(self, recording: Recording) -> AsyncGenerator[bytes, None]:
        """The bytes of a recording; raises Refused at once, or as `read` does."""
        url, project_id = recording.source_url or "", recording.project_id
        if not recording.is_linked:
            return self.read(audio_url(recording), project_id)
        place = self._s3.place_of(url) if self._s3 and project_id == self._s3_project else None
        if self._s3 and place:
            return self._s3.read(place)
        self._hosts.check(url)
        return self.read(url, project_id)

    async def read(self, url: str, project_id: ProjectId) -> AsyncGenerator[bytes, None]:
        """The bytes behind the URL, as this project may have them.

        Raises:
            Refused: it leads where nothing is fetched from.
            FetchFailed: there is no audio (yet).
        """
        for _ in range(MAX_REDIRECTS + 1):
            self._hosts.check(url)
            headers: dict[bytes | str, bytes | str] = {
                "User-Agent": "turnwise",
                "Accept": "audio/*",
            }
            if login := await self.login(url, project_id):
                headers["Authorization"] = login
            async with self._pool.stream(
                "GET", quote(url, safe=_AS_IT_IS), headers=headers, extensions={"timeout": TIMEOUTS}
            ) as answer:
                if answer.status not in _REDIRECTS:
                    if answer.status != 200:
                        raise FetchFailed(f"The carrier answered {answer.status}.")
                    async for piece in answer.aiter_stream():
                        yield piece
                    return
                url = urljoin(url, _location(answer.headers))
        raise FetchFailed("There are too many redirects.")

    async def login(self, url: str, project_id: ProjectId) -> str | None:
        """What the host of this URL may be shown: the project's account, to the carrier only."""
        parts = urlsplit(url)
        account = _ACCOUNT.search(parts.path)
        is_carrier = parts.scheme == "https" and (parts.hostname or "").endswith(CARRIER_HOSTS)
        token = (
            await self._token_of(project_id, account.group(1)) if is_carrier and account else None
        )
        if account is None or token is None:
            return None
        pair = f"{account.group(1)}:{token}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


def _location(headers: Sequence[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name.lower() == b"location":
            return value.decode("latin-1")
    raise FetchFailed("A redirect leads nowhere.")


def audio_url(recording: Recording) -> str:
    """Twilio's URL of a recording names a resource; with an ending it is the audio of it."""
    try:
        parts = urlsplit(recording.source_url or "")
    except ValueError as error:
        raise Refused("The address of the recording is malformed.") from error
    path, query = parts.path, parse_qsl(parts.query)
    if not path.endswith((".wav", ".mp3")):
        path += ".wav"
    if recording.channels == 2:
        # Both parties apart, rather than mixed into one.
        query.append(("RequestedChannels", "2"))
    return parts._replace(path=path, query=urlencode(query)).geturl()


_PASSING = (
    OSError,
    TimeoutError,
    RetryableError,
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
)
"""What may be better the next time."""


class RecordingFetcher:
    """Fetches, in the background, what sessions tell of and nobody has yet.

    What is not fetched when the process ends is found again after the next start: the store knows
    what waits.

    Args:
        recall: has at most so many sessions derived that have such recordings, so that they are
            noticed.
        claiming: of several processes one fetches a recording.
    """

    def __init__(
        self,
        source: AudioSource,
        keeper: RecordingKeeper,
        accept: Accept,
        recall: Callable[[int], Awaitable[None]],
        store: TelemetryStore,
        claiming: Claiming,
        pauses: Sequence[float] = PAUSES,
    ):
        self._store = store
        self._claiming = claiming
        self._source = source
        self._keeper = keeper
        self._accept = accept
        self._recall = recall
        self._pauses = pauses
        self._waiting: asyncio.Queue[tuple[Recording, int]] = asyncio.Queue()
        self._known: set[str] = set()
        # As if by the process before this one.
        self._has_turned_away = True

    def notice(self, sessions: Iterable[Session]) -> None:
        """Take up the recordings of these sessions that are still to be fetched."""
        for session in sessions:
            for each in session.recordings:
                is_pending = each.status is RecordingStatus.PENDING and each.source_url is not None
                if each.id in self._known or not (is_pending or each.is_linked):
                    continue
                if len(self._known) >= MAX_WAITING:
                    self._has_turned_away = True
                    continue
                self._known.add(each.id)
                self._waiting.put_nowait((each, 0))

    async def look(self) -> None:
        """Recall what there was no room for, once most of the rest is done."""
        if self._has_turned_away and len(self._known) < MAX_WAITING // 2:
            await self._recall(MAX_WAITING)
            self._has_turned_away = False

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look_forever())
                for _ in range(AT_ONCE):
                    group.create_task(self._work())
        finally:
            await self._source.close()

    async def _look_forever(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                # What waits is found with the next look.
                log.exception("recordings that wait could not be looked up")
            await asyncio.sleep(LOOK_SECONDS)

    async def _work(self) -> None:
        while True:
            recording, attempt = await self._waiting.get()
            try:
                async with self._claiming.alone(f"fetching {recording.id}") as is_ours:
                    if not is_ours:
                        # Should the other process die of it, it is found again.
                        self._has_turned_away = True
                        self._known.discard(recording.id)
                    elif await self._was_tried(recording):
                        self._known.discard(recording.id)
                    else:
                        await self._try(recording, attempt)
            except Exception:
                log.exception("a recording could not be fetched")
                self._known.discard(recording.id)

    async def _was_tried(self, recording: Recording) -> bool:
        """Whether another process has been faster; the session here may be older than its facts."""
        origin = _origin(recording)
        [facts] = await self._store.session_facts(origin.project_id, [origin.session_id])
        told = [each.body for each in facts.facts if each.fact_id == recording.id]
        return any(
            {"storage_uri", "copy_error"} & body.keys()
            or body.get("status") == RecordingStatus.FAILED.value
            for body in told
        )

    async def _try(self, recording: Recording, attempt: int) -> None:
        reason, is_final = await self._attempt(recording)
        if reason is None:
            self._known.discard(recording.id)
        elif is_final or attempt >= len(self._pauses):
            # A file that stays linked is the usual case, and nothing is lost by it.
            level = logging.INFO if recording.is_linked else logging.WARNING
            log.log(level, "a recording was given up: %s", reason)
            await self._tell_failure(recording, reason)
            self._known.discard(recording.id)
        else:
            # It waits outside of this loop, which has others to fetch meanwhile.
            asyncio.get_running_loop().call_later(
                self._pauses[attempt], self._waiting.put_nowait, (recording, attempt + 1)
            )

    async def _attempt(self, recording: Recording) -> tuple[str | None, bool]:
        """Why it failed (None: it did not), and whether it will the next time too."""
        try:
            await self._once(recording)
        except (BadInput, Forbidden) as error:
            return error.message, True
        except NotFound as error:
            return error.message, False
        except FetchFailed as error:
            return str(error), False
        except _PASSING as error:
            return type(error).__name__, False
        return None, True

    async def _once(self, recording: Recording) -> None:
        async with (
            asyncio.timeout(TOTAL_SECONDS),
            aclosing(self._source.audio_of(recording)) as content,
        ):
            await self._keeper.keep(_origin(recording), content)

    async def _tell_failure(self, recording: Recording, reason: str) -> None:
        origin = _origin(recording)
        fact = SessionFact(
            project_id=origin.project_id,
            session_id=origin.session_id,
            kind=FactKind.RECORDING,
            fact_id=recording.id,
            # What cannot be copied stays where it is, and its link with it.
            body={"copy_error": reason}
            if recording.is_linked
            else {"status": RecordingStatus.FAILED.value, "error": reason},
        )
        await self._accept(Batch(project_id=origin.project_id, user_id=0, facts=[fact]))


def _origin(recording: Recording) -> RecordingOrigin:
    """Under the id that the carrier's callbacks have, wherever the session is by now."""
    session_id = recording.home or recording.session_id
    assert session_id is not None
    return RecordingOrigin(
        recording_id=recording.id,
        project_id=recording.project_id,
        session_id=session_id,
        call_id=None if recording.is_linked else recording.call_id,
        external_id=recording.external_id,
    )
