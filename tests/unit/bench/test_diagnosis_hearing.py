"""How what is heard in a recording is compared with what was said in it."""

import random
from typing import Any

import numpy
import pytest

from bench.diagnosis_audio.hearing import Heard, compare
from bench.diagnosis_audio.rendering import CONDITIONS, RATE, Recording
from bench.diagnosis_faults.fault import Scene
from bench.diagnosis_faults.talking import TALKING
from bench.diagnosis_world.agents import STEADY
from bench.diagnosis_world.talk import Speaker
from bench.diagnosis_world.timeline import lay_out

FAULTS = [each for each in TALKING if each.name in ("inserted silence", "delayed stop")]


def a_recording() -> Recording:
    rng = random.Random(4)
    call = Speaker(STEADY[0], rng).call(0, 9)
    scene = Scene(call, rng)
    assert all(operator.inject(scene) for operator in FAULTS)
    return Recording(call, lay_out(call), numpy.zeros((2, RATE)))


def perfectly_heard(recording: Recording, late_ms: float = 0) -> dict[str, Any]:
    """What a flawless analysis says; `late_ms`: it hears every agent's turn too late."""
    turns, cuts, silences = [], [], []
    until_ms = 0.0
    for number, times in enumerate(recording.line.exchanges):
        speech, reply = times.spoken, times.heard[-1]
        start_ms = (times.first_sound or 0) * 1_000
        if speech is not None:
            begin_ms, end_ms = speech.start * 1_000, speech.end * 1_000
            turns.append({"speaker": "user", "startMs": begin_ms, "endMs": end_ms})
            if begin_ms - until_ms >= 3_000:
                silences.append({"startMs": until_ms, "endMs": begin_ms})
        turns.append(
            {"speaker": "agent", "startMs": start_ms + late_ms, "endMs": reply.end * 1_000}
        )
        until_ms = reply.end * 1_000
        following = recording.line.exchanges[number + 1 : number + 2]
        spoken = following[0].spoken if following else None
        if spoken is not None and spoken.start < reply.end:
            onset_ms = spoken.start * 1_000
            cuts.append({"startMs": onset_ms, "stopLatencyMs": until_ms - onset_ms})
    return {"turns": turns, "interruptions": cuts, "deadAir": silences}


def test_who_hears_everything_has_no_error() -> None:
    recording, heard = a_recording(), Heard()
    compare(heard, recording, perfectly_heard(recording))
    assert len(heard.latency_errors) == heard.responses > 5
    assert max(map(abs, heard.latency_errors)) < 1e-6
    assert max(map(abs, heard.stop_errors)) < 1e-6
    assert heard.interruptions_found == heard.interruptions >= 1
    assert heard.silences_found == heard.silences >= 1
    assert heard.false_interruptions == heard.false_silences == 0


def test_who_hears_late_is_off_by_that_much() -> None:
    recording, heard = a_recording(), Heard()
    compare(heard, recording, perfectly_heard(recording, late_ms=80))
    assert heard.summary()["latency_mae_ms"] == pytest.approx(80)
    assert heard.summary()["latency_bias_ms"] == pytest.approx(80)


def test_who_hears_nothing_or_too_much_is_told() -> None:
    recording, deaf, anxious = a_recording(), Heard(), Heard()
    compare(deaf, recording, {"turns": [], "interruptions": [], "deadAir": []})
    assert deaf.latency_errors == []
    assert deaf.interruptions_found == deaf.silences_found == 0
    assert deaf.interruptions >= 1
    told = perfectly_heard(recording)
    told["interruptions"].append({"startMs": 10.0, "stopLatencyMs": 1.0})
    told["deadAir"].append({"startMs": 1.0, "endMs": 2.0})
    compare(anxious, recording, told)
    assert (anxious.false_interruptions, anxious.false_silences) == (1, 1)


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_the_way_of_the_sound_leaves_the_agent_alone(condition: str) -> None:
    sound = numpy.zeros((2, 4 * RATE))
    sound[:, RATE : 2 * RATE] = 0.2
    spoilt = CONDITIONS[condition](sound, numpy.random.default_rng(1))
    assert spoilt.shape == sound.shape
    assert (spoilt[1] == sound[1]).all()
    assert (spoilt[0] != sound[0]).any() == (condition != "clean")
