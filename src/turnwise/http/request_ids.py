"""A name for every request, by which its answer and the log speak of the same one."""

import re
from secrets import token_hex

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-Id"
_KEY = "turnwise.request_id"
# Nothing that could end a line of a log or a header, and nothing longer than a trace id or two.
_WELL_FORMED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def request_id(scope: Scope) -> str:
    """The id of the request with this scope; "" where `RequestIds` is not around the application."""
    return str(scope.get(_KEY, ""))


class RequestIds:
    """Outermost: gives each request an id, or takes over the sender's, and says it in the answer.

    A sender's id is 8 to 64 letters, digits, dots, dashes or underscores; any other is replaced. It
    names the request and proves nothing: two requests may have the same.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own_id = _sent(scope) or token_hex(16)
        scope[_KEY] = own_id

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = own_id
            await send(message)

        await self._app(scope, receive, named)


def _sent(scope: Scope) -> str | None:
    sent = [value for name, value in scope["headers"] if name == HEADER.lower().encode()]
    if len(sent) != 1 or _WELL_FORMED.fullmatch(sent[0]) is None:
        return None
    return str(sent[0].decode())
