"""How long a diagnosis takes: a call of 200 turns against a full history, as `settle` does it.

./dev bench diagnose
"""

import time
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.unit.analyse.build import facts_of
from tests.unit.analyse.diagnosis.calls import Call, Tool, history
from turnwise.analyse.assemble import assemble
from turnwise.analyse.diagnosis import PRESETS, Baselines, diagnose

ROUNDS = 30
EXCHANGES = 100


def main() -> None:
    """Print medians and the slowest round in milliseconds."""
    known = history(60)
    call = Call().greets()
    for number in range(EXCHANGES // 4):
        call.talks(3)
        slow = 2500 if number % 5 == 0 else 400
        call.says().answers(f"That was number {number} then.", llm=slow, tools=[Tool(ms=600)])
    facts = facts_of(*call.ends().spans)
    session = assemble(facts)
    assert session is not None
    baselines = Baselines(agent=known)
    issues = len(diagnose(session, baselines, PRESETS["webrtc"]).issues)
    table = Table("step", "median ms", "slowest ms")
    for name, work in (
        ("assemble", lambda: assemble(facts)),
        ("diagnose", lambda: diagnose(session, baselines, PRESETS["webrtc"])),
    ):
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            work()
            times.append((time.perf_counter() - began) * 1_000)
        table.add_row(name, f"{median(times):.1f}", f"{max(times):.1f}")
    console = Console()
    console.print(
        f"{len(session.turns)} turns, {len(facts.observations)} spans, {known.turns} clean turns "
        f"of history, {issues} issues"
    )
    console.print(table)


if __name__ == "__main__":
    main()
