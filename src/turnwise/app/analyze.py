"""`turnwise analyze`: a recording measured where it lies, without a server.

As `python -m turnwise.app.analyze FILE` it is the background's helper: it reads what is known of the
recording from standard input and prints the report, both as JSON.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from turnwise.analyse.hearing import hear
from turnwise.app.timeline import describe
from turnwise.http.heard import heard_body
from turnwise.model.audio import AudioReport
from turnwise.model.errors import BadInput
from turnwise.store.media.audio import open_sound

NICER = 10
"""The server goes first."""


class Question(msgspec.Struct):
    """What the background tells its helper; turns in nanoseconds since the session's start."""

    recording_id: str
    agent_turns: list[tuple[int, int]] = []


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(analyze)


def analyze(
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, MP3 or Ogg with two channels.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
    agent_channel: Annotated[
        int | None,
        typer.Option(min=0, max=1, help="The agent's channel, 0 or 1; else it is judged by ear."),
    ] = None,
) -> None:
    """Measure turn timing and interruptions in a two-channel recording; needs no server."""
    errors = Console(stderr=True)
    with (
        open_sound(file) as sound,
        Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress,
    ):
        task = progress.add_task(f"listening to {file.name}", total=1.0)
        report = hear(
            file.name,
            sound,
            agent_channel=agent_channel,
            progress=lambda done: progress.update(task, completed=done),
        )
    if report.problem and not report.duration_ns:
        raise BadInput(f"{file.name}: {report.problem}", code="no_sound")
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(heard_body(report))).decode())
        sys.stdout.write("\n")
    else:
        describe(report, file.name, Console(highlight=False))


def answer(file: Path, question: Question) -> AudioReport:
    """The report of a file whose turns are known in part."""
    with open_sound(file) as sound:
        return hear(question.recording_id, sound, agent_turns=question.agent_turns)


if __name__ == "__main__":
    with suppress(OSError):
        os.nice(NICER)
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.json.encode(answer(Path(sys.argv[1]), asked)))
