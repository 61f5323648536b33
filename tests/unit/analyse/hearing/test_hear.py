from typing import Any

import numpy
import pytest

from tests.speech import call, noisy
from tests.unit.analyse.hearing.sound import Memory, heard, kinds_of, near, turns_of
from turnwise.analyse.hearing import VERSION, hear
from turnwise.model.audio import HeardKind
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND
from turnwise.model.speaker import Speaker

AGENT = [(0.5, 3.0), (6.0, 9.0), (13.2, 14.5), (16.0, 21.0)]
USER = [(4.0, 5.2), (8.5, 10.0), (15.0, 15.4), (18.0, 18.4)]
"""Answered after 0.8 s; cuts in at 8.5 and is answered after 3.2 s; answered after 0.6 s; nods."""
CALL = call(22.0, USER, AGENT)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
def test_a_clean_call_is_heard_as_it_is(rate: int) -> None:
    report = heard(call(22.0, USER, AGENT, rate), rate)
    assert near(turns_of(report, Speaker.AGENT), AGENT)
    assert near(turns_of(report, Speaker.USER), USER)
    assert kinds_of(report) == [HeardKind.BARGE_IN, HeardKind.BACKCHANNEL]
    barge_in = report.overlaps[0]
    assert barge_in.stopped_ns is not None
    assert (barge_in.stopped_ns - barge_in.onset_ns) / NS_PER_MS == pytest.approx(500, abs=60)
    latencies = [each.latency_ns / NS_PER_MS for each in report.responses]
    assert latencies == pytest.approx([800, 3200, 600], abs=60)
    assert [each.owed_by for each in report.silences] == [Speaker.AGENT]
    assert report.talk_ratio == pytest.approx(11.8 / (11.8 + 3.5), abs=0.02)
    assert (report.problem, report.notes, report.version) == (None, (), VERSION)
    assert report.overlap_ns / NS_PER_SECOND == pytest.approx(0.9, abs=0.1)
    assert report.response_ms.count == 3


def test_noise_on_the_line_changes_little() -> None:
    report = heard(noisy(CALL, 0.01))
    assert near(turns_of(report, Speaker.USER), USER)
    assert report.snr_db is not None
    assert 10 < report.snr_db < 40


@pytest.mark.parametrize("gain_db", [-30, -20])
def test_an_echo_of_the_agent_is_not_the_caller(gain_db: float) -> None:
    samples, delay = noisy(CALL), 960
    samples[delay:, 0] += CALL[:-delay, 1] * numpy.float32(10 ** (gain_db / 20))
    report = heard(samples)
    assert kinds_of(report) == [HeardKind.BARGE_IN, HeardKind.BACKCHANNEL]
    assert near(turns_of(report, Speaker.USER), USER)
    assert any("heard in the caller's channel" in note for note in report.notes)
    assert 0.8 < report.confidence < 1


@pytest.mark.parametrize("is_swapped", [False, True])
def test_the_channels_find_their_roles(is_swapped: bool) -> None:
    samples = noisy(CALL)
    report = heard(samples[:, ::-1] if is_swapped else samples, agent_channel=None)
    assert report.agent_channel == int(not is_swapped)
    assert near(turns_of(report, Speaker.USER), USER)


def test_reported_turns_settle_the_roles_whatever_their_clock() -> None:
    # Nothing else tells them apart: two clean voices, and the caller begins.
    samples = call(22.0, AGENT, USER)[:, ::-1]
    reported = [(round(a * 1e9) + 10**18, round(b * 1e9) + 10**18) for a, b in AGENT]
    mirrored = numpy.ascontiguousarray(samples)
    assert hear("r", Memory(mirrored), agent_turns=reported).agent_channel == 1
    assert hear("r", Memory(CALL), agent_turns=reported).agent_channel == 1
    swapped = numpy.ascontiguousarray(CALL[:, ::-1])
    assert hear("r", Memory(swapped), agent_turns=reported).agent_channel == 0


def _keys(samples: Any) -> Any:
    time = numpy.arange(len(samples)) / 8_000
    tone = 0.1 * (numpy.sin(2 * numpy.pi * 770 * time) + numpy.sin(2 * numpy.pi * 1336 * time))
    is_on = ((time > 10.8) & (time < 11.0)) | ((time > 11.3) & (time < 11.5))
    changed = samples.copy()
    changed[:, 0] += numpy.where(is_on, tone, 0).astype(numpy.float32)
    return changed


def test_telephone_keys_are_no_speech() -> None:
    assert near(turns_of(heard(_keys(CALL)), Speaker.USER), USER)


def test_a_dial_tone_is_no_speech() -> None:
    samples = CALL.copy()
    tone = 0.1 * numpy.sin(2 * numpy.pi * 425 * numpy.arange(8_000) / 8_000)
    samples[10 * 8_000 + 4_000 : 11 * 8_000 + 4_000, 0] += tone.astype(numpy.float32)
    assert near(turns_of(heard(samples), Speaker.USER), USER)


def test_mono_says_why_and_keeps_the_silences() -> None:
    report = heard(CALL.sum(axis=1, keepdims=True))
    assert report.problem is not None
    assert "one channel" in report.problem
    assert (report.turns, report.overlaps, report.responses) == ((), (), ())
    [silence] = report.silences
    assert silence.owed_by is None
    assert silence.start_ns / NS_PER_SECOND == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (numpy.zeros((0, 2), numpy.float32), "no sound"),
        (numpy.zeros((8_000, 2), numpy.float32), "silent"),
        (numpy.full((8_000, 2), 1e-5, numpy.float32), "silent"),
        (numpy.full((8_000, 2), 0.2, numpy.float32), "silent"),
        (numpy.full((1, 2), 0.2, numpy.float32), "silent"),
        (numpy.repeat(CALL[:, 1:], 2, axis=1), "same sound"),
        (numpy.repeat(CALL[:, 1:], 3, axis=1), "3 channels"),
    ],
    ids=[
        "empty",
        "digital silence",
        "next to nothing",
        "an offset",
        "one sample",
        "one sound twice",
        "three channels",
    ],
)
def test_what_cannot_be_measured_has_a_reason(samples: Any, reason: str) -> None:
    report = heard(samples, agent_channel=None)
    assert report.problem is not None
    assert reason in report.problem
    assert (report.turns, report.responses, report.confidence) == ((), (), 0.0)


@pytest.mark.parametrize("length", [79, 80, 81, 161, 400, 2_000])
def test_the_shortest_of_sounds_are_no_error(length: int) -> None:
    loud = int(numpy.abs(CALL[:, 1]).argmax())
    report = heard(CALL[loud : loud + length], agent_channel=None)
    assert report.problem is None
    assert report.duration_ns == pytest.approx(length * NS_PER_SECOND / 8_000, abs=1)


def test_a_file_that_breaks_off_is_heard_up_to_there() -> None:
    report = hear("r", Memory(CALL, broken_at=12 * 8_000), agent_channel=1)
    assert report.problem is None
    assert report.duration_ns == 12 * NS_PER_SECOND
    assert kinds_of(report) == [HeardKind.BARGE_IN]
    assert any("cannot be decoded" in note for note in report.notes)
    nothing = hear("r", Memory(CALL, broken_at=0))
    assert nothing.problem == "The sound cannot be decoded."


def test_a_channel_without_speech_is_said_so() -> None:
    alone = CALL.copy()
    alone[:, 1] = 0
    report = heard(alone)
    assert near(turns_of(report, Speaker.USER), USER)
    assert "No speech was found on the agent's channel." in report.notes
    assert report.confidence <= 0.5


def test_clipping_is_counted() -> None:
    report = heard((CALL * 12).clip(-1, 1))
    assert report.clipped_share is not None
    assert report.clipped_share > 0.01
    assert any("clipped" in note for note in report.notes)


def test_progress_ends_at_the_end() -> None:
    told: list[float] = []
    hear("r", Memory(CALL), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_caller_in_the_agents_channel_is_not_the_agent() -> None:
    samples = noisy(CALL)
    samples[800:, 1] += CALL[:-800, 0] * numpy.float32(0.05)
    report = heard(samples)
    assert near(turns_of(report, Speaker.AGENT), AGENT)


def _is_heard_as_it_is(samples: Any) -> bool:
    report = heard(samples.astype(numpy.float32))
    return (
        near(turns_of(report, Speaker.USER), USER)
        and near(turns_of(report, Speaker.AGENT), AGENT)
        and kinds_of(report) == [HeardKind.BARGE_IN, HeardKind.BACKCHANNEL]
    )


def test_an_offset_of_the_line_changes_nothing() -> None:
    assert _is_heard_as_it_is(CALL + numpy.array([-0.15, 0.1]))
    same = heard(CALL + numpy.float32(0.3), agent_channel=None)
    assert same.problem is None


def test_clicks_on_the_line_are_no_speech() -> None:
    samples = CALL.copy()
    for number, second in enumerate([0.2, 1.0, 3.15, 5.3, 6.7, 9.1, 11.0, 13.0, 17.0, 18.5, 21.2]):
        click = 0.5 * (-1) ** number * numpy.exp(-numpy.arange(16) / 5)
        samples[round(second * 8_000) :][:16] += click[:, None].astype(numpy.float32)
    assert _is_heard_as_it_is(samples)


def test_comfort_noise_that_comes_and_goes_is_no_speech() -> None:
    rng = numpy.random.default_rng(3)
    # Two seconds of three, so that digital silence is no measure of it.
    is_on = (numpy.arange(len(CALL)) // 8_000) % 3 > 0
    noise = 0.003 * rng.standard_normal(len(CALL)) * is_on
    assert _is_heard_as_it_is(CALL + noise[:, None] * [1, 0])


def test_a_changing_background_is_not_the_caller() -> None:
    # Chords that are struck and fade, 20 dB below the caller.
    time = numpy.arange(len(CALL)) / 8_000
    struck = numpy.exp(-4 * (time % 0.4))
    chord = sum(numpy.sin(2 * numpy.pi * hertz * time) for hertz in (262, 330, 392, 523))
    report = heard((CALL + (0.008 * struck * chord)[:, None] * [1, 0]).astype(numpy.float32))
    assert near(turns_of(report, Speaker.USER), USER)
    assert 0.5 < report.confidence < 1


def test_where_both_come_back_to_each_other_neither_is_taken_for_the_other() -> None:
    samples = noisy(CALL)
    samples[480:, 1] += CALL[:-480, 0] * numpy.float32(0.03)
    samples[800:, 0] += CALL[:-800, 1] * numpy.float32(0.06)
    assert _is_heard_as_it_is(samples)


def test_nothing_but_tones_stands_for_speech() -> None:
    samples = numpy.zeros_like(CALL)
    time = numpy.arange(len(CALL)) / 8_000
    for channel, spans, hertz in ((0, USER, 220), (1, AGENT, 440)):
        for start, end in spans:
            is_on = (time >= start) & (time < end)
            samples[is_on, channel] = 0.3 * numpy.sin(2 * numpy.pi * hertz * time[is_on])
    assert _is_heard_as_it_is(samples)
    assert any("nothing but tones" in note for note in heard(samples).notes)
    keys_alone = heard(_keys(CALL * [0, 1]))
    assert turns_of(keys_alone, Speaker.USER) == []


def test_one_voice_alone_does_not_say_whose_it_is() -> None:
    alone = CALL.copy()
    alone[:, 1] = 0
    report = heard(alone, agent_channel=None)
    assert report.agent_channel == 1
    assert "Which channel is the agent's is uncertain." in report.notes


def test_the_sums_are_those_of_the_turns() -> None:
    report = heard(CALL)
    for speaker, told in (
        (Speaker.AGENT, report.agent_speech_ns),
        (Speaker.USER, report.user_speech_ns),
    ):
        spans = turns_of(report, speaker)
        assert told / NS_PER_MS == pytest.approx(sum(end - start for start, end in spans))
