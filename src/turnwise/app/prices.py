"""The prices that hold right now: the built-in table and the catalog's, taken over as they change."""

import logging
import threading
import time
from dataclasses import dataclass, field

from turnwise.analyse.pricing import Pricer
from turnwise.analyse.session_costs import with_session_costs
from turnwise.model.catalog import Catalog
from turnwise.model.errors import RetryableError
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Observation
from turnwise.model.price import prices_of
from turnwise.model.session import Session

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.05
"""How long a change by another process may go unseen; one look is one small query."""

_PROJECTS_HELD = 1_000


@dataclass(slots=True)
class CurrentPrices:
    """Prices observations and sessions; callable from any thread.

    Where the catalog does not answer, what was known before goes on being used.
    """

    catalog: Catalog
    _table: Pricer = field(default_factory=lambda: Pricer(()))
    _pricers: dict[ProjectId, Pricer] = field(default_factory=dict)
    _stamp: tuple[int, int] | None = None
    _look_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def complete(self, observation: Observation) -> Observation:
        """The observation with its cost."""
        return self.of(observation.project_id).complete(observation)

    def complete_session(self, session: Session) -> Session:
        """The session with what only the whole of it tells the cost of."""
        return with_session_costs(session, self.of(session.project_id))

    def of(self, project_id: ProjectId) -> Pricer:
        """The prices of a project."""
        if time.monotonic() >= self._look_at:
            self._look()
        pricer = self._pricers.get(project_id)
        return self._read(project_id) if pricer is None else pricer

    def look_again(self) -> None:
        """Prices have changed: the next question is answered by the new ones."""
        with self._lock:
            self._look_at = 0.0

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() < self._look_at:
                return
            try:
                stamp = self.catalog.prices_stamp()
            except RetryableError as error:
                log.warning("prices could not be looked at: %s", error.message)
            else:
                if stamp != self._stamp:
                    self._stamp, self._pricers = stamp, {}
            self._look_at = time.monotonic() + LOOK_EVERY_SECONDS

    def _read(self, project_id: ProjectId) -> Pricer:
        pricers = self._pricers
        try:
            own = self.catalog.prices(project_id)
        except RetryableError as error:
            log.warning("prices could not be read: %s", error.message)
            return self._table
        pricer = Pricer(prices_of(own)) if own else self._table
        if len(pricers) >= _PROJECTS_HELD:
            pricers.clear()
        # Into the mapping that was there before the read: what has changed since has a new one.
        pricers[project_id] = pricer
        return pricer
