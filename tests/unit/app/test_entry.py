"""The parts of the program, and the program as a whole."""

from importlib import import_module

import pytest
import typer

from turnwise.app import cli, entry


def commands(app: typer.Typer) -> set[str]:
    group = typer.main.get_command(app)
    return set(getattr(group, "commands", {}))


@pytest.mark.parametrize("name", sorted(entry.PARTS))
def test_a_command_is_in_the_part_that_is_loaded_for_it(name: str) -> None:
    app = entry.program()
    import_module(entry.PARTS[name]).register(app)
    assert name in commands(app)


def test_the_whole_program_has_the_commands_of_all_parts_and_its_own() -> None:
    assert commands(cli.app) == {*entry.PARTS} | {
        *("serve", "worker", "demo", "rebuild", "doctor", "version")
    }
