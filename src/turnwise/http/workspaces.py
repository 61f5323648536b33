"""The X-Tenant-Id header of LangSmith clients: it may narrow, never widen."""

from uuid import UUID

from starlette.requests import Request

from turnwise.http.auth import require_caller
from turnwise.model.errors import Forbidden
from turnwise.model.tenancy import Caller, Scope


async def require_tenant_caller(request: Request, scope: Scope) -> Caller:
    """Whoever sent the request, in the tenant that it names, if it names one.

    Raises:
        Forbidden: the header names a tenant that the key does not have.
    """
    caller = await require_caller(request, scope)
    named = request.headers.get("x-tenant-id", "").strip()
    if named:
        try:
            same = str(UUID(named)) == caller.tenant_id
        except ValueError:
            same = False
        if not same:
            raise Forbidden("This key does not belong to that tenant.", code="wrong_tenant")
    return caller
