"""A client that costs little: many connections over raw asyncio streams, kept alive.

Run as a program of its own: it reads a job (JSON) on standard input and prints its result (JSON).
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

_BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class Job:
    """What to send.

    Attributes:
        folder: one file `0000.bin` ... per request.
    """

    host: str
    port: int
    key: str
    folder: str
    first: int
    last: int
    clients: int


@dataclass(slots=True)
class Result:
    """What came of it.

    Attributes:
        seconds: one entry per acknowledged request, from its first byte to its answer.
        busy: how often the server asked to be sent the request again.
        ended: the monotonic clock at the last acknowledgement.
        answers: statuses other than 200 and "busy".
    """

    seconds: list[float] = field(default_factory=list)
    busy: int = 0
    began: float = 0.0
    ended: float = 0.0
    cpu_s: float = 0.0
    answers: list[int] = field(default_factory=list)


async def run(job: Job) -> Result:
    """Send all requests, each client one at a time."""
    head = (
        f"POST /v1/traces HTTP/1.1\r\nhost: {job.host}:{job.port}\r\nx-api-key: {job.key}\r\n"
        "content-type: application/x-protobuf\r\ncontent-length: "
    )
    requests = []
    for number in range(job.first, job.last):
        body = (Path(job.folder) / f"{number:05}.bin").read_bytes()
        requests.append(f"{head}{len(body)}\r\n\r\n".encode() + body)
    result = Result()
    waiting = iter(requests)
    cpu = time.process_time()
    result.began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(job.clients):
            group.create_task(_client(job, waiting, result))
    result.ended = time.monotonic()
    result.cpu_s = time.process_time() - cpu
    return result


async def _client(job: Job, waiting: Iterator[bytes], result: Result) -> None:
    reader, writer = await asyncio.open_connection(job.host, job.port)
    for request in waiting:
        while True:
            began = time.monotonic()
            writer.write(request)
            status = await _answer(reader)
            if status not in _BUSY:
                break
            result.busy += 1
            await asyncio.sleep(0.2)
        if status == 200:
            result.seconds.append(time.monotonic() - began)
        else:
            result.answers.append(status)
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line[15:]))
    return status


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(run(Job(**json.load(sys.stdin)))))))
