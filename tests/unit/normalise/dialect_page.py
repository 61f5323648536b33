"""docs/dialects.md, made from the tables: `python -m tests.unit.normalise.dialect_page` writes it."""

from pathlib import Path

from turnwise.normalise.index import DIALECTS
from turnwise.normalise.table import Attribute, Dialect

PAGE = Path(__file__).parents[3] / "docs" / "dialects.md"

_HEAD = """# Dialects

What senders call things, and what Turnwise makes of it. This page is generated from
`src/turnwise/normalise/dialects/`; a test keeps it in step.

How a span is read:

1. **Framework** by the instrumentation scope, else by a known span name together with an
   attribute that only this framework writes.
2. **Step and kind** by the span's name where the framework's table has it, else by the first
   attribute of the tables "What says the kind" that has a known word, in the order of their rank;
   else `gen_ai.tool.name` means TOOL and any attribute that names a model means GENERATION. In a
   framework's own spans only names of its table are GENERATION. Elsewhere spans named `stt` and
   `tts` are those steps whatever they call themselves, and a plain span whose name holds the word
   `turn` is a turn.
3. **Attributes**, each by one look-up. Where several name the same target, the lowest rank that
   has a value wins. Empty texts, `NOT_GIVEN`, NaN, negative lengths and the -1 by which LiveKit
   says "none" are no values. Stage latencies of spans with error status are no values either.
4. **Input and output** are the winner's value as JSON text: a text that is a JSON object or array
   as it came, any other text as a JSON string; else the `gen_ai.*.message` and `gen_ai.choice`
   events; else messages sent with one attribute per leaf.
5. **Tokens and cost** only on generations and embeddings (cost also on speech), because senders
   repeat them on the spans around; Langfuse's own `usage_details` and `cost_details` always.
   `input` includes cached tokens; `total` is input plus output unless given.
6. **Everything else** stays in `metadata`: `attributes` (all but what input or output holds
   verbatim), `resource`, `scope`, `events`, `links`; the user's own metadata keys stand beside
   them.

Targets are fields of an observation; `voice.` fields belong to the conversation; `usage.`, `cost.`
and `param.` are names inside usage details, cost details and model parameters. A name that ends
in `*` is the beginning of many; what follows it is the name at the target.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(dialect) for dialect in DIALECTS)


def _section(dialect: Dialect) -> str:
    found = [f"\n## {dialect.title}\n\nSource: {dialect.source}.\n"]
    if dialect.scopes:
        scopes = ", ".join(f"`{scope}`" for scope in dialect.scopes)
        found.append(f"\nScopes: {scopes}.\n")
    if dialect.spans:
        found.append("\n| Span | Step | Kind |\n|---|---|---|\n")
        found.extend(f"| `{s.name}` | {s.step.value} | {s.kind.value} |\n" for s in dialect.spans)
    if dialect.kinds:
        found.append("\n| What says the kind | Rank | Words |\n|---|---|---|\n")
        for words in dialect.kinds:
            said = ", ".join(f"{word}: {kind.value}" for word, (kind, _) in words.words.items())
            found.append(f"| `{words.attribute}` | {words.rank} | {said} |\n")
    found.append("\n| Attribute | Becomes | Unit sent | Rank | On |\n|---|---|---|---|---|\n")
    found.extend(_row(attribute, "") for attribute in dialect.attributes)
    found.extend(_row(attribute, "the resource") for attribute in dialect.resource)
    return "".join(found)


def _row(attribute: Attribute, where: str) -> str:
    name = attribute.name + ("*" if attribute.is_prefix else "")
    steps = ", ".join(sorted(step.value for step in attribute.steps))
    if not where:
        where = steps or (
            f"{attribute.framework.value} spans" if attribute.framework else "any span"
        )
    return f"| `{name}` | {attribute.target} | {attribute.unit} | {attribute.rank} | {where} |\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
