"""A heard recording for people: a few lines, and who spoke when as two rows of a terminal."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from turnwise.model.audio import AudioReport, HeardKind
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND
from turnwise.model.speaker import Speaker

_NAMES = {
    HeardKind.BARGE_IN: "interruptions",
    HeardKind.MISSED: "the agent spoke on over the caller",
    HeardKind.BACKCHANNEL: "sounds of listening",
    HeardKind.PREMATURE: "the agent began too early",
}
_ROWS_AT_MOST = 40
_LEFT = 16


def describe(report: AudioReport, name: str, out: Console) -> None:
    """Print the report."""
    duration = _clock(report.duration_ns)
    channels = "1 channel" if report.channels == 1 else f"{report.channels} channels"
    out.print(f"[bold]{escape(name)}[/]  {duration}, {channels}", soft_wrap=True)
    if report.problem:
        out.print(f"[yellow]{escape(report.problem)}[/]", soft_wrap=True)
    for note in report.notes:
        out.print(f"[yellow]note:[/] {escape(note)}", soft_wrap=True)
    if report.problem is None:
        out.print(_picture(report, max(20, min(out.width, 120) - _LEFT)), soft_wrap=True)
        out.print(_figures(report))
    _list_moments(report, out)


def _figures(report: AudioReport) -> Table:
    table = Table.grid(padding=(0, 2))
    heard = report.response_ms
    if heard.p50 is not None and heard.p95 is not None and heard.max is not None:
        latency = f"p50 {heard.p50:.0f}, p95 {heard.p95:.0f}, longest {heard.max:.0f} ms"
        table.add_row("response latency", f"{latency}, of {heard.count}")
    for kind, label in _NAMES.items():
        table.add_row(label, str(sum(each.kind is kind for each in report.overlaps)))
    table.add_row("dead air", f"{len(report.silences)} of 3 s or more")
    if report.talk_ratio is not None:
        table.add_row("talk ratio", f"agent {report.talk_ratio:.0%} of all speech")
    table.add_row("both at once", f"{report.overlap_ns / NS_PER_SECOND:.1f} s")
    if report.agent_channel is not None:
        table.add_row("agent's channel", str(report.agent_channel))
    table.add_row("confidence", f"{report.confidence:.2f}")
    return table


def _list_moments(report: AudioReport, out: Console) -> None:
    lines = [
        (each.onset_ns, f"interruption, the agent stopped after {_ms(stop)} ms")
        for each in report.overlaps
        if each.kind is HeardKind.BARGE_IN
        and (stop := (each.stopped_ns or each.onset_ns) - each.onset_ns) >= 0
    ]
    lines += [
        (each.onset_ns, "the caller spoke, and the agent did not stop")
        for each in report.overlaps
        if each.kind is HeardKind.MISSED
    ]
    for gap in report.silences:
        debtor = "the caller" if gap.owed_by is Speaker.USER else "the agent"
        owed = f", {debtor} was to speak" if gap.owed_by else ""
        seconds = (gap.end_ns - gap.start_ns) / NS_PER_SECOND
        lines.append((gap.start_ns, f"{seconds:.1f} s of silence{owed}"))
    for at_ns, text in sorted(lines)[:_ROWS_AT_MOST]:
        out.print(f"  {_clock(at_ns):>9}  {text}", soft_wrap=True)
    if len(lines) > _ROWS_AT_MOST:
        out.print(f"  and {len(lines) - _ROWS_AT_MOST} more; --json has them all")


def _picture(report: AudioReport, width: int) -> str:
    """Two rows of speech, and marks below where the caller took the floor or nobody had it."""
    scale = report.duration_ns / width
    rows = [_row(report, speaker, scale, width) for speaker in (Speaker.AGENT, Speaker.USER)]
    marks = _marked(
        width,
        [(int(each.start_ns / scale), int(each.end_ns / scale), "·") for each in report.silences],
        [
            (int(each.onset_ns / scale), "!")
            for each in report.overlaps
            if each.kind in (HeardKind.BARGE_IN, HeardKind.MISSED)
        ],
    )
    legend = f"{'':>8}{'! interruption   · dead air'}"
    return f"{'agent':>7} {rows[0]}\n{'caller':>7} {rows[1]}\n{'':>7} {marks}\n{legend}"


def _row(report: AudioReport, speaker: Speaker, scale: float, width: int) -> str:
    def share(cell: int) -> float:
        start, end = cell * scale, (cell + 1) * scale
        return sum(max(0.0, min(end, b) - max(start, a)) for a, b in spans) / scale

    spans = [(each.start_ns, each.end_ns) for each in report.turns if each.speaker is speaker]
    return _cells(width, share)


def _cells(width: int, share: Callable[[int], float]) -> str:
    return "".join(
        "█" if (value := share(cell)) > 0.6 else "▄" if value > 0.1 else " "
        for cell in range(width)
    )


def _marked(
    width: int, stretches: Sequence[tuple[int, int, str]], points: Sequence[tuple[int, str]]
) -> str:
    row = [" "] * width
    for start, end, sign in stretches:
        row[start : min(end, width)] = sign * max(0, min(end, width) - start)
    for at, sign in points:
        row[min(at, width - 1)] = sign
    return "".join(row)


def _clock(instant_ns: int) -> str:
    minutes, seconds = divmod(instant_ns / NS_PER_SECOND, 60)
    return f"{minutes:.0f}:{seconds:04.1f}"


def _ms(duration_ns: int) -> int:
    return round(duration_ns / NS_PER_MS)
