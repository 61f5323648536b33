"""Claims to work: one holder at a time, and none for ever."""

from tests.contract.store.catalog.conftest import FakeClock, Place
from tests.contract.store.catalog.together import in_processes, in_threads
from turnwise.model.instants import NS_PER_SECOND
from turnwise.store.catalog import SqlCatalog

MINUTE_NS = 60 * NS_PER_SECOND


def test_a_claim_has_one_holder_until_it_is_let_go_of(catalog: SqlCatalog) -> None:
    claims = catalog.admin.claims
    assert claims.take("hearing r1", "a", MINUTE_NS)
    assert not claims.take("hearing r1", "b", MINUTE_NS)
    assert claims.take("hearing r2", "b", MINUTE_NS)
    claims.release("hearing r1", "b")
    assert not claims.take("hearing r1", "b", MINUTE_NS)
    claims.release("hearing r1", "a")
    assert claims.take("hearing r1", "b", MINUTE_NS)


def test_a_claim_whose_holder_has_died_runs_out(catalog: SqlCatalog, clock: FakeClock) -> None:
    claims = catalog.admin.claims
    assert claims.take("retention", "a", MINUTE_NS)
    clock.forward(40)
    assert claims.take("retention", "a", MINUTE_NS)
    clock.forward(40)
    assert not claims.take("retention", "b", MINUTE_NS)
    clock.forward(20)
    assert claims.take("retention", "b", MINUTE_NS)
    assert not claims.take("retention", "a", MINUTE_NS)


def test_of_many_at_once_one_gets_it(place: Place, catalog: SqlCatalog) -> None:
    holders = iter(range(100))
    claims = catalog.admin.claims
    assert sum(in_threads(lambda: claims.take("x", str(next(holders)), MINUTE_NS))) == 1
    act = "catalog.admin.claims.take('y', str(__import__('os').getpid()), 60_000_000_000)"
    assert sorted(in_processes(place.address, act)) == [False, True]
