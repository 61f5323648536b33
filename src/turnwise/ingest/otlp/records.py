"""Records of OTLP that are no spans."""

from dataclasses import dataclass
from typing import Any

from turnwise.model.batch import RawScope


@dataclass(frozen=True, slots=True)
class RawLog:
    """A log record as it came.

    Attributes:
        body: its text, "" when it is none.
        resource: attributes of whatever wrote it; never changed.
    """

    body: str
    time_ns: int
    attributes: dict[str, Any]
    scope: RawScope
    resource: dict[str, Any]
