"""What both shapes draw: ids, text sizes, and the words of an error."""

import random

from turnwise.model.instants import ns_from_seconds

INSTRUCTED = "Greet the caller."
TOKENS_PER_S = 78.0


class Draw:
    """Seeded ids and small times."""

    def __init__(self, key: str):
        self.rng = random.Random(f"{key}/spans")  # noqa: S311 - no secret

    def hexadecimal(self, digits: int) -> str:
        """Never all zeros, which OpenTelemetry forbids."""
        return f"{self.rng.randrange(1, 16**digits):0{digits}x}"

    def little_ns(self, microseconds: int) -> int:
        """About so much time as a program needs between two steps."""
        return ns_from_seconds(microseconds / 1e6 * self.rng.uniform(0.7, 1.6))


def tokens_in(text: str) -> int:
    """Roughly how many tokens a text is."""
    return max(1, round(len(text) / 4.1))


def stacktrace(package: str, kind: str, message: str) -> str:
    """A short one, without any path of a machine."""
    return (
        "Traceback (most recent call last):\n"
        f'  File "{package}", line 342, in _main_task\n    await self._run()\n'
        f"{kind}: {message}\n"
    )
