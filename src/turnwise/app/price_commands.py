"""The commands about prices: list, add, remove, import, and apply to what is stored."""

from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from turnwise.analyse.price_table import built_in_rows
from turnwise.app.catalog_commands import (
    HERE,
    AsJson,
    CatalogUrl,
    DataDir,
    opened,
    show_all,
    show_one,
    tenant_id_of,
)
from turnwise.app.price_book import checked_row, read_price_file
from turnwise.http.json_text import decimal_text
from turnwise.model.errors import BadInput, NotFound, TurnwiseError
from turnwise.model.instants import iso_seconds
from turnwise.model.price import PriceRow
from turnwise.store.catalog import COMMAND_LINE, Owner, SqlCatalog

MAX_FILE_BYTES = 64 << 20
_TIMEOUT_SECONDS = 120.0

OfTenant = Annotated[
    str | None, typer.Option("--tenant", help="Only for this tenant; otherwise for everyone.")
]
OfProject = Annotated[
    str | None, typer.Option("--project", help="Only for this project of the tenant.")
]

prices = typer.Typer(
    no_args_is_help=True, help="Your own prices, which win over the built-in ones."
)
imports = typer.Typer(no_args_is_help=True, help="Take over what another system holds.")
say = Console(stderr=True, highlight=False)
# How many there are is known only at the end.
_SHOWN = (TextColumn("{task.description}"), TextColumn("{task.completed:.0f}"), TimeElapsedColumn())


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(prices, name="prices")
    app.add_typer(imports, name="import")
    app.command("reprice")(reprice)


@prices.command("list")
def list_prices(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's.")] = None,
    built_in: Annotated[bool, typer.Option("--built-in", help="The built-in table too.")] = False,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show your own prices."""
    with opened(data_dir, catalog_url) as catalog:
        found = catalog.admin.prices.all(tenant_id_of(catalog, tenant))
        lines = [_line(each.row) for each in found]
    if built_in:
        lines += [_line(row) for row in built_in_rows()]
    show_all(lines, as_json)


@prices.command("add")
def add_price(
    match: Annotated[str, typer.Option(help="Regular expression of the whole model name.")],
    unit: Annotated[str, typer.Option(help="What is counted, for example input_token.")],
    usd: Annotated[str, typer.Option(help="USD for `--per` units.")],
    per: Annotated[int, typer.Option(min=1, help="How many units `--usd` buys.")] = 1,
    provider: Annotated[str, typer.Option(help="Only of this provider.")] = "",
    name: Annotated[str, typer.Option(help="How the price is cited.")] = "",
    stage: Annotated[str, typer.Option(help="llm, stt, tts, telephony or platform.")] = "",
    tier_condition: Annotated[str, typer.Option(help='Like "input_tokens > 200000".')] = "",
    start_date: Annotated[str, typer.Option(help="First day, ISO.")] = "",
    end_date: Annotated[str, typer.Option(help="First day on which it no longer holds.")] = "",
    source_url: Annotated[str, typer.Option(help="Where it was read.")] = "",
    checked_on: Annotated[str, typer.Option(help="The day on which that was.")] = "",
    tenant: OfTenant = None,
    project: OfProject = None,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Add a price; a running server goes by it at once."""
    cells = {
        "match": match,
        "unit": unit,
        "usd": usd,
        "per": str(per),
        "provider": provider,
        "name": name,
        "stage": stage,
        "tier_condition": tier_condition,
        "start_date": start_date,
        "end_date": end_date,
        "source_url": source_url,
        "checked_on": checked_on,
    }
    with opened(data_dir, catalog_url) as catalog:
        owner = _owner(catalog, tenant, project)
        made = catalog.admin.prices.add(owner, checked_row(cells), by=COMMAND_LINE)
        show_one(_line(made.row), as_json)


@prices.command("remove")
def remove_price(
    price_id: Annotated[str, typer.Argument(metavar="ID")],
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Forget a price of your own."""
    with opened(data_dir, catalog_url) as catalog:
        removed = catalog.admin.prices.remove(price_id, None, by=COMMAND_LINE)
        show_one(_line(removed.row), as_json)


@imports.command("prices")
def import_prices(
    file: Annotated[Path, typer.Argument(help="LiteLLM's price JSON, or a table in CSV.")],
    tenant: OfTenant = None,
    project: OfProject = None,
    data_dir: DataDir = HERE,
    catalog_url: CatalogUrl = "",
    as_json: AsJson = False,
) -> None:
    """Make user prices of a file: all of it, or nothing where a part of it cannot be read."""
    with opened(data_dir, catalog_url) as catalog:
        rows, passed_over = read_price_file(_text_of(file))
        owner = _owner(catalog, tenant, project)
        with Progress(console=say) as progress:
            task = progress.add_task("prices", total=len(rows))
            kept = catalog.admin.prices.put(
                owner,
                rows,
                by=COMMAND_LINE,
                report=lambda done, _: progress.update(task, completed=done),
            )
            progress.update(task, completed=len(rows))
        line = {
            "prices": len(rows),
            "added": kept.added,
            "changed": kept.changed,
            "unchanged": kept.unchanged,
            "models_without_price": passed_over,
        }
        show_one(line, as_json)


def reprice(
    url: Annotated[str, typer.Option(help="The running server.")] = "http://127.0.0.1:8990",
    api_key: Annotated[
        str, typer.Option(envvar="TURNWISE_API_KEY", help="Secret key with the scope `admin`.")
    ] = "",
    project: Annotated[str | None, typer.Option(help="Only this project of the tenant.")] = None,
    since: Annotated[str | None, typer.Option(help="Sessions from this ISO date on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Price stored sessions by the prices of now, through a running server; reported costs stay.

    Stopped half way it has done half of the sessions; a repetition does the rest.
    """
    if not api_key:
        raise typer.BadParameter("a key is needed: --api-key or TURNWISE_API_KEY")
    body: dict[str, str] = {"project": project} if project else {}
    if since:
        body["since"] = since
    done = changed = 0
    with (
        httpx2.Client(
            base_url=url, headers={"x-api-key": api_key}, timeout=_TIMEOUT_SECONDS
        ) as client,
        Progress(SpinnerColumn(), *_SHOWN, console=say) as progress,
    ):
        task = progress.add_task("sessions", total=None)
        while True:
            step = _step(client, body)
            done, changed = done + step["sessions"], changed + step["changed"]
            progress.update(task, completed=done)
            if step["cursor"] is None:
                break
            body["cursor"] = step["cursor"]
    show_one({"sessions": done, "changed": changed}, as_json)


def _step(client: httpx2.Client, body: dict[str, str]) -> dict[str, Any]:
    try:
        answer = client.post("/v1/prices/apply", json=body)
    except httpx2.HTTPError as error:
        raise TurnwiseError(f"The server at {client.base_url} does not answer: {error}") from error
    if answer.status_code != httpx2.codes.OK:
        raise TurnwiseError(f"The server refused: {_reason(answer)}")
    found: dict[str, Any] = answer.json()
    return found


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"


def _text_of(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise BadInput(f"{file} is larger than {MAX_FILE_BYTES} bytes.")
        return file.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInput(f"Line {line} of {file} is not UTF-8.") from error


def _owner(catalog: SqlCatalog, tenant: str | None, project: str | None) -> Owner:
    tenant_id = tenant_id_of(catalog, "default" if tenant is None and project else tenant)
    if project is None or tenant_id is None:
        return Owner(tenant_id)
    for each in catalog.admin.projects.all(tenant_id):
        if each.project.name == project:
            return Owner(tenant_id, each.project.id)
    raise NotFound(f"The tenant has no project '{project}'.")


def _line(row: PriceRow) -> dict[str, Any]:
    tier = row.above_input_tokens
    return {
        "id": row.id,
        "scope": row.reach.name.lower(),
        "name": row.name,
        "provider": row.provider,
        "match": row.match,
        "unit": row.unit.value,
        "usd": decimal_text(row.usd),
        "per": row.per,
        "tier_condition": f"input_tokens > {tier}" if tier else None,
        "start_date": iso_seconds(row.valid_from_ns) if row.valid_from_ns else None,
        "end_date": None if row.valid_until_ns is None else iso_seconds(row.valid_until_ns),
        "source_url": row.source_url or None,
        "checked_on": row.checked_on or None,
    }
