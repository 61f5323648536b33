"""Run as a program: writes span after span to a folder and says which are acknowledged."""

import asyncio
import sys
from itertools import count

from tests.contract.store.telemetry.places import span
from turnwise.store.telemetry import open_telemetry


async def write_for_ever(folder: str) -> None:
    store = open_telemetry(folder)

    async def sender(name: str) -> None:
        for n in count():
            sent = [span(f"{name}-{n}-{k}", f"{name}-{n}", session_ref=name) for k in range(5)]
            await store.write(7, sent, [])
            sys.stdout.write(f"{name}-{n}\n")
            sys.stdout.flush()

    await asyncio.gather(*(sender(f"s{n}") for n in range(4)))


if __name__ == "__main__":
    asyncio.run(write_for_ever(sys.argv[1]))
