"""Holds sessions and windows of sessions against the alert rules."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable

from turnwise.analyse.alerting import WINDOW_METRICS, of_session
from turnwise.analyse.release import Window
from turnwise.app.alerts import messages
from turnwise.app.alerts.courier import Courier
from turnwise.model.alerts import AlertRule
from turnwise.model.errors import RetryableError
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import NS_PER_SECOND, now_ns
from turnwise.model.ports import Diagnose, TelemetryStore
from turnwise.model.query import SessionRange
from turnwise.model.session import Session
from turnwise.store.catalog.alerts import Alerts

log = logging.getLogger(__name__)

MAX_WAITING = 100_000
_PAGE = 200
_NS_PER_MINUTE = 60 * NS_PER_SECOND


class AlertWatch:
    """Notices sessions that have ended, looks at windows again and again, and has its say delivered.

    A session that ended while nobody watched is derived again after the next start and noticed
    then; its message has the same id, so that it is sent once.
    """

    def __init__(
        self,
        store: TelemetryStore,
        alerts: Alerts,
        diagnose: Diagnose,
        courier: Courier,
        check_seconds: float,
    ):
        self._store = store
        self._alerts = alerts
        self._diagnose = diagnose
        self._courier = courier
        self._check_seconds = check_seconds
        self._ended: asyncio.Queue[tuple[ProjectId, SessionId]] = asyncio.Queue(MAX_WAITING)

    def notice(self, sessions: Iterable[Session]) -> None:
        """Take up those that have ended."""
        for session in sessions:
            if session.finalized_ns is not None:
                try:
                    self._ended.put_nowait((session.project_id, session.id))
                except asyncio.QueueFull:
                    log.warning("too many sessions end at once; some are not held against alerts")

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sessions())
            group.create_task(self._windows())
            group.create_task(self._courier.run())

    async def _sessions(self) -> None:
        while True:
            project_id, session_id = await self._ended.get()
            try:
                session = await self._store.session([project_id], session_id)
                if session is not None:
                    await self.check_session(session)
            except Exception:
                # The next session is looked at all the same.
                log.exception("a session could not be held against the alerts")

    async def _windows(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds)
            try:
                await self.check_windows(now_ns())
            except Exception:
                # What is wrong with the stores now may be right the next time.
                log.exception("alerts could not be checked; tried again")

    async def check_session(self, session: Session) -> None:
        """Hold a session against the rules for sessions that are older than its end."""
        rules = [
            rule
            for rule in await asyncio.to_thread(
                self._alerts.all, [session.project_id], active_only=True
            )
            if rule.window_minutes is None
            and rule.agent in (None, session.agent)
            and rule.created_ns <= (session.finalized_ns or 0)
        ]
        if not rules:
            return
        issues = (await self._diagnose(session)).issues
        for rule in rules:
            value = of_session(rule.metric, session, issues)
            if value is not None and rule.comparison.holds(value, rule.threshold):
                message = messages.of_session(rule, session, value, now_ns())
                await asyncio.to_thread(self._alerts.put, message)

    async def check_windows(self, at_ns: int) -> None:
        """Hold the sessions before an instant against every rule for windows."""
        for rule in await asyncio.to_thread(self._alerts.all, active_only=True):
            if rule.window_minutes is None:
                continue
            try:
                await self._check_window(rule, at_ns)
            except RetryableError:
                raise
            except Exception:
                # The others belong to other people.
                log.exception("an alert could not be checked", extra={"alert": rule.id})

    async def _check_window(self, rule: AlertRule, at_ns: int) -> None:
        window = Window()
        async for session in self._sessions_of(rule, at_ns):
            window.add(session)
        await asyncio.to_thread(self._judge, rule, window, at_ns)

    def _judge(self, rule: AlertRule, window: Window, at_ns: int) -> None:
        value = WINDOW_METRICS[rule.metric](window)
        if value is None or window.sessions < rule.min_sessions:
            return
        is_firing = rule.comparison.holds(value, rule.threshold)
        if is_firing and rule.firing_since_ns is None:
            message = messages.of_window(rule, value, window.sessions, at_ns, at_ns)
            self._alerts.turn(rule, at_ns, message)
        elif not is_firing and rule.firing_since_ns is not None:
            message = messages.of_calm(rule, value, window.sessions, at_ns)
            self._alerts.turn(rule, None, message)

    async def _sessions_of(self, rule: AlertRule, at_ns: int) -> AsyncIterator[Session]:
        wanted = SessionRange(
            project_ids=(rule.project_id,),
            agent=rule.agent,
            from_ns=at_ns - (rule.window_minutes or 0) * _NS_PER_MINUTE,
            to_ns=at_ns,
        )
        after = None
        while page := await self._store.sessions_in(wanted, after, _PAGE):
            for session in page:
                yield session
            after = (page[-1].started_ns, page[-1].id)
