"""One pass over a span's attributes: every known one converted and put where it belongs.

Besides fields of Observation and Voice, dialects name these gathering places, which later steps
turn into fields: `params` and `param.*` (model parameters), `model_parameters` (an object of
them), `usage_details`, `usage_metadata`, `input_token_details`, `output_token_details`,
`cost_details`, `llm_metrics`, `tts_metrics` (objects to be read), `user_metadata`,
`metadata_object`, `flat_input`, `flat_output` (messages with one attribute per leaf),
`exception_message`, `root_trace_name`, `requested_model`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from turnwise.normalise.index import RESOURCE_RULES, Rule, Rules
from turnwise.normalise.values import is_refused, milliseconds, seconds

GroupValues = dict[str, Any]
_CONTENT = frozenset({("", "input"), ("", "output")})
_LENGTHS = (seconds, milliseconds)


@dataclass(slots=True)
class Reading:
    """What the attributes of one span say.

    Attributes:
        groups: by the part of the target before the dot ("" for fields of Observation), then by
            the part after it.
        ranks: rank of each value taken, keyed like `groups`.
        sources: the attributes that `input` and `output` were taken from.
        gathered: for each gathering place, what followed the beginning of a name, to its value.
        refused: attributes with a number that no length can be.
    """

    groups: dict[str, GroupValues] = field(
        default_factory=lambda: {"": {}, "voice": {}, "usage": {}, "cost": {}, "param": {}}
    )
    ranks: dict[tuple[str, str], int] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    gathered: dict[str, GroupValues] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    @property
    def fields(self) -> GroupValues:
        """Values for fields of Observation."""
        return self.groups[""]

    @property
    def voice(self) -> GroupValues:
        """Values for fields of Voice."""
        return self.groups["voice"]

    def take(self, rule: Rule, name: str, value: Any) -> None:
        """Keep the value unless a smaller rank has one already, or it says nothing."""
        slot = rule.slot
        known = self.ranks.get(slot)
        if known is not None and known <= rule.rank:
            return
        converted = rule.convert(value)
        if converted is None:
            if rule.convert in _LENGTHS and is_refused(value):
                self.refused.append(name)
            return
        self.ranks[slot] = rule.rank
        self.groups[rule.group][rule.key] = converted
        if slot in _CONTENT:
            self.sources[rule.key] = name

    def gather(self, rules: Rules, name: str, value: Any) -> None:
        """Keep a value whose name begins like a gathering rule's."""
        for prefix, place, convert in rules.gathered:
            if name.startswith(prefix) and (converted := convert(value)) is not None:
                self.gathered.setdefault(place, {})[name[len(prefix) :]] = converted


def read_attributes(attributes: Mapping[str, Any], rules: Rules) -> Reading:
    """Everything known in a span's attributes."""
    reading = Reading()
    exact, prefixes = rules.exact, rules.prefixes
    take = reading.take
    for name, value in attributes.items():
        if (known := exact.get(name)) is not None:
            for rule in known:
                take(rule, name, value)
        if name.startswith(prefixes):
            reading.gather(rules, name, value)
    return reading


def read_resource(reading: Reading, resource: Mapping[str, Any]) -> None:
    """Add what the resource says, where the span itself said nothing better."""
    for name, rule in RESOURCE_RULES.items():
        if name in resource:
            reading.take(rule, name, resource[name])
