"""What observations mean that come in pieces: read from the merged whole, each time one is added.

A way in that gets partial updates in its own words (not spans) can say what a unit of work is
called, took and produced; which words were spoken in it only the whole can tell, since input,
output and kind may come with different updates.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from turnwise.model.observation import Kind, Level, Observation, Step, Voice
from turnwise.normalise.content import Content, add_words
from turnwise.normalise.kinds import step_of
from turnwise.normalise.reading import Reading
from turnwise.normalise.values import decode_json

_STEPS: Mapping[Kind, Step] = {Kind.GENERATION: Step.LLM, Kind.TOOL: Step.TOOL}


def complete_pieces(observation: Observation) -> Observation:
    """The observation with its step and its words; others than merged pieces as they are."""
    if observation.stamps is None or observation.run:
        return observation
    step, kind = step_of(observation.name or "", observation.kind, _STEPS.get(observation.kind))
    reading = Reading()
    tools = add_words(step, reading, _content(observation.input), _content(observation.output))
    first_token_ns = observation.first_token_ns
    if step is Step.LLM and first_token_ns is not None and first_token_ns >= observation.start_ns:
        reading.voice["llm_ttft_ns"] = first_token_ns - observation.start_ns
    if step is Step.TOOL and observation.level is Level.ERROR:
        reading.voice["tool_failed"] = True
    voice = Voice(**reading.voice, tool_messages=tools)
    return replace(observation, kind=kind, step=step, voice=voice)


def _content(text: str | None) -> Content:
    if text is None:
        return Content()
    value: Any = text
    with suppress(ValueError):
        value = decode_json(text)
    return Content(text, value)
