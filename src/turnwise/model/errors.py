"""Everything that can go wrong, as one tree.

TurnwiseError
├── BadInput            the sender's fault, and the same bytes will never work
│   ├── TooLarge        over a stated limit, compressed or not
│   └── Unsupported     a content type or encoding that is not spoken here
├── Unauthenticated     no credential, or one that does not hold
├── Forbidden           a good credential without the needed scope
├── NotFound            unknown, or not visible to this caller: deliberately the same
├── Conflict            the thing exists, or is in a state that does not allow this
├── TooManyRequests     over the caller's rate; retry later
├── Busy                no room or no time now; the same bytes will work later
└── Misconfigured       the operator has to act; stops the start

A class says whose fault it is and whether a retry helps; how it is rendered is the business of
each surface.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with an input.

    Attributes:
        location: where it is, outermost first, for example ("query", "limit").
        message: what is wrong and what would be right.
        kind: a stable slug, for example "int_parsing".
    """

    location: tuple[str | int, ...]
    message: str
    kind: str = "invalid"


class TurnwiseError(Exception):
    """Base of all errors that a caller may be shown.

    Args:
        message: one sentence, without content of a call and without secrets.
        code: a stable slug for programs.
        details: more for a person; never needed by a program.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, details: str | None = None):
        super().__init__(message)
        self.message = message
        self.details = details
        if code is not None:
            self.code = code


class BadInput(TurnwiseError):
    """The bytes cannot be read or a parameter is out of its range."""

    code = "bad_input"

    def __init__(
        self,
        message: str,
        *,
        issues: Sequence[Issue] = (),
        code: str | None = None,
        details: str | None = None,
    ):
        super().__init__(message, code=code, details=details)
        self.issues = tuple(issues)


class TooLarge(BadInput):
    """A body or an item over its limit, counted after decompression."""

    code = "too_large"


class Unsupported(BadInput):
    """A content type or content encoding that this route does not read."""

    code = "unsupported_media_type"


class Unauthenticated(TurnwiseError):
    """No credential, or one that is unknown, expired, revoked or malformed."""

    code = "unauthenticated"


class Forbidden(TurnwiseError):
    """The credential is good and lacks the scope."""

    code = "forbidden"


class NotFound(TurnwiseError):
    """Unknown, or outside what the caller may see."""

    code = "not_found"


class Conflict(TurnwiseError):
    """The thing exists already, or its state does not allow the request."""

    code = "conflict"


class RetryableError(TurnwiseError):
    """Something that passes; the same request may be sent again.

    Args:
        retry_after_seconds: what the Retry-After header should say.
    """

    code = "retry"

    def __init__(self, message: str, *, retry_after_seconds: int = 1, code: str | None = None):
        super().__init__(message, code=code)
        self.retry_after_seconds = retry_after_seconds


class TooManyRequests(RetryableError):
    """The caller is over its rate."""

    code = "rate_limited"


class Busy(RetryableError):
    """A queue is full, the server is stopping, or a store did not answer."""

    code = "busy"


class Misconfigured(TurnwiseError):
    """The operator has to change something; raised while starting."""

    code = "misconfigured"
