"""What the bodies carry: makings and updates of runs, feedback, attachments."""

import base64
import binascii
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from turnwise.http.json_text import decode_lenient
from turnwise.ingest.langsmith.multipart import Part
from turnwise.model.batch import Rejected
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND, parse_fact_ns

FIELDS = frozenset({"inputs", "outputs", "events", "extra", "error", "serialized"})
"""What travels in parts of its own."""

_SEGMENT = re.compile(
    r"(\d{8}T\d{6})(\d{0,9})Z([0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12})"
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to a run."""

    name: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Piece:
    """One making or update of a run, as sent.

    Attributes:
        id: UUID in canonical text.
        fields: nulls left out.
    """

    id: str
    is_update: bool
    fields: dict[str, Any]
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(slots=True)
class Sent:
    """What one request carries.

    Attributes:
        feedback: bodies of judgements by id.
        loose: attachments of runs that the request says nothing else of.
    """

    pieces: list[Piece] = field(default_factory=list)
    feedback: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    loose: list[tuple[str, Attachment]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class BatchBody(msgspec.Struct):
    """Body of /runs/batch; each run is still to be read on its own."""

    post: list[msgspec.Raw] | None = None
    patch: list[msgspec.Raw] | None = None


def sent_in_batch(body: bytes) -> Sent:
    """The runs of a /runs/batch body.

    Raises:
        BadInput: the body is no JSON of this form.
    """
    try:
        batch = decode_lenient(body, BatchBody)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The body is no batch of runs: {error}") from error
    sent = Sent()
    for is_update, runs in ((False, batch.post), (True, batch.patch)):
        for index, run in enumerate(runs or ()):
            try:
                sent.pieces.append(piece_of(run, None, is_update=is_update))
            except BadInput as error:
                name = "patch" if is_update else "post"
                sent.rejected.append(Rejected(f"{name}[{index}]", error.message))
    return sent


def sent_in_parts(parts: Iterable[Part]) -> Sent:
    """The runs, feedback and attachments of a multipart body.

    A part that cannot be read costs its own run and no other.
    """
    sorter = _Sorter()
    for part in parts:
        try:
            sorter.add(part)
        except BadInput as error:
            sorter.refuse(part, error.message)
    return sorter.sent()


@dataclass(slots=True)
class _Sorter:
    """Puts parts together that belong to one run."""

    made: dict[tuple[str, str], Piece] = field(default_factory=dict)
    fields: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    broken: set[tuple[str, str]] = field(default_factory=set)
    files: list[tuple[str, Attachment]] = field(default_factory=list)
    feedback: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def add(self, part: Part) -> None:
        kind, _, rest = part.name.partition(".")
        name, _, detail = rest.partition(".")
        run_id = uuid_text(name, part.name)
        if kind == "attachment" and detail:
            self.files.append((run_id, Attachment(detail, part.content_type, part.content)))
        elif kind == "feedback" and not detail:
            self.feedback.append((run_id, _object(part.content, part.name)))
        elif kind in ("post", "patch") and not detail:
            self.made[kind, run_id] = piece_of(part.content, run_id, is_update=kind == "patch")
        elif kind in ("post", "patch") and detail in FIELDS:
            found = _json(part.content, part.name)
            if found is not None:
                self.fields.setdefault((kind, run_id), {})[detail] = found
        else:
            self.rejected.append(Rejected(part.name[:256], "a part of no known name"))

    def refuse(self, part: Part, reason: str) -> None:
        self.rejected.append(Rejected(part.name[:256], reason))
        kind, _, rest = part.name.partition(".")
        with suppress(ValueError):
            self.broken.add((kind, str(UUID(rest.partition(".")[0]))))

    def sent(self) -> Sent:
        for (kind, run_id), found in self.fields.items():
            # The head may come in a request of its own.
            piece = self.made.setdefault((kind, run_id), Piece(run_id, kind == "patch", {}))
            piece.fields |= found
        pieces = [piece for key, piece in self.made.items() if key not in self.broken]
        by_id = {piece.id: piece for piece in pieces}
        loose: list[tuple[str, Attachment]] = []
        for run_id, file in self.files:
            if run_id in by_id:
                by_id[run_id].attachments.append(file)
            else:
                loose.append((run_id, file))
        return Sent(pieces, self.feedback, loose, self.rejected)


def piece_of(json: bytes | msgspec.Raw, run_id: str | None, *, is_update: bool) -> Piece:
    """One run of a body.

    Raises:
        BadInput: it is no JSON object, or its id is no UUID.
    """
    said = _object(bytes(json), "body")
    if run_id is None:
        run_id = uuid_text(said.get("id"), "id")
    elif said.get("id") is not None and uuid_text(said["id"], "id") != run_id:
        raise BadInput("the id in the body is another one", issues=[_issue("id", "another id")])
    fields = {name: value for name, value in said.items() if value is not None}
    return Piece(run_id, is_update, fields, _inline(fields.pop("attachments", None)))


def _inline(sent: Any) -> list[Attachment]:
    """Attachments inside JSON: name to [type, base64]."""
    found: list[Attachment] = []
    for name, pair in sent.items() if isinstance(sent, dict) else ():
        match pair:
            case [str(content_type), str(encoded)]:
                try:
                    content = base64.b64decode(encoded, validate=True)
                except (binascii.Error, ValueError):
                    continue
                found.append(Attachment(name, content_type, content))
    return found


def uuid_text(value: Any, where: str) -> str:
    """A UUID, with or without dashes, in canonical text.

    Raises:
        BadInput: it is none.
    """
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError) as error:
        raise BadInput("not a UUID", issues=[_issue(where, "not a UUID")]) from error


def optional_uuid(value: Any, where: str) -> str | None:
    """The same of a field that may be absent."""
    return None if value is None else uuid_text(value, where)


def instant_ns(value: Any, where: str) -> int | None:
    """An instant as the API takes it: ISO 8601 (naive is UTC), or a number of milliseconds.

    Raises:
        BadInput: it is none.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return parse_fact_ns(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value * NS_PER_MS)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{where} is no instant", issues=[_issue(where, "no instant")]) from error
    raise BadInput(f"{where} is no instant", issues=[_issue(where, "no instant")])


@dataclass(frozen=True, slots=True)
class Order:
    """What a dotted order says.

    Attributes:
        start_ns: of the run itself.
        trace_id: id of the first run on the path.
        parent_id: of the run above; None for a root.
    """

    start_ns: int
    trace_id: str
    parent_id: str | None


def order_of(dotted_order: Any) -> Order | None:
    """The meaning of a dotted order; None for what is none."""
    if not isinstance(dotted_order, str):
        return None
    path = [_SEGMENT.fullmatch(each) for each in dotted_order.split(".")]
    ids = [str(UUID(found[3])) for found in path if found is not None]
    last = path[-1]
    if last is None or len(ids) != len(path):
        return None
    try:
        second = datetime.strptime(last[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    fraction = int(last[2].ljust(9, "0"))
    start_ns = int(second.timestamp()) * NS_PER_SECOND + fraction
    return Order(start_ns, ids[0], ids[-2] if len(ids) > 1 else None)


def _json(content: bytes, where: str) -> Any:
    try:
        return decode_lenient(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("not JSON", issues=[_issue(where, "not JSON")]) from error


def _object(content: bytes, where: str) -> dict[str, Any]:
    found = _json(content, where)
    if not isinstance(found, dict):
        raise BadInput("no JSON object", issues=[_issue(where, "no JSON object")])
    return found


def _issue(where: str, message: str) -> Issue:
    return Issue(("body", where), message)
