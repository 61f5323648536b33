"""Scores as tables on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.diagnosis_scores.judge import Judged
from bench.diagnosis_scores.scores import (
    CURVE,
    Score,
    alarms,
    by_type,
    curve,
    grouped,
    macro_f1,
    score,
)

_HEADINGS = ("n", "precision", "recall", "F1", "turn", "stage", "spans", "severity", "false")


def show(console: Console, judged: Sequence[Judged]) -> None:
    """Print everything about a run."""
    types = by_type(judged)
    table = _table("issue type")
    for name, each in types.items():
        _row(table, name, each)
    _row(table, "all", score(judged), style="bold")
    console.print(table)
    console.print(f"macro F1 {_share(macro_f1(types.values()))}")
    quiet = alarms(judged)
    if quiet.per_100 is not None:
        console.print(
            f"false alarms per 100 clean calls {quiet.per_100:.1f} ({quiet.alarms} in "
            f"{quiet.calls_with_alarm} of {quiet.calls})"
        )
    for name, groups in grouped(judged).items():
        table = _table(name)
        for key, group in groups.items():
            _row(table, key, score(group))
        console.print(table)
    _show_curve(console, judged)


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    return table


def _row(table: Table, name: str, each: Score, style: str | None = None) -> None:
    shares = (each.precision, each.recall, each.f1, each.exact_turn, each.right_stage)
    more = (each.grounded, each.right_severity)
    cells = [str(each.n), *(_share(value) for value in (*shares, *more)), str(each.false)]
    table.add_row(name, *cells, style=style)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _show_curve(console: Console, judged: Sequence[Judged]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("delays: named of made (named of felt)", no_wrap=True)
    for size in CURVE:
        table.add_column(size, justify="right", no_wrap=True)
    for stage, points in curve(judged).items():
        cells = []
        for size in CURVE:
            at = points.get(size)
            text = f"{at.named}/{at.n} ({at.named_felt}/{at.felt})" if at else "–"
            cells.append(text)
        table.add_row(stage, *cells)
    console.print(table)
