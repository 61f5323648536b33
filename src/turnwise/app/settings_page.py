"""docs/settings.md, written from the settings themselves: `python -m turnwise.app.settings_page`."""

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from turnwise.app.config import PREFIX, Settings

_HEAD = """# Settings

Environment variables; the same names without prefix, in lower case, in a TOML file given by `--config`. Flags win over
the environment, the environment over the file. Every default starts a working server.

| Variable | Default | Meaning |
|---|---|---|
"""


def _default(field: FieldInfo) -> str:
    if field.default in (None, "") or field.annotation is SecretStr:
        return "–"
    return f"`{field.default}`"


def page() -> str:
    """The whole page."""
    rows = (
        f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    )
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- a program that prints a page
