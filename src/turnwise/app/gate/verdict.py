"""The server's answer as the gate reads it."""

from enum import IntEnum
from typing import Self

import msgspec


class Exit(IntEnum):
    """What the command ends with."""

    PASSED = 0
    FAILED = 1
    NOT_ENOUGH_DATA = 2
    NO_ANSWER = 3


class Check(msgspec.Struct, rename="camel"):
    """One gate; `passed` is None when too little is known."""

    metric: str
    threshold: float
    value: float | None = None
    passed: bool | None = None


class Changed(msgspec.Struct, rename="camel"):
    """One figure beside its baseline."""

    metric: str
    value: float | None
    baseline: float | None
    ratio: float | None
    difference95: tuple[float, float] | None
    is_worse: bool


class Side(msgspec.Struct, rename="camel"):
    """How much the verdict rests on."""

    sessions: int
    interruptions: int


class Verdict(msgspec.Struct, rename="camel"):
    """An answer of `GET /v1/observability/sessions/interruption-quality`."""

    sessions: int
    interruptions: int
    gates: list[Check]
    passed: bool | None
    baseline: Side | None = None
    changes: list[Changed] = msgspec.field(default_factory=list)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Of the answer's body.

        Raises:
            ValueError: it is no such answer.
        """
        return msgspec.json.decode(body, type=cls)

    @property
    def exit(self) -> Exit:
        if self.passed is None:
            return Exit.NOT_ENOUGH_DATA
        return Exit.PASSED if self.passed else Exit.FAILED

    @property
    def word(self) -> str:
        """The verdict for people."""
        return {
            Exit.PASSED: "passed",
            Exit.FAILED: "failed",
            Exit.NOT_ENOUGH_DATA: "not enough data",
        }[self.exit]

    @property
    def basis(self) -> str:
        """What it rests on."""
        text = f"{self.interruptions} interruptions in {self.sessions} sessions"
        if self.baseline is not None:
            text += (
                f"; baseline: {self.baseline.interruptions} in {self.baseline.sessions} sessions"
            )
        if self.passed is None:
            text += "; 30 are needed on each side"
        return text
