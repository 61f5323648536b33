import asyncio

from turnwise.app.pending import Pending
from turnwise.model.ids import ProjectId, SessionId

OURS, THEIRS = ProjectId("ours"), ProjectId("theirs")


def changed(pending: Pending, project_id: ProjectId) -> None:
    pending.mark_sessions([(project_id, SessionId("s"))])


async def test_what_is_pending_is_waited_for_and_nothing_that_comes_later() -> None:
    pending = Pending()
    changed(pending, OURS)
    waiting = asyncio.ensure_future(pending.settled(30, [OURS]))
    # One turn of the loop lets it begin to wait.
    await asyncio.sleep(0)
    assert list(await pending.take()) == [OURS]
    changed(pending, OURS)
    assert not waiting.done()
    pending.done()
    assert await waiting
    assert not await pending.settled(0.001, [OURS])


async def test_others_are_not_waited_for() -> None:
    pending = Pending()
    assert await pending.settled(30)
    changed(pending, THEIRS)
    assert await pending.settled(30, [OURS])
    assert not await pending.settled(0.001)
    await pending.take()
    assert await pending.settled(30, [OURS])
    assert not await pending.settled(0.001, [OURS, THEIRS])
    pending.done()
    assert await pending.settled(30)
    assert pending.is_empty
