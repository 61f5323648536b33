"""How the store is asked: on threads of their own, so that no question holds up another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.store.telemetry.engine import Handles
from turnwise.store.telemetry.failures import as_busy, is_engine_failure

P = ParamSpec("P")
T = TypeVar("T")


class Ask(Protocol):
    """Puts a question to the engine, in a thread for readers."""

    async def __call__(
        self, question: Callable[Concatenate[Client, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The answer; raises Busy."""
        ...


class Asking:
    """What answers by asking the engine; whoever opens it sets both and closes them."""

    _reading: Handles
    _readers: ThreadPoolExecutor

    async def _ask(
        self,
        question: Callable[Concatenate[Client, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        def answer() -> T:
            with self._reading.borrow() as client:
                return question(client, *args, **kwargs)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, answer)
        except ClickHouseError as error:
            if is_engine_failure(error):
                raise as_busy(error) from error
            raise
