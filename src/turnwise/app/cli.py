"""The command `turnwise`."""

import asyncio
import gc
import json
import logging
import os
import threading
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
import uvicorn
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from turnwise import __version__
from turnwise.app import config, entry
from turnwise.app.background import Means, background_of
from turnwise.app.demo.credentials import DemoAccess, ensure_demo_access
from turnwise.app.demo.send import DEFAULT_SESSIONS, send_demo
from turnwise.app.listening import hear_again
from turnwise.app.secret_key import secret_key
from turnwise.app.server import create_app, open_catalog, open_flow
from turnwise.app.worker import Worker, rebuild
from turnwise.model.errors import TurnwiseError

app = entry.program()
say = Console(stderr=True, highlight=False)

# A request of 100 spans makes some ten thousand objects that die with it; the default of 700 has the
# collector run a dozen times in each.
GC_AFTER_ALLOCATIONS = 20_000

DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder of everything that is kept embedded.", show_default=False),
]
SettingsFile = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def _settings(file: Path | None = None, **flags: Any) -> config.Settings:
    for name in config.unknown_names(dict(os.environ)):
        say.print(f"[yellow]warning:[/] {name} is no setting of turnwise; see docs/settings.md")
    return config.load(flags, file)


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("alembic", "uvicorn.error", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: DataDir = None,
    file: SettingsFile = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Demo login and key; demo sessions in an empty store.")
    ] = False,
) -> None:
    """Run the server and its background worker in one process."""
    settings = _settings(file, host=host, port=port, data_dir=data_dir)
    _log_to_stderr()
    secret_key(settings)
    catalog = open_catalog(settings)
    access = ensure_demo_access(catalog, settings.data_dir) if demo else None
    flow = open_flow(settings, catalog)
    server = _Announcing(
        uvicorn.Config(
            create_app(settings, catalog, flow),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=10,
        ),
        access,
    )
    # What was imported lives as long as the process: it need not be looked through again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_AFTER_ALLOCATIONS, 20, 20)
    server.run()


class _Announcing(uvicorn.Server):
    """Says where it listens once it does, and then sends the demo to itself."""

    def __init__(self, settings: uvicorn.Config, access: DemoAccess | None):
        super().__init__(settings)
        self._access = access

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        shown = "127.0.0.1" if ip_address(host).is_unspecified else host
        url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
        say.print(f"Turnwise {__version__} is ready: [bold]{url}[/]")
        if self._access is not None:
            threading.Thread(target=_fill_when_empty, args=(url, self._access), daemon=True).start()


def _fill_when_empty(url: str, access: DemoAccess) -> None:
    """Send the demo sessions unless there are sessions already, then print how to look at them."""
    try:
        if not has_sessions(url, access.secret_key):
            with Progress(console=say) as progress:
                send_demo(url, access.secret_key, progress=progress)
    except TurnwiseError as error:
        say.print("[red]demo sessions were not sent:[/]", escape(error.message), soft_wrap=True)
    for line in (
        f"  in a browser  {url}",
        f"  demo login    {access.email}  password {access.password}",
        f"  demo API key  {access.secret_key}",
        f'  try           curl -H "x-api-key: {access.secret_key}" {url}/v1/observability/sessions',
    ):
        say.print(line, soft_wrap=True)


def has_sessions(url: str, api_key: str) -> bool:
    """Whether the server has any session for this key."""
    answer = httpx2.get(
        f"{url}/v1/observability/sessions", params={"limit": 1}, headers={"x-api-key": api_key}
    )
    return bool(answer.raise_for_status().json()["data"])


@app.command()
def worker(data_dir: DataDir = None, file: SettingsFile = None) -> None:
    """Run the background worker alone, beside API processes on a shared telemetry server.

    It needs their media store, their catalog and their secret key.
    """
    settings = _settings(file, data_dir=data_dir)
    _log_to_stderr()
    secret = secret_key(settings)
    catalog = open_catalog(settings)
    flow = open_flow(settings, catalog)
    asyncio.run(_work(background_of(Means.of(settings, catalog, flow, secret))))


async def _work(worker: Worker) -> None:
    await worker.catch_up()
    await worker.run()


@app.command()
def demo(
    sessions: Annotated[int, typer.Option(min=1, help="How many sessions.")] = DEFAULT_SESSIONS,
    url: Annotated[str, typer.Option(help="Server to send to.")] = "http://127.0.0.1:8990",
    api_key: Annotated[
        str, typer.Option(envvar="TURNWISE_API_KEY", help="Secret key with the scope `ingest`.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Same seed, same sessions.")] = 7,
    days: Annotated[int, typer.Option(min=1, help="Spread over so many past days.")] = 7,
) -> None:
    """Send realistic demo sessions through the public ingest of a running server."""
    if not api_key:
        raise typer.BadParameter("a key is needed: --api-key or TURNWISE_API_KEY")
    with Progress(console=say) as progress:
        sent = send_demo(url, api_key, sessions, seed, days, progress=progress)
    say.print(f"{sent} sessions sent to {url}")


@app.command(name="rebuild")
def rebuild_command(
    data_dir: DataDir = None,
    file: SettingsFile = None,
    audio: Annotated[
        bool,
        typer.Option("--audio", help="Have recordings heard anew that an older version has heard."),
    ] = False,
) -> None:
    """Derive every session anew from its facts; the server must be stopped when embedded."""
    settings = _settings(file, data_dir=data_dir)
    flow = open_flow(settings, open_catalog(settings))

    async def run() -> int:
        try:
            if audio:
                sessions = await flow.store.session_ids()
                heard = await hear_again(flow.store, flow.accept, sessions)
                say.print(f"{heard} recordings will be listened to by the next server")
            with Progress(console=say) as progress:
                task = progress.add_task("sessions", total=None)
                return await rebuild(
                    flow, lambda done, total: progress.update(task, completed=done, total=total)
                )
        finally:
            await flow.store.close()

    say.print(f"{asyncio.run(run())} sessions derived anew")


@app.command()
def doctor(data_dir: DataDir = None, file: SettingsFile = None, as_json: AsJson = False) -> None:
    """Say what is wrong with the stores; exit code 1 when anything is."""
    settings = _settings(file, data_dir=data_dir)
    flow = open_flow(settings, open_catalog(settings))

    async def run() -> Any:
        try:
            return await flow.store.health()
        finally:
            await flow.store.close()

    health = asyncio.run(run())
    if as_json:
        typer.echo(json.dumps({"problems": list(health.problems), "facts": health.facts}))
    else:
        for name, value in health.facts.items():
            say.print(f"{name:24} {value}")
        for problem in health.problems:
            say.print("[red]problem:[/]", escape(problem), soft_wrap=True)
    if health.problems:
        raise typer.Exit(1)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


for part in sorted(set(entry.PARTS.values())):
    import_module(part).register(app)
