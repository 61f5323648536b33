"""Group commit by itself, without an engine."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing

import pytest

from turnwise.model.errors import Busy
from turnwise.store.telemetry.group import GroupCommit, Job, Limits

Group = GroupCommit[str, str]


class Desk:
    """Commits when it is told to, and keeps what came in which group."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()

    def commit(self, jobs: Sequence[Job[str, str]]) -> None:
        self.entered.release()
        self.open.wait()
        self.groups.append([job.work for job in jobs])
        for job in jobs:
            if job.work == "bug":
                raise ZeroDivisionError
            job.done.set_result(job.work.upper())


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.open.set()


def limits(**more: float) -> Limits:
    return Limits(**{"linger_seconds": 0, **more})  # type: ignore[arg-type]


def test_every_caller_hears_its_own_result(desk: Desk) -> None:
    with closing(Group(desk.commit, "test", limits())) as group:
        assert [group.submit(word, 1, 1).result() for word in "abc"] == ["A", "B", "C"]


def test_what_comes_in_during_a_commit_is_one_group(desk: Desk) -> None:
    desk.open.clear()
    with closing(Group(desk.commit, "test", limits())) as group:
        group.submit("first", 1, 1)
        desk.entered.acquire()
        rest = [group.submit(word, 1, 1) for word in "abc"]
        desk.open.set()
        assert [done.result() for done in rest] == ["A", "B", "C"]
    assert desk.groups == [["first"], ["a", "b", "c"]]


def test_groups_keep_to_their_limits_and_order(desk: Desk) -> None:
    desk.open.clear()
    bounds = limits(group_rows=3, group_bytes=100)
    with closing(Group(desk.commit, "test", bounds)) as group:
        group.submit("first", 1, 1)
        desk.entered.acquire()
        for word, rows, size in [
            ("a", 2, 1),
            ("b", 2, 1),
            ("c", 1, 99),
            ("d", 1, 2),
            ("e", 9, 999),
        ]:
            group.submit(word, rows, size)
        desk.open.set()
    assert desk.groups == [["first"], ["a"], ["b", "c"], ["d"], ["e"]]


@pytest.mark.parametrize("full", [{"queue_rows": 3}, {"queue_bytes": 30}])
def test_a_full_queue_refuses_at_once(desk: Desk, full: dict[str, int]) -> None:
    desk.open.clear()
    with closing(Group(desk.commit, "test", limits(**full))) as group:
        group.submit("first", 1, 10)
        desk.entered.acquire()
        done = [group.submit(word, 1, 10) for word in "abc"]
        with pytest.raises(Busy):
            group.submit("d", 1, 10)
        desk.open.set()
        assert [each.result() for each in done] == ["A", "B", "C"]
        assert group.submit("d", 1, 10).result() == "D"


def test_a_job_larger_than_the_queue_is_taken_when_nothing_else_waits(desk: Desk) -> None:
    with closing(Group(desk.commit, "test", limits(queue_rows=3))) as group:
        assert group.submit("large", 99, 1).result() == "LARGE"


def test_closing_commits_what_was_accepted_and_refuses_the_rest(desk: Desk) -> None:
    desk.open.clear()
    group = Group(desk.commit, "test", limits())
    done = [group.submit(word, 1, 1) for word in "abc"]
    closer = threading.Thread(target=group.close)
    closer.start()
    desk.open.set()
    closer.join()
    assert [each.result() for each in done] == ["A", "B", "C"]
    with pytest.raises(Busy):
        group.submit("d", 1, 1)


def test_a_bug_is_heard_by_its_callers_and_survived(desk: Desk) -> None:
    with closing(Group(desk.commit, "test", limits())) as group:
        with pytest.raises(ZeroDivisionError):
            group.submit("bug", 1, 1).result()
        assert group.submit("a", 1, 1).result() == "A"


def test_a_cancelled_job_is_left_out(desk: Desk) -> None:
    desk.open.clear()
    with closing(Group(desk.commit, "test", limits())) as group:
        group.submit("first", 1, 1)
        desk.entered.acquire()
        gone: Future[str] = group.submit("gone", 1, 1)
        kept = group.submit("kept", 1, 1)
        assert gone.cancel()
        desk.open.set()
        assert kept.result() == "KEPT"
    assert desk.groups == [["first"], ["kept"]]
