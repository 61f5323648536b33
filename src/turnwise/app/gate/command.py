"""Asks a server for interruption quality, prints the verdict, and ends with it."""

from enum import StrEnum
from typing import Annotated

import httpx2
import typer

from turnwise.app.gate.formats import FORMATS
from turnwise.app.gate.verdict import Exit, Verdict

PATH = "/v1/observability/sessions/interruption-quality"
_PATIENCE_SECONDS = 120


class Format(StrEnum):
    """How the verdict is printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    MARKDOWN = "markdown"


Text = str | None
Number = Annotated[float | None, typer.Option(min=0, show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(gate)


def gate(
    agent: Annotated[str, typer.Option(help="Slug or public id.")],
    url: Annotated[str, typer.Option(help="Server to ask.")] = "http://127.0.0.1:8990",
    api_key: Annotated[
        str, typer.Option(envvar="TURNWISE_API_KEY", help="Key with the scope `read`.")
    ] = "",
    start: Annotated[
        Text, typer.Option("--from", help="Sessions that began then or later, ISO 8601.")
    ] = None,
    end: Annotated[Text, typer.Option("--to", help="Exclusive.")] = None,
    version: Annotated[Text, typer.Option(help="Only this version.")] = None,
    baseline_from: Annotated[
        Text, typer.Option(help="The same for what it is compared with.")
    ] = None,
    baseline_to: Annotated[Text, typer.Option()] = None,
    baseline_version: Annotated[Text, typer.Option()] = None,
    max_detection_ms: Number = None,
    max_stop_ms: Number = None,
    max_bleed_words: Number = None,
    max_false_rate: Number = None,
    max_turn_ms: Number = None,
    max_worsening: Annotated[
        float | None, typer.Option(min=0, help="Share by which a figure may get worse.")
    ] = None,
    form: Annotated[Format, typer.Option("--format")] = Format.TEXT,
) -> None:
    """Hold an agent's interruptions and latency against limits and a baseline.

    Ends with 0 when the release passes, 1 when it fails, 2 when there is not enough data (below 30
    interruptions on a side), 3 when the server gave no answer.
    """
    asked = {
        "agentId": agent,
        "from": start,
        "to": end,
        "version": version,
        "baselineFrom": baseline_from,
        "baselineTo": baseline_to,
        "baselineVersion": baseline_version,
        "maxDetectionMs": max_detection_ms,
        "maxStopMs": max_stop_ms,
        "maxBleedWords": max_bleed_words,
        "maxFalseRate": max_false_rate,
        "maxTurnMs": max_turn_ms,
        "maxWorsening": max_worsening,
    }
    try:
        answer = httpx2.get(
            f"{url.rstrip('/')}{PATH}",
            params={name: value for name, value in asked.items() if value is not None},
            headers={"x-api-key": api_key},
            timeout=_PATIENCE_SECONDS,
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _no_answer(f"{url} does not answer: {error}") from error
    if not answer.is_success:
        raise _no_answer(f"{url} answers {answer.status_code}: {answer.text}")
    try:
        verdict = Verdict.read(answer.content)
    except ValueError as error:
        raise _no_answer(f"{url} is no Turnwise server: {error}") from error
    is_json = form is Format.JSON
    typer.echo(answer.text if is_json else FORMATS[form](verdict, agent))
    if verdict.exit is Exit.NOT_ENOUGH_DATA:
        typer.echo("not enough data", err=True)
    raise typer.Exit(verdict.exit)


def _no_answer(reason: str) -> typer.Exit:
    typer.echo(f"turnwise gate: {reason}", err=True)
    return typer.Exit(Exit.NO_ANSWER)
