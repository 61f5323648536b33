"""What to do about an issue: what was measured, why there, one action (voice.md 2.5).

No vendor is named. An operator's own mapping may add which alternatives there are.
"""

from collections.abc import Mapping

from turnwise.model.metrics import PipelineStage

_STAGES = {
    PipelineStage.ENDPOINTING: "The agent waited {value} after the caller's last words were known"
    "{usual}. Shorten the maximum endpointing delay or use a semantic turn detector; check that "
    "noise does not keep the voice detector open.",
    PipelineStage.STT: "The final transcript came {value} after the end of speech{usual}. Check the "
    "settings for interim results and finalisation, and the distance to the recogniser's region.",
    PipelineStage.CALLBACK: "The agent's own code at the end of the turn took {value}{usual}. Move "
    "slow work out of it or start it earlier.",
    PipelineStage.LLM: "The model took {value}{usual}{prompt}. Shorten the prompt or make its "
    "beginning cacheable; a smaller model answers sooner.",
    PipelineStage.TTS: "The first audio took {value}{usual}. Hand text to the synthesiser sentence "
    "by sentence, keep its connection open, or choose a faster voice.",
    PipelineStage.TOOL: "Tools held the answer for {value}{usual}. Speak a short filler while they "
    "run, bound their time, or cache the result.",
    PipelineStage.TRANSPORT: "Sound that was ready was played {value} later{usual}. Look at the "
    "playback buffer and at what was still being played.",
    PipelineStage.UNEXPLAINED: "{value} of this turn is covered by no span{usual}. Instrument the "
    "code between the end of the turn and the model call.",
}
_NAMES = {
    PipelineStage.ENDPOINTING: "Endpointing delay",
    PipelineStage.STT: "STT latency",
    PipelineStage.CALLBACK: "Turn callback",
    PipelineStage.LLM: "LLM latency",
    PipelineStage.TTS: "TTS latency",
    PipelineStage.TOOL: "Tool time",
    PipelineStage.TRANSPORT: "Playback delay",
    PipelineStage.UNEXPLAINED: "Unexplained time",
}


def name_of(stage: PipelineStage) -> str:
    """How a stage is called in a description."""
    return _NAMES[stage]


def advice(
    stage: PipelineStage,
    value: str,
    *,
    usual: str | None = None,
    target: str | None = None,
    prompt_tokens: int | None = None,
) -> str:
    """What to do about a slow stage; texts are durations as shown to people."""
    beside = [f"usually {usual}"] if usual else []
    beside += [f"target {target}"] if target else []
    prompt = f" with {prompt_tokens} uncached prompt tokens" if prompt_tokens else ""
    return _STAGES[stage].format(
        value=value, usual=f" ({', '.join(beside)})" if beside else "", prompt=prompt
    )


def with_alternatives(
    recommendation: str, stage: str | None, alternatives: Mapping[str, str]
) -> str:
    """The recommendation with what the operator has written down for its stage."""
    told = alternatives.get(stage or "")
    return f"{recommendation} {told}" if told else recommendation
