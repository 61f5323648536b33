"""The tables themselves: every target exists, ranks are distinct, the page is in step."""

from collections import Counter
from dataclasses import fields

from tests.unit.normalise.dialect_page import PAGE, page
from turnwise.model.observation import Framework, Observation, Step, Voice
from turnwise.normalise.index import DIALECTS, rules_for

GATHERED = {
    "params",
    "model_parameters",
    "usage_details",
    "usage_metadata",
    "input_token_details",
    "output_token_details",
    "cost_details",
    "llm_metrics",
    "tts_metrics",
    "user_metadata",
    "metadata_object",
    "flat_input",
    "flat_output",
    "exception_message",
    "root_trace_name",
    "requested_model",
}


def test_every_target_exists() -> None:
    known = {each.name for each in fields(Observation)} | GATHERED
    voice = {each.name for each in fields(Voice)}
    for dialect in DIALECTS:
        for attribute in (*dialect.attributes, *dialect.resource):
            group, _, key = attribute.target.rpartition(".")
            assert group in ("", "voice", "usage", "cost", "param")
            if group == "":
                assert key in known
            elif group == "voice":
                assert key in voice


def test_no_two_attributes_of_a_span_share_a_rank() -> None:
    for framework in Framework:
        for step in Step:
            rules = rules_for(framework, step)
            taken = Counter(
                (rule.group, rule.key, rule.rank)
                for several in rules.exact.values()
                for rule in several
                if rule.group != "usage"
            )
            assert not [slot for slot, times in taken.items() if times > 1]


def test_page_is_in_step() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.unit.normalise.dialect_page"
