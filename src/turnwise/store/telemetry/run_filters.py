"""Filters over runs as SQL. Nothing that a user wrote becomes part of a statement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from turnwise.model.ids import ProjectId
from turnwise.model.runs import (
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Not,
    RunField,
    RunFilter,
    Search,
)

IS_ROOT = "parent_span_id IS NULL"

RUN_TYPE = (
    "if(run['run_type'] != '', run['run_type'], transform(kind, "
    "['GENERATION', 'TOOL', 'RETRIEVER', 'EMBEDDING'], "
    "['llm', 'tool', 'retriever', 'embedding'], 'chain'))"
)

_EXPRESSIONS = {
    RunField.ID: "span_id",
    RunField.NAME: "name",
    RunField.RUN_TYPE: RUN_TYPE,
    RunField.STATUS: "multiIf(level = 'ERROR', 'error', end_ns IS NULL, 'pending', 'success')",
    RunField.ERROR: "if(level = 'ERROR', ifNull(status_message, ''), NULL)",
    RunField.IS_ROOT: f"({IS_ROOT})",
    RunField.TRACE_ID: "trace_id",
    RunField.PARENT_ID: "parent_span_id",
    RunField.START_TIME: "start_ns",
    RunField.END_TIME: "end_ns",
    RunField.LATENCY: "((end_ns - start_ns) / 1e9)",
    RunField.FIRST_TOKEN: "((first_token_ns - start_ns) / 1e9)",
    RunField.TOTAL_TOKENS: "ifNull(total_tokens, 0)",
    RunField.PROMPT_TOKENS: "ifNull(input_tokens, 0)",
    RunField.COMPLETION_TOKENS: "ifNull(output_tokens, 0)",
    RunField.TOTAL_COST: "toFloat64(ifNull(total_cost, 0))",
    RunField.PROMPT_COST: "toFloat64(cost_details['input'])",
    RunField.COMPLETION_COST: "toFloat64(cost_details['output'])",
}
_FEEDBACK = {
    RunField.FEEDBACK_KEY: "key",
    RunField.FEEDBACK_SCORE: "score",
    RunField.FEEDBACK_VALUE: "value",
    RunField.FEEDBACK_SOURCE: "source",
}
_PAIR = {RunField.METADATA_KEY: "pair.1", RunField.METADATA_VALUE: "pair.2"}
_PAIRS = (
    "arrayMap(one -> (one.1, if(startsWith(one.2, '\"'), JSONExtractString(one.2), one.2)), "
    "JSONExtractKeysAndValuesRaw(ifNull(metadata, '')))"
)
_SIGNS = {
    Comparison.EQ: "=",
    Comparison.NEQ: "!=",
    Comparison.GT: ">",
    Comparison.GTE: ">=",
    Comparison.LT: "<",
    Comparison.LTE: "<=",
}
_SEARCHED = ("name", "input", "output", "status_message")


@dataclass(slots=True)
class Conditions:
    """Makes conditions, and gathers the parameters that they are to be run with.

    Attributes:
        project_ids: to which every look into another table is confined.
    """

    project_ids: Sequence[ProjectId]
    parameters: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any) -> str:
        """The placeholder of a value or of a list of values."""
        name = f"p{len(self.parameters)}"
        kind = "String"
        if isinstance(value, bool):
            value, kind = int(value), "UInt8"
        elif isinstance(value, int) and -(2**63) <= value < 2**63:
            kind = "Int64"
        elif isinstance(value, int | float):
            value, kind = float(value), "Float64"
        elif not isinstance(value, str):
            value = list(value)
            kind = _kind_of_list(value)
        self.parameters[name] = value
        return f"{{{name}:{kind}}}"

    def of(self, part: RunFilter) -> str:
        """The condition that a filter stands for."""
        if isinstance(part, Compare):
            return self._all([part])
        if isinstance(part, Search):
            return self._search(part.text)
        if isinstance(part, Not):
            return f"NOT {self.of(part.part)}"
        if isinstance(part, AnyOf):
            return "(" + (" OR ".join(map(self.of, part.parts)) or "0") + ")"
        assert isinstance(part, AllOf)
        return self._all(part.parts)

    def _all(self, parts: Sequence[RunFilter]) -> str:
        pairs: list[Compare] = []
        judgements: list[Compare] = []
        made: list[str] = []
        for part in parts:
            if not isinstance(part, Compare):
                made.append(self.of(part))
            elif part.field in _PAIR:
                pairs.append(part)
            elif part.field in _FEEDBACK:
                judgements.append(part)
            else:
                made.append(self._one(part))
        if pairs:
            made.append(self._some(pairs, _PAIR, self._some_pair))
        if judgements:
            made.append(self._some(judgements, _FEEDBACK, self._some_judgement))
        return "(" + (" AND ".join(made) or "1") + ")"

    def _some(
        self,
        parts: list[Compare],
        expressions: dict[RunField, str],
        exists: Callable[[str], str],
    ) -> str:
        """One pair or judgement for which all of this holds; a lone "not equal" means none is."""
        if len(parts) == 1 and parts[0].how is Comparison.NEQ and parts[0].value is not None:
            same = Compare(parts[0].field, Comparison.EQ, parts[0].value)
            return f"NOT {exists(self._compare(expressions[same.field], same))}"
        return exists(" AND ".join(self._compare(expressions[one.field], one) for one in parts))

    def _some_pair(self, condition: str) -> str:
        return f"arrayExists(pair -> {condition}, {_PAIRS})"

    def _some_judgement(self, condition: str) -> str:
        projects = self.bind(self.project_ids)
        return (
            "(span_id IN (SELECT ifNull(observation_id, '') FROM feedback FINAL "  # noqa: S608
            f"WHERE project_id IN {projects} AND {condition}))"
        )

    def _one(self, part: Compare) -> str:
        if part.field is RunField.TAGS:
            wanted = part.value if isinstance(part.value, tuple) else (part.value,)
            return f"hasAny(tags, {self.bind([str(each) for each in wanted])})"
        if part.field is RunField.METADATA:
            assert isinstance(part.value, tuple)
            key, value = (self.bind(str(each)) for each in part.value)
            return self._some_pair(f"pair.1 = {key} AND pair.2 = {value}")
        return self._compare(_EXPRESSIONS[part.field], part)

    def _compare(self, expression: str, part: Compare) -> str:
        if part.value is None:
            return f"({expression} IS {'NOT ' if part.how is Comparison.NEQ else ''}NULL)"
        if part.how is Comparison.IN:
            return f"ifNull({expression} IN {self.bind(part.value)}, 0)"
        otherwise = int(part.how is Comparison.NEQ)
        return f"ifNull({expression} {_SIGNS[part.how]} {self.bind(part.value)}, {otherwise})"

    def _search(self, text: str) -> str:
        wanted = self.bind(text)
        found = [
            f"positionCaseInsensitiveUTF8(ifNull({column}, ''), {wanted}) > 0"
            for column in _SEARCHED
        ]
        tag = f"arrayExists(tag -> positionCaseInsensitiveUTF8(tag, {wanted}) > 0, tags)"
        return "(" + " OR ".join([*found, tag]) + ")"


def _kind_of_list(values: Sequence[Any]) -> str:
    if any(isinstance(each, str) for each in values) or not values:
        return "Array(String)"
    return "Array(Float64)" if any(isinstance(each, float) for each in values) else "Array(Int64)"
