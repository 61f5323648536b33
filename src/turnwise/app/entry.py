"""What the command `turnwise` runs: `analyze` at once, everything else with the whole server."""

import os
import sys
from importlib import import_module

from rich.console import Console
from rich.markup import escape

from turnwise.model.errors import TurnwiseError


def main() -> None:
    """Run the command line; an expected failure is one line and exit code 1."""
    try:
        if sys.argv[1:2] == ["analyze"]:
            # The multiplications are small: threads for them would only wait for each other.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            typer = import_module("typer")
            # Importing the server takes seconds, and a file on the disk needs none.
            sys.argv[0:2] = ["turnwise analyze"]
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command()(import_module("turnwise.app.analyze").analyze)
            alone()
        else:
            import_module("turnwise.app.cli").app()
    except TurnwiseError as error:
        # Never folded: a log's line is as long as it is, and a path in brackets is no markup.
        say = Console(stderr=True, highlight=False)
        say.print("[red]error:[/]", escape(error.message), soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
