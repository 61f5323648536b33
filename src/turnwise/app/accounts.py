"""People, keys, characters and forms, over the catalog; blocking calls go to worker threads."""

import asyncio
from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from turnwise.app.attempts import Attempts
from turnwise.app.tokens import REFRESH, SESSION_SECONDS, OwnTokens
from turnwise.model.accounts import (
    BrowserSession,
    Character,
    CharacterChanges,
    FormResponse,
    IssuedKey,
    Member,
    Tokens,
)
from turnwise.model.errors import BadInput, Conflict, Forbidden, Issue, NotFound
from turnwise.model.tenancy import ApiKey, Caller
from turnwise.store.catalog import Actor, AgentDetails, AgentFields, KeyStyle, SqlCatalog

LOG_INS = 10
LOG_IN_WINDOW_SECONDS = 15 * 60
SIGN_UPS = 100
_LONGEST_EMAIL = 254
SIGN_UP_WINDOW_SECONDS = 60 * 60


class CatalogAccounts:
    """Implements model.accounts.Accounts and BrowserAccounts.

    Ten failed log-ins per e-mail and network address in fifteen minutes, and a hundred sign-ups
    per network address in an hour, are counted in this process alone.
    """

    def __init__(self, catalog: SqlCatalog, tokens: OwnTokens, *, may_sign_up: bool):
        self._catalog = catalog
        self._tokens = tokens
        self._may_sign_up = may_sign_up
        self._log_ins = Attempts(LOG_INS, LOG_IN_WINDOW_SECONDS)
        self._sign_ups = Attempts(SIGN_UPS, SIGN_UP_WINDOW_SECONDS)

    async def sign_up(self, email: str, password: str, name: str, address: str) -> Member:
        """See Accounts.sign_up."""
        if not self._may_sign_up:
            raise Forbidden("Sign-up is switched off on this server.", code="signup_off")
        self._sign_ups.begin(address)
        user, tenant = await asyncio.to_thread(self._catalog.sign_up, email, password, name)
        return Member(user, tenant.slug)

    async def log_in(
        self, email: str, password: str, tenant: str | None, address: str
    ) -> Member | None:
        """See Accounts.log_in."""
        # Of what nobody's address can be as long as, only the beginning is remembered.
        who = email.strip().lower()[:_LONGEST_EMAIL], address
        self._log_ins.begin(who)
        user = await asyncio.to_thread(self._catalog.user_by_password, email, password, tenant)
        if user is None:
            return None
        self._log_ins.succeeded(who)
        caller = await asyncio.to_thread(self._catalog.caller_by_user, user.uid)
        return Member(user, caller.tenant_slug) if caller is not None else None

    async def is_new(self) -> bool:
        """See BrowserAccounts.is_new."""
        return not await asyncio.to_thread(self._catalog.can_anyone_log_in)

    async def become_owner(self, email: str, password: str, address: str) -> Member:
        """See BrowserAccounts.become_owner."""
        self._sign_ups.begin(address)
        user, tenant = await asyncio.to_thread(self._catalog.create_first_owner, email, password)
        return Member(user, tenant.slug)

    async def begin_session(self, member: Member) -> BrowserSession:
        """See BrowserAccounts.begin_session."""
        begin = self._catalog.admin.browser_sessions.begin
        session_id = await asyncio.to_thread(begin, member.user.id, SESSION_SECONDS)
        token = self._tokens.session(member.user.uid, session_id)
        return BrowserSession(token, self._tokens.csrf_token(token), SESSION_SECONDS)

    async def end_session(self, caller: Caller) -> None:
        """See BrowserAccounts.end_session."""
        if caller.browser_session is not None:
            end = self._catalog.admin.browser_sessions.end
            await asyncio.to_thread(end, caller.browser_session)

    async def end_sessions(self, caller: Caller) -> None:
        """See BrowserAccounts.end_sessions."""
        _own_session(caller)
        sessions, by = self._catalog.admin.browser_sessions, Actor.of(caller)
        await asyncio.to_thread(sessions.end_all, caller.tenant_id, caller.user_id, by=by)

    async def browsers(self, caller: Caller) -> int:
        """See BrowserAccounts.browsers."""
        return await asyncio.to_thread(self._catalog.admin.browser_sessions.count, caller.user_id)

    async def change_password(self, caller: Caller, old: str, new: str, address: str) -> None:
        """See BrowserAccounts.change_password."""
        own_session = _own_session(caller)
        who = str(caller.user_id), address
        self._log_ins.begin(who)
        is_right = await asyncio.to_thread(
            lambda: self._catalog.admin.users.change_password(
                caller.user_id, old, new, keep_session=own_session, by=Actor.of(caller)
            )
        )
        if not is_right:
            message = "This is not your password."
            raise BadInput(message, issues=[Issue(("oldPassword",), message)])
        self._log_ins.succeeded(who)

    def tokens(self, member: Member) -> Tokens:
        """See Accounts.tokens."""
        return self._tokens.both(member.user.uid)

    async def refreshed(self, refresh: str) -> str | None:
        """See Accounts.refreshed."""
        uid = self._tokens.uid_of(refresh, REFRESH)
        if uid is None or await asyncio.to_thread(self._catalog.caller_by_user, uid) is None:
            return None
        return self._tokens.access(uid)

    async def member(self, caller: Caller) -> Member:
        """See Accounts.member."""
        user = await asyncio.to_thread(self._catalog.admin.users.get, caller.user_id)
        return Member(user, caller.tenant_slug)

    async def keys(self, caller: Caller) -> Sequence[ApiKey]:
        """See Accounts.keys."""
        return await asyncio.to_thread(
            lambda: self._catalog.admin.keys.all(
                caller.tenant_id, caller.user_id, revoked_too=False
            )
        )

    async def key(self, caller: Caller, key_id: str) -> ApiKey:
        """See Accounts.key."""
        for each in await self.keys(caller):
            if each.id == key_id.lower():
                return each
        raise NotFound("API key not found.")

    async def create_key(self, caller: Caller, name: str, *, is_active: bool) -> IssuedKey:
        """See Accounts.create_key."""

        def create() -> IssuedKey:
            keys, by = self._catalog.admin.keys, Actor.of(caller)
            made = keys.create(
                caller.tenant_id,
                caller.user_id,
                name,
                caller.scopes,
                project_id=caller.project_id,
                style=KeyStyle.PLAIN,
                by=by,
            )
            if is_active:
                return IssuedKey(made.key, made.secret_key)
            return IssuedKey(keys.change(made.key.id, is_active=False, by=by), made.secret_key)

        return await asyncio.to_thread(create)

    async def change_key(
        self, caller: Caller, key_id: str, name: str | None, is_active: bool | None
    ) -> ApiKey:
        """See Accounts.change_key."""
        known = await self.key(caller, key_id)
        return await asyncio.to_thread(
            lambda: self._catalog.admin.keys.change(
                known.id, caller.tenant_id, name=name, is_active=is_active, by=Actor.of(caller)
            )
        )

    async def revoke_key(self, caller: Caller, key_id: str) -> None:
        """See Accounts.revoke_key."""
        known = await self.key(caller, key_id)
        await asyncio.to_thread(
            lambda: self._catalog.admin.keys.revoke(known.id, caller.tenant_id, by=Actor.of(caller))
        )


def _own_session(caller: Caller) -> str:
    """Raises Forbidden for those who came with a key or a token."""
    if caller.browser_session is None:
        raise Forbidden("Only who has logged in to the pages may do this.", code="no_session")
    return caller.browser_session


class CatalogCharacters:
    """Implements model.accounts.Characters."""

    def __init__(self, catalog: SqlCatalog):
        self._catalog = catalog.admin

    async def create(self, caller: Caller, slug: str, said: CharacterChanges) -> Character:
        """See Characters.create."""

        def create() -> Character:
            self._catalog.agents.create(
                caller.project_id,
                slug,
                _fields(said),
                created_by=caller.user_id,
                adopt=caller.sees_whole_tenant,
                by=Actor.of(caller),
            )
            return self._one(caller, slug)

        return await asyncio.to_thread(create)

    async def all(self, caller: Caller) -> Sequence[Character]:
        """See Characters.all."""
        found = await asyncio.to_thread(self._found, caller, None)
        return sorted(found, key=lambda each: (each.agent.slug, each.agent.id))

    async def get(self, caller: Caller, slug: str) -> Character:
        """See Characters.get."""
        return await asyncio.to_thread(self._one, caller, slug)

    async def change(self, caller: Caller, slug: str, said: CharacterChanges) -> Character:
        """See Characters.change."""

        def change() -> Character:
            agent = self._one(caller, slug).agent
            self._catalog.agents.update(
                [agent.project_id], agent.id, _fields(said), by=Actor.of(caller)
            )
            return self._one(caller, agent.id)

        return await asyncio.to_thread(change)

    async def release(self, caller: Caller, slug: str) -> None:
        """See Characters.release."""

        def release() -> None:
            agent = self._one(caller, slug).agent
            self._catalog.agents.release(agent.id, by=Actor.of(caller))

        await asyncio.to_thread(release)

    async def known(self, slug: str) -> Sequence[Character]:
        """See Characters.known."""
        found = await asyncio.to_thread(lambda: self._told(self._catalog.agents.made(None, slug)))
        return [each for each in found if each.agent.is_active]

    def _found(self, caller: Caller, slug: str | None) -> list[Character]:
        made_by = None if caller.is_staff else caller.user_id
        return self._told(self._catalog.agents.made(made_by, slug))

    def _one(self, caller: Caller, slug: str) -> Character:
        found = self._found(caller, slug)
        if not found:
            raise NotFound("Character not found.")
        # Of several with one slug the one nearest to the caller is meant.
        near = caller.project_ids

        def distance(each: Character) -> int:
            project = each.agent.project_id
            return near.index(project) if project in near else len(near)

        return min(found, key=distance)

    def _told(self, agents: list[AgentDetails]) -> list[Character]:
        projects = {each.agent.project_id for each in agents}
        tenants = self._catalog.sessions.tenants_of(projects)
        return [
            Character(each.agent, tenants[each.agent.project_id], each.config, each.allowed_origins)
            for each in agents
        ]


class CatalogTenantAgents:
    """Implements model.accounts.TenantAgents."""

    def __init__(self, catalog: SqlCatalog):
        self._agents = catalog.admin.agents

    async def visible(self, caller: Caller) -> Sequence[Character]:
        """See TenantAgents.visible."""
        found = await asyncio.to_thread(self._agents.all, caller.project_ids)
        return [_told(each, caller) for each in found if not _is_released(each)]

    async def find(self, caller: Caller, name: str) -> Character:
        """See TenantAgents.find."""
        found = await asyncio.to_thread(self._agents.details, caller.project_ids, name)
        if _is_released(found):
            raise NotFound("There is no such agent.")
        return _told(found, caller)

    async def add(self, caller: Caller, slug: str, said: CharacterChanges) -> Character:
        """See TenantAgents.add."""

        def create(as_slug: str) -> str:
            made = self._agents.create(
                caller.project_id,
                as_slug,
                _fields(said),
                created_by=caller.user_id,
                adopt=caller.sees_whole_tenant,
                by=Actor.of(caller),
            )
            return made.id

        try:
            made = await asyncio.to_thread(create, slug)
        except Conflict:
            made = await asyncio.to_thread(create, f"{slug}-{token_hex(4)}")
        return await self.find(caller, made)

    async def amend(self, caller: Caller, name: str, said: CharacterChanges) -> Character:
        """See TenantAgents.amend."""
        agent = (await self._changeable(caller, name)).agent
        await asyncio.to_thread(
            lambda: self._agents.update(
                [agent.project_id], agent.id, _fields(said), by=Actor.of(caller)
            )
        )
        return await self.find(caller, agent.id)

    async def remove(self, caller: Caller, name: str) -> None:
        """See TenantAgents.remove."""
        agent = (await self._changeable(caller, name)).agent
        await asyncio.to_thread(lambda: self._agents.release(agent.id, by=Actor.of(caller)))

    async def _changeable(self, caller: Caller, name: str) -> Character:
        found = await self.find(caller, name)
        if not caller.sees_whole_tenant and found.agent.created_by != caller.user_id:
            raise Forbidden("Only its maker, an admin or an owner may change this agent.")
        return found


def _told(details: AgentDetails, caller: Caller) -> Character:
    return Character(details.agent, caller.tenant_slug, details.config, details.allowed_origins)


def _is_released(details: AgentDetails) -> bool:
    """Whether somebody has deleted it; an agent that ingest has met is active."""
    return details.agent.created_by is None and not details.agent.is_active


class CatalogForms:
    """Implements model.accounts.FormResponses."""

    def __init__(self, catalog: SqlCatalog):
        self._forms = catalog.admin.forms

    async def add(
        self, caller: Caller, character: Character, form_id: str, session_id: str, values: Any
    ) -> FormResponse:
        """See FormResponses.add."""
        return await asyncio.to_thread(
            self._forms.add, character.agent.id, form_id, session_id, values, caller.user_id
        )

    async def all(
        self,
        character: Character,
        session_id: str | None,
        form_id: str | None,
        limit: int,
        offset: int,
    ) -> Sequence[FormResponse]:
        """See FormResponses.all."""
        return await asyncio.to_thread(
            self._forms.all, character.agent.id, session_id, form_id, limit, offset
        )


def _fields(said: CharacterChanges) -> AgentFields:
    return AgentFields(
        name=said.name,
        config=None if said.config is None else dict(said.config),
        allowed_origins=said.allowed_origins,
        is_active=said.is_active,
    )
