"""What the command `turnwise` runs: the part that has the command, or else the whole program."""

import os
import sys
from importlib import import_module

import typer
from rich.console import Console
from rich.markup import escape

from turnwise.model.errors import TurnwiseError

_CATALOG = "turnwise.app.catalog_commands"
_PRICES = "turnwise.app.price_commands"

# Importing the server takes a second, and these commands need none. Each part has a `register`.
PARTS = {
    "analyze": "turnwise.app.analyze",
    "gate": "turnwise.app.gate.command",
    "import": _PRICES,
    "integrations": _CATALOG,
    "keys": _CATALOG,
    "prices": _PRICES,
    "projects": _CATALOG,
    "reprice": _PRICES,
    "tenants": _CATALOG,
    "users": _CATALOG,
}


def program() -> typer.Typer:
    """The program without its commands."""
    made = typer.Typer(
        name="turnwise",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # With a callback a program of one command still has that command's name before its arguments.
    made.callback(help="Self-hosted observability for voice agents.")(lambda: None)
    return made


def main() -> None:
    """Run the command line; an expected failure is one line and exit code 1."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked == "analyze":
        # The multiplications are small: threads for them would only wait for each other.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        if asked in PARTS:
            app = program()
            import_module(PARTS[asked]).register(app)
        else:
            app = import_module("turnwise.app.cli").app
        app()
    except TurnwiseError as error:
        # Never folded: a log's line is as long as it is, and a path in brackets is no markup.
        say = Console(stderr=True, highlight=False)
        say.print("[red]error:[/]", escape(error.message), soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
