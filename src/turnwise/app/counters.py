"""What the server counts about itself, for `/metrics`. No label ever holds content of a call."""

from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge

from turnwise.analyse.stages import has_usage
from turnwise.model.batch import Receipt
from turnwise.model.observation import Observation
from turnwise.model.ports import Complete


@dataclass(slots=True)
class Counters:
    """Counters since the start of the process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    stored: Counter = field(init=False)
    rejected: Counter = field(init=False)
    unpriced: Counter = field(init=False)
    settled: Counter = field(init=False)

    def __post_init__(self) -> None:
        self.stored = self._counter("records_stored", "Records that are durable.")
        self.rejected = self._counter("records_rejected", "Records that were refused, one by one.")
        self.unpriced = self._counter(
            "unpriced_usage", "Observations stored with usage of a model that has no known price."
        )
        self.settled = self._counter("sessions_settled", "Derivations of a session.")

    def receipt(self, receipt: Receipt) -> None:
        """Count what became of a batch."""
        self.stored.inc(receipt.stored)
        self.rejected.inc(len(receipt.rejected))

    def gauge(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """Publish a number that is read when somebody asks."""
        Gauge(f"turnwise_{name}", help_text, registry=self.registry).set_function(value)

    def pricing(self, price: Complete) -> Complete:
        """The same, with what it cannot price counted."""

        def complete(observation: Observation) -> Observation:
            priced = price(observation)
            if not priced.cost_details and has_usage(priced):
                self.unpriced.inc()
            return priced

        return complete

    def _counter(self, name: str, help_text: str) -> Counter:
        return Counter(f"turnwise_{name}", help_text, registry=self.registry)
