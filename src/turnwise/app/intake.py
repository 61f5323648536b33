"""What comes in, counted by project and by what its senders speak."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from turnwise.model.administration import Received
from turnwise.model.batch import Batch, Receipt
from turnwise.model.ids import ProjectId
from turnwise.model.instants import now_ns
from turnwise.model.observation import Observation

TOLD = "told"
"""The source of what is no observation: native JSON, webhooks, reports, recordings."""


@dataclass(slots=True)
class IntakeLog:
    """Counts since the start of the process; used from one event loop."""

    since_ns: int = field(default_factory=now_ns)
    _received: dict[tuple[ProjectId, str], Received] = field(default_factory=dict)

    def note(self, batch: Batch, observations: Sequence[Observation], receipt: Receipt) -> None:
        """Count what became of a batch; what the server itself writes does not come in."""
        if not batch.user_id:
            return
        source = observations[0].framework.value if observations else TOLD
        known = self._received.get((batch.project_id, source))
        now = now_ns()
        newest = max((each.end_ns or each.start_ns for each in observations), default=None)
        refusal = receipt.rejected[-1].reason if receipt.rejected else None
        self._received[batch.project_id, source] = Received(
            source=source,
            batches=1 + (known.batches if known else 0),
            records=receipt.stored + (known.records if known else 0),
            refused=len(receipt.rejected) + (known.refused if known else 0),
            last_ns=now,
            lag_ns=None if newest is None else max(0, now - newest),
            last_refusal=refusal or (known.last_refusal if known else None),
        )

    def of_project(self, project_id: ProjectId) -> list[Received]:
        """By source, the one that came last first."""
        found = [each for (project, _), each in self._received.items() if project == project_id]
        return sorted(found, key=lambda each: each.last_ns, reverse=True)
