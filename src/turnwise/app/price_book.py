"""Users' prices over HTTP and on the command line: rows checked and kept, and applied to what is stored."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from turnwise.analyse.litellm_prices import read_litellm
from turnwise.analyse.price_table import BadCell, built_in_rows, read_prices, row_of
from turnwise.analyse.pricing import REPORTED
from turnwise.api.prices import ListedPrice, Repriced
from turnwise.app.flow import Flow
from turnwise.app.prices import CurrentPrices
from turnwise.model.errors import BadInput, Issue
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.price import PriceRow
from turnwise.model.query import SessionRange
from turnwise.model.session import Session
from turnwise.model.tenancy import Caller
from turnwise.store.catalog import OwnedPrice, Owner, SqlCatalog
from turnwise.store.catalog.audit import Actor

# What was written just before is derived before the first look, or would be passed over.
SETTLE_SECONDS = 20.0


def checked_row(cells: dict[str, str]) -> PriceRow:
    """A row from its cells; raises BadInput that names the field as the API spells it."""
    try:
        return row_of(cells)
    except BadCell as error:
        first, *others = error.column.split("_")
        field = first + "".join(map(str.capitalize, others))
        message = f"{str(error)[:1].upper()}{str(error)[1:]}."
        issue = Issue(("body", field), message, "bad_price")
        raise BadInput(message, issues=[issue], code="bad_price") from error


def read_price_file(text: str) -> tuple[list[PriceRow], int]:
    """The rows of a LiteLLM price file or a table in CSV, and how many models had no price.

    Raises:
        BadInput: something in it cannot be read; the message names its line or key.
    """
    if text.removeprefix("\ufeff").lstrip().startswith(("{", "[")):
        found = read_litellm(text.removeprefix("\ufeff"))
        return found.rows, found.passed_over
    return read_prices(text), 0


@dataclass(frozen=True, slots=True)
class CatalogPrices:
    """Implements api.prices.PriceBook."""

    catalog: SqlCatalog
    changed: Callable[[], None]

    def listed(self, caller: Caller) -> Sequence[ListedPrice]:
        """See PriceBook.listed."""
        book = self.catalog.admin.prices
        return [_listed(each) for each in (*book.all(caller.tenant_id), *book.everyones())]

    def built_in(self) -> Sequence[ListedPrice]:
        """See PriceBook.built_in."""
        return [ListedPrice(row) for row in built_in_rows()]

    def add(
        self, caller: Caller, project_id: ProjectId | None, cells: dict[str, str]
    ) -> ListedPrice:
        """See PriceBook.add."""
        owner = Owner(caller.tenant_id, project_id)
        made = self.catalog.admin.prices.add(owner, checked_row(cells), by=Actor.of(caller))
        self.changed()
        return _listed(made)

    def change(self, caller: Caller, price_id: str, cells: dict[str, str]) -> ListedPrice:
        """See PriceBook.change."""
        row = checked_row(cells)
        by = Actor.of(caller)
        made = self.catalog.admin.prices.change(price_id, caller.tenant_id, row, by=by)
        self.changed()
        return _listed(made)

    def remove(self, caller: Caller, price_id: str) -> None:
        """See PriceBook.remove."""
        self.catalog.admin.prices.remove(price_id, caller.tenant_id, by=Actor.of(caller))
        self.changed()


def _listed(price: OwnedPrice) -> ListedPrice:
    return ListedPrice(price.row, price.owner.project_id)


@dataclass(frozen=True, slots=True)
class Repricing:
    """Implements api.prices.Repricer.

    Observations first, then the sessions that are made of them, so that every surface tells the same
    cost. Rows are replaced by the one writer of the store, so nothing that comes in meanwhile is lost.
    """

    flow: Flow
    prices: CurrentPrices

    async def __call__(
        self,
        project_ids: Sequence[ProjectId],
        since_ns: int | None,
        after: tuple[int, SessionId] | None,
        limit: int,
    ) -> Repriced:
        """See Repricer."""
        self.prices.look_again()
        if after is None:
            await self.flow.pending.settled(SETTLE_SECONDS, project_ids)
        wanted = SessionRange(project_ids=tuple(project_ids), from_ns=since_ns)
        page = await self.flow.store.sessions_in(wanted, after, limit)
        by_project: defaultdict[ProjectId, list[Session]] = defaultdict(list)
        for session in page:
            by_project[session.project_id].append(session)
        changed = 0
        for project_id, sessions in by_project.items():
            changed += await self._apply(project_id, sessions)
        is_last = len(page) < limit
        return Repriced(len(page), changed, None if is_last else (page[-1].started_ns, page[-1].id))

    async def _apply(self, project_id: ProjectId, sessions: Sequence[Session]) -> int:
        ids = [each.id for each in sessions]
        spans = [
            (project_id, each.trace_id, each.span_id)
            for facts in await self.flow.store.session_facts(project_id, ids)
            for each in facts.observations
            if each.cost_source != REPORTED and self.prices.complete(each) != each
        ]
        await self.flow.store.complete_again(spans, self.prices.complete)
        settled = await self.flow.settle(project_id, ids)
        before = {each.id: (each.cost_usd, each.line_cost_usd) for each in sessions}
        return sum((each.cost_usd, each.line_cost_usd) != before.get(each.id) for each in settled)
