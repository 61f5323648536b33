"""Takes messages to where they go, again and again until they arrive or are given up."""

import asyncio
import logging
from collections.abc import Sequence

import httpcore2
import httpx2

from turnwise.app.alerts import messages
from turnwise.app.alerts.addresses import AlertAddresses
from turnwise.app.fetching import CheckedNetwork
from turnwise.model.alerts import AlertRule, Delivery, DeliveryState
from turnwise.model.errors import BadInput, NotFound
from turnwise.model.instants import NS_PER_SECOND, now_ns
from turnwise.store.catalog.alerts import Alerts

log = logging.getLogger(__name__)

PAUSES = (5.0, 30.0, 120.0, 600.0, 3_600.0, 21_600.0)
"""Seconds before each further attempt."""
LOOK_SECONDS = 2.0
AT_ONCE = 8
KEPT_NS = 30 * 86_400 * NS_PER_SECOND
"""How long the log of deliveries goes back."""
_TIMEOUTS = {"connect": 5.0, "read": 15.0, "write": 15.0, "pool": 15.0}
_TOTAL_SECONDS = 30.0
_LEASE_NS = 120 * NS_PER_SECOND
_FORGET_EVERY = 1_800
_GONE = 410


class Courier:
    """Delivers what the alerts have to say."""

    def __init__(self, alerts: Alerts, addresses: AlertAddresses, pauses: Sequence[float] = PAUSES):
        self._alerts = alerts
        self._addresses = addresses
        self._pauses = pauses
        self._pool = httpcore2.AsyncConnectionPool(
            httpx2.create_ssl_context(), network_backend=CheckedNetwork(addresses.hosts)
        )

    async def run(self) -> None:
        """Work until cancelled."""
        looks = 0
        async with self._pool:
            while True:
                try:
                    await self.deliver_due()
                    if looks % _FORGET_EVERY == 0:
                        await asyncio.to_thread(self._alerts.forget_before, now_ns() - KEPT_NS)
                except Exception:
                    # What is wrong with the catalog now may be right the next time.
                    log.exception("alerts could not be delivered; tried again")
                looks += 1
                await asyncio.sleep(LOOK_SECONDS)

    async def deliver_due(self) -> int:
        """Try every message whose time has come; returns how many."""
        due = await asyncio.to_thread(self._alerts.take_due, now_ns(), _LEASE_NS, AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for each in due:
                group.create_task(self._deliver(each))
        return len(due)

    async def _deliver(self, delivery: Delivery) -> None:
        """Try one message; whatever comes of it, the others of the same look go on."""
        try:
            await self._try(delivery)
        except Exception as failure:  # noqa: BLE001 - the lease ends, and it is tried again
            # Without the failure's own text, which may name the address.
            log.error("an alert's message could not be settled: %s", type(failure).__name__)  # noqa: TRY400

    async def _try(self, delivery: Delivery) -> None:
        status, error, is_final = None, None, False
        try:
            rule = await asyncio.to_thread(self._alerts.get, None, delivery.rule_id)
            status = await self._post(rule, delivery)
            if not 200 <= status < 300:
                error, is_final = f"The receiver answered {status}.", status == _GONE
        except (BadInput, NotFound) as refused:
            error, is_final = refused.message, True
        except (OSError, TimeoutError, httpcore2.NetworkError, httpcore2.TimeoutException,
                httpcore2.ProtocolError) as failure:  # fmt: skip
            error = f"{type(failure).__name__}: {failure}".removesuffix(": ")
        if error is None:
            state, next_ns = DeliveryState.DELIVERED, None
        elif is_final or delivery.attempts >= len(self._pauses):
            state, next_ns = DeliveryState.FAILED, None
        else:
            state = DeliveryState.PENDING
            next_ns = now_ns() + round(self._pauses[delivery.attempts] * NS_PER_SECOND)
        await asyncio.to_thread(
            self._alerts.settle, delivery.id, state, next_ns=next_ns, status=status, error=error
        )

    async def _post(self, rule: AlertRule, delivery: Delivery) -> int:
        url = self._addresses.open(rule)
        key = self._addresses.signing_key(rule.id)
        body, headers = messages.request_of(rule, delivery, key, now_ns() // NS_PER_SECOND)
        headers |= {"Content-Type": "application/json", "User-Agent": "turnwise"}
        async with asyncio.timeout(_TOTAL_SECONDS):
            async with self._pool.stream(
                "POST", url, headers=headers, content=body, extensions={"timeout": _TIMEOUTS}
            ) as answer:
                # What the receiver says besides its status is nobody's business, however long.
                return answer.status
