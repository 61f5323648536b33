"""Integrations with their secrets open: what the command line adds and the ways in look up."""

import logging
import re

from turnwise.app.sealing import Seal
from turnwise.app.secret_key import key_for
from turnwise.model.errors import BadInput, Issue, NotFound
from turnwise.model.ids import ProjectId
from turnwise.model.integration import SHARED_KEY, Integration, IntegrationKind
from turnwise.store.catalog import COMMAND_LINE, Actor, SqlCatalog

log = logging.getLogger(__name__)

_MAX_SECRET = 1_024
_TWILIO = re.compile(rf"AC[0-9a-f]{{32}}|{SHARED_KEY}[0-9A-Za-z_-]+")


class OpenIntegrations:
    """Synchronous; what another process adds or removes holds with the next call.

    Args:
        secret: the server's own.
    """

    def __init__(self, catalog: SqlCatalog, secret: bytes):
        self._catalog = catalog
        self._seal = Seal(key_for(secret, "integration secrets"))

    def add(
        self, tenant: str, project: str, kind: IntegrationKind, key: str, secret: str
    ) -> Integration:
        """Keep a pair for a project, which is named like its tenant by slug and name.

        Raises:
            NotFound: there is no such tenant or project.
            Conflict, BadInput: as `add_to` does.
        """
        found = self._catalog.admin.projects.named(
            self._catalog.admin.tenants.named(tenant).id, project
        )
        if found is None:
            raise NotFound(f"There is no project '{project}'.")
        return self.add_to(found.id, kind, key, secret, by=COMMAND_LINE)

    def add_to(
        self, project_id: ProjectId, kind: IntegrationKind, key: str, secret: str, *, by: Actor
    ) -> Integration:
        """Keep a pair for a project.

        Raises:
            Conflict: the key is known already.
            BadInput: the key or the secret is malformed.
        """
        _check(kind, key, secret)
        sealed = self._seal.close(secret, _owner(project_id, kind, key))
        return self._catalog.admin.integrations.add(project_id, kind, key, sealed, by=by)

    def find(self, kind: IntegrationKind, key: str) -> tuple[Integration, str] | None:
        """The integration with this key and its secret; None also when it cannot be opened."""
        found = self._catalog.admin.integrations.named(kind, key)
        secret = None if found is None else self._opened(found)
        return None if found is None or secret is None else (found, secret)

    def first_of(
        self, project_id: ProjectId, kind: IntegrationKind
    ) -> tuple[Integration, str] | None:
        """The oldest of a project's integrations that can be opened, with its secret."""
        for each in self._catalog.admin.integrations.of_project(project_id, kind):
            if (secret := self._opened(each)) is not None:
                return each, secret
        return None

    def _opened(self, one: Integration) -> str | None:
        secret = self._seal.open(one.sealed_secret, _owner(one.project_id, one.kind, one.key))
        if secret is None:
            log.error("integration %s was sealed with another TURNWISE_SECRET_KEY", one.id)
        return secret


def _owner(project_id: ProjectId, kind: IntegrationKind, key: str) -> str:
    return f"{project_id}\n{kind}\n{key}"


def _check(kind: IntegrationKind, key: str, secret: str) -> None:
    if kind is IntegrationKind.TWILIO and not _TWILIO.fullmatch(key):
        _refuse("key", f"key must be an account SID (AC...) or the id of a key ({SHARED_KEY}...).")
    if not key.isprintable() or key != key.strip():
        _refuse("key", "key must be printable and without blanks around it.")
    if not secret.strip() or len(secret) > _MAX_SECRET:
        _refuse("secret", f"secret must be a text of 1 to {_MAX_SECRET} characters.")


def _refuse(field: str, message: str) -> None:
    raise BadInput(message, issues=[Issue((field,), message)])
