"""The catalog's commands: tenants, users, keys, projects and integrations, also while a server runs."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from turnwise.app import config
from turnwise.app.integrations import OpenIntegrations
from turnwise.app.secret_key import secret_key
from turnwise.model.errors import BadInput, TurnwiseError
from turnwise.model.ids import TenantId
from turnwise.model.instants import NS_PER_SECOND, iso_ms, now_ns
from turnwise.model.integration import Integration, IntegrationKind
from turnwise.model.tenancy import ApiKey, Project, Role, Scope, Tenant, User
from turnwise.store import catalog as store
from turnwise.store.catalog import COMMAND_LINE, KeyStyle, NewKey, ProjectChanges, SqlCatalog

_NS_PER_DAY = 86_400 * NS_PER_SECOND

DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="TURNWISE_DATA_DIR", help="The server's data folder.")
]
CatalogUrl = Annotated[
    str,
    typer.Option(
        "--catalog-url",
        envvar="TURNWISE_CATALOG_URL",
        help="A PostgreSQL catalog instead of the file in the data folder.",
        # The value may hold a password, which no help text must show.
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OfTenant = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]
AnyTenant = Annotated[str | None, typer.Option("--tenant", help="Only this tenant's.")]
HERE = Path("turnwise-data")

tenants = typer.Typer(no_args_is_help=True, help="Organisations; nothing crosses their borders.")
users = typer.Typer(no_args_is_help=True, help="The people of a tenant.")
keys = typer.Typer(no_args_is_help=True, help="API keys.")
projects = typer.Typer(no_args_is_help=True, help="What keys write to.")
integrations = typer.Typer(
    no_args_is_help=True, help="Credentials of LiveKit and Twilio, each for one project."
)


def register(app: typer.Typer) -> None:
    """Add the catalog's commands to the program."""
    app.add_typer(tenants, name="tenants")
    app.add_typer(users, name="users")
    app.add_typer(keys, name="keys")
    app.add_typer(projects, name="projects")
    app.add_typer(integrations, name="integrations")


@tenants.command("create")
def create_tenant(
    slug: Annotated[str, typer.Option(help="Short name for addresses.")],
    name: Annotated[str, typer.Option(help="Name to show.")],
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Make a tenant with a project `default`."""
    with opened(data_dir, catalog_url) as catalog:
        show_one(_tenant_line(catalog.create_tenant(slug, name)), as_json)


@tenants.command("list")
def list_tenants(
    data_dir: DataDir = HERE, catalog_url: CatalogUrl = "", as_json: AsJson = False
) -> None:
    """Show all tenants."""
    with opened(data_dir, catalog_url) as catalog:
        show_all([_tenant_line(tenant) for tenant in catalog.tenants()], as_json)


@users.command("create")
def create_user(
    tenant: OfTenant,
    email: Annotated[str, typer.Option(help="What the user logs in with.")],
    password: Annotated[
        str | None,
        typer.Option(
            help="At least 8 characters; when left out, asked for or read from standard input."
        ),
    ] = None,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.MEMBER,
    staff: Annotated[bool, typer.Option("--staff", help="May see every tenant.")] = False,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Make a user of a tenant."""
    password = _asked("Password") if password is None else password
    with opened(data_dir, catalog_url) as catalog:
        made = catalog.create_user(tenant, email, password, role, is_staff=staff)
        show_one(_user_line(made, tenant), as_json)


@users.command("list")
def list_users(
    tenant: AnyTenant = None,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show the users of a tenant, or all."""
    with opened(data_dir, catalog_url) as catalog:
        slugs = _slugs(catalog)
        found = catalog.admin.users.all(tenant_id_of(catalog, tenant))
        show_all([_user_line(user, slugs[user.tenant_id]) for user in found], as_json)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    tenant: OfTenant = "default",
    scopes: Annotated[str, typer.Option(help="Some of ingest, read, admin.")] = "ingest,read",
    user: Annotated[
        str | None, typer.Option(help="The owner's address; otherwise the first owner's.")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Where it writes, made when new; otherwise `default`.")
    ] = None,
    expires_days: Annotated[int | None, typer.Option(min=1, max=36_500)] = None,
    style: Annotated[KeyStyle, typer.Option(help="How it begins.")] = KeyStyle.TURNWISE,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and show its secret, this once."""
    wanted = _scopes(scopes)
    expires_ns = None if expires_days is None else now_ns() + expires_days * _NS_PER_DAY
    with opened(data_dir, catalog_url) as catalog:
        made = catalog.create_key(
            tenant,
            name,
            wanted,
            email=user,
            project=project,
            expires_ns=expires_ns,
            style=style,
        )
        _show_secret(made, _names(catalog), as_json)


@keys.command("list")
def list_keys(
    tenant: AnyTenant = None,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show the keys of a tenant, or all, without their secrets."""
    with opened(data_dir, catalog_url) as catalog:
        names = _names(catalog)
        found = catalog.admin.keys.all(tenant_id_of(catalog, tenant))
        show_all([_key_line(key, names) for key in found], as_json)


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Take a key back, at once and for good."""
    with opened(data_dir, catalog_url) as catalog:
        revoked = catalog.admin.keys.revoke(key_id, by=COMMAND_LINE)
        show_one(_key_line(revoked, _names(catalog)), as_json)


@keys.command("rotate")
def rotate_key(
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret and show it, this once; the old one stops at once."""
    with opened(data_dir, catalog_url) as catalog:
        _show_secret(catalog.admin.keys.rotate(key_id, by=COMMAND_LINE), _names(catalog), as_json)


@projects.command("create")
def create_project(
    tenant: OfTenant,
    name: Annotated[str, typer.Option(help="Unique within the tenant.")],
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Make a project of a tenant."""
    with opened(data_dir, catalog_url) as catalog:
        made = catalog.create_project(tenant, name, ProjectChanges(description=description))
        show_one(_project_line(made, tenant), as_json)


@projects.command("list")
def list_projects(
    tenant: AnyTenant = None,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show the projects of a tenant, or all."""
    with opened(data_dir, catalog_url) as catalog:
        slugs = _slugs(catalog)
        found = [item.project for item in catalog.admin.projects.all(tenant_id_of(catalog, tenant))]
        show_all([_project_line(item, slugs[item.tenant_id]) for item in found], as_json)


@integrations.command("add")
def add_integration(
    kind: Annotated[IntegrationKind, typer.Option(help="Whose credentials they are.")],
    key: Annotated[
        str, typer.Option(help="LiveKit's API key; Twilio's account SID or the id of a shared key.")
    ],
    secret: Annotated[
        str | None,
        typer.Option(
            help="API secret, auth token or shared key; when left out, asked for or read from "
            "standard input."
        ),
    ] = None,
    tenant: OfTenant = "default",
    project: Annotated[str, typer.Option(help="Where what they sign goes.")] = "default",
    file: Annotated[
        Path | None,
        typer.Option("--config", help="The server's TOML file, if that names its secret key."),
    ] = None,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Keep credentials for a project; the secret is sealed and never shown again."""
    secret = _asked("Secret") if secret is None else secret
    with opened(data_dir, catalog_url) as catalog:
        settings = config.load({"data_dir": data_dir, "catalog_url": catalog_url}, file)
        made = OpenIntegrations(catalog, secret_key(settings)).add(
            tenant, project, kind, key, secret
        )
        show_one(_integration_line(made, _names(catalog)), as_json)


@integrations.command("list")
def list_integrations(
    tenant: AnyTenant = None,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show the integrations of a tenant, or all, without their secrets."""
    with opened(data_dir, catalog_url) as catalog:
        names = _names(catalog)
        found = catalog.admin.integrations.all(tenant_id_of(catalog, tenant))
        show_all([_integration_line(each, names) for each in found], as_json)


@integrations.command("remove")
def remove_integration(
    integration_id: Annotated[str, typer.Argument(metavar="ID")],
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Forget credentials; what they sign is refused at once."""
    with opened(data_dir, catalog_url) as catalog:
        removed = catalog.admin.integrations.remove(integration_id, by=COMMAND_LINE)
        show_one(_integration_line(removed, _names(catalog)), as_json)


@contextmanager
def opened(data_dir: Path, catalog_url: str) -> Iterator[SqlCatalog]:
    """The catalog with its default tenant; what goes wrong becomes one line and an exit code."""
    try:
        with SqlCatalog.open(store.catalog_url(data_dir, catalog_url)) as catalog:
            catalog.ensure_defaults()
            yield catalog
    except TurnwiseError as error:
        typer.echo(f"error: {error.message}", err=True)
        raise typer.Exit(2 if isinstance(error, BadInput) else 1) from error


def _asked(what: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _scopes(text: str) -> list[Scope]:
    try:
        return [Scope(name.strip()) for name in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(
            f"'{text}' is not a list of {', '.join(Scope)}.", param_hint="--scopes"
        ) from error


def tenant_id_of(catalog: SqlCatalog, slug: str | None) -> TenantId | None:
    """The tenant of this slug, None for None; raises NotFound."""
    return None if slug is None else catalog.admin.tenants.named(slug).id


def _slugs(catalog: SqlCatalog) -> dict[str, str]:
    return {tenant.id: tenant.slug for tenant in catalog.tenants()}


def _names(catalog: SqlCatalog) -> dict[str | int, str]:
    """Readable names by tenant id, project id and user number."""
    names: dict[str | int, str] = {user.id: user.email for user in catalog.admin.users.all()}
    names |= {item.project.id: item.project.name for item in catalog.admin.projects.all()}
    return names | {tenant.id: tenant.slug for tenant in catalog.tenants()}


# --- what is shown ------------------------------------------------------------------------------


def _tenant_line(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.id,
        "slug": tenant.slug,
        "name": tenant.display_name,
        "created_at": iso_ms(tenant.created_ns),
    }


def _user_line(user: User, tenant: str) -> dict[str, Any]:
    return {
        "id": user.id,
        "uid": user.uid,
        "tenant": tenant,
        "email": user.email,
        "role": user.role.value,
        "is_staff": user.is_staff,
        "is_active": user.is_active,
        "created_at": iso_ms(user.created_ns),
    }


def _project_line(project: Project, tenant: str) -> dict[str, Any]:
    return {
        "id": project.id,
        "tenant": tenant,
        "name": project.name,
        "description": project.description,
        "created_at": iso_ms(project.created_ns),
    }


def _key_line(key: ApiKey, names: dict[str | int, str]) -> dict[str, Any]:
    return {
        "id": key.id,
        "public_key": key.public_key,
        "preview": key.preview,
        "name": key.name,
        "tenant": names[key.tenant_id],
        "user": names[key.user_id],
        "project": names[key.project_id],
        "scopes": sorted(key.scopes),
        "is_active": key.is_active,
        "created_at": iso_ms(key.created_ns),
        "expires_at": None if key.expires_ns is None else iso_ms(key.expires_ns),
        "last_used_at": None if key.last_used_ns is None else iso_ms(key.last_used_ns),
    }


def _integration_line(integration: Integration, names: dict[str | int, str]) -> dict[str, Any]:
    return {
        "id": integration.id,
        "kind": integration.kind.value,
        "key": integration.key,
        "tenant": names[integration.tenant_id],
        "project": names[integration.project_id],
        "created_at": iso_ms(integration.created_ns),
    }


def _show_secret(made: NewKey, names: dict[str | int, str], as_json: bool) -> None:
    line = _key_line(made.key, names)
    first = {"id": line["id"], "public_key": line["public_key"], "secret_key": made.secret_key}
    show_one(first | line, as_json)
    if not as_json:
        typer.echo("\nThe secret key is shown this once and cannot be shown again: keep it now.")


def show_one(line: dict[str, Any], as_json: bool) -> None:
    """Print one thing, a field a line or as JSON."""
    if as_json:
        typer.echo(json.dumps(line))
        return
    width = max(map(len, line))
    for name, value in line.items():
        typer.echo(f"{name.replace('_', ' '):{width}}  {_cell(value)}")


def show_all(lines: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print things as a table or as JSON."""
    if as_json:
        typer.echo(json.dumps({"data": lines}))
        return
    if not lines:
        typer.echo("none")
        return
    rows = [[name.replace("_", " ") for name in lines[0]]]
    rows += [[_cell(value) for value in line.values()] for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # Lines longer than the terminal wrap there; in a pipe each stays one line.
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
