"""What is said in the demo: the texts under scripts/, read and filled with seeded choices.

A script file holds lists (`@slot language: a | b`) and sections (`## name language`) of lines:
`C:` the caller, `T: tool {arguments} => result` a tool that the agent uses before it answers,
`A:` the agent, `H: label | words` another agent that takes over and says so. In every line
`[a|b]` is a choice, and `<slot>` a pick from a list that stays the same for the whole call;
`<slot.2>` is a second pick that differs, `<num4>` four digits. The sections `greet`, `side` and
`close` are parts that any conversation of that language may begin with, contain or end with.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

GREETING, SIDE, CLOSING = "greet", "side", "close"

_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SLOT = re.compile(r"<([a-z]+)(\d?)(?:\.(\d))?>")


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool, what it is asked and what it answers; arguments and result are JSON values."""

    name: str
    arguments: Mapping[str, object]
    result: object


@dataclass(frozen=True, slots=True)
class Handoff:
    """Another agent takes over."""

    label: str
    words: str


@dataclass(slots=True)
class Exchange:
    """What the caller says and what the agent does about it, still with choices and slots."""

    caller: str | None
    uses: list[str] = field(default_factory=list)
    agent: str = ""
    handoff: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """An exchange as it was really spoken.

    Attributes:
        caller: None where the agent speaks unasked.
    """

    caller: str | None
    uses: tuple[ToolUse, ...]
    agent: str
    handoff: Handoff | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """One conversation, or a section of parts."""

    name: str
    language: str
    exchanges: list[Exchange]

    @property
    def has_tools(self) -> bool:
        return any(each.uses for each in self.exchanges)

    @property
    def has_handoff(self) -> bool:
        return any(each.handoff for each in self.exchanges)


@dataclass(frozen=True, slots=True)
class Book:
    """All that one agent's calls are made of."""

    scripts: list[Script]
    slots: Mapping[tuple[str, str], list[str]]

    def conversations(self, language: str) -> list[Script]:
        parts = (GREETING, SIDE, CLOSING)
        return [
            each for each in self.scripts if each.language == language and each.name not in parts
        ]

    def parts(self, name: str, language: str) -> list[Exchange]:
        return next(
            each.exchanges
            for each in self.scripts
            if each.name == name and each.language == language
        )


@cache
def read_book(name: str) -> Book:
    """The script file of that name."""
    text = (files("turnwise.app.demo") / "scripts" / f"{name}.txt").read_text(encoding="utf-8")
    scripts: list[Script] = []
    slots: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        if line.startswith("@"):
            head, _, listed = line[1:].partition(": ")
            slot, _, language = head.partition(" ")
            slots[slot, language] = [each.strip() for each in listed.split("|")]
        elif line.startswith("## "):
            section, _, language = line[3:].partition(" ")
            scripts.append(Script(section, language, []))
        elif line[1:3] == ": ":
            _add_line(scripts[-1].exchanges, line[0], line[3:])
    return Book(scripts, slots)


def _add_line(exchanges: list[Exchange], kind: str, rest: str) -> None:
    if kind == "C":
        exchanges.append(Exchange(rest))
    elif kind == "T":
        exchanges[-1].uses.append(rest)
    elif kind == "H":
        exchanges[-1].handoff = rest
    elif exchanges and not exchanges[-1].agent:
        exchanges[-1].agent = rest
    else:
        exchanges.append(Exchange(None, agent=rest))


class Filler:
    """Makes the choices of one call and remembers them."""

    def __init__(self, book: Book, language: str, rng: random.Random):
        self._slots = book.slots
        self._language = language
        self._rng = rng
        self._picked: dict[str, str] = {}

    def said(self, exchange: Exchange) -> Said:
        """The exchange with every choice made."""
        caller = None if exchange.caller is None else self.text(exchange.caller)
        uses = tuple(self._use(line) for line in exchange.uses)
        agent = self.text(exchange.agent)
        if exchange.handoff is None:
            return Said(caller, uses, agent)
        label, _, words = exchange.handoff.partition(" | ")
        handoff = Handoff(label, self.text(words))
        named = f"to_{label}"
        if all(use.name != named for use in uses):
            uses = (*uses, ToolUse(named, {}, f"Handed over to {label}."))
        return Said(caller, uses, agent, handoff)

    def text(self, template: str) -> str:
        """The template with choices made and slots filled."""
        found = _CHOICE.search(template)
        while found is not None:
            chosen = self._rng.choice(found[1].split("|"))
            template = template[: found.start()] + chosen + template[found.end() :]
            found = _CHOICE.search(template)
        filled = _SLOT.sub(self._slot, template)
        return filled[:1].upper() + filled[1:]

    def _use(self, line: str) -> ToolUse:
        name, _, rest = line.partition(" ")
        arguments, _, result = _SLOT.sub(self._slot, rest).partition(" => ")
        return ToolUse(name, json.loads(arguments), json.loads(result))

    def _slot(self, match: re.Match[str]) -> str:
        known = self._picked.get(match[0])
        if known is None:
            known = self._picked[match[0]] = self._pick(match[1], match[2])
        return known

    def _pick(self, name: str, digits: str) -> str:
        if digits:
            size = int(digits)
            return str(self._rng.randrange(10 ** (size - 1), 10**size))
        listed = self._slots[name, self._language]
        free = [each for each in listed if each not in self._picked.values()]
        return self._rng.choice(free or listed)
