"""When everything in a call was. All instants are seconds since the call began."""

from dataclasses import dataclass, field

from bench.diagnosis_world.call import Call, Exchange, Reply, Speech

_FIRST_SENTENCE = 0.12
"""First token to a first clause that can be voiced, at most."""
_BACKOFF = 0.1
"""Between two attempts of one request."""
_CLOSING = 0.4
"""From the last word to the end of the session."""


@dataclass(slots=True)
class Span:
    """A stretch of time."""

    start: float
    end: float


@dataclass(slots=True)
class Asked:
    """One request to the model: its attempts, its first token and its end."""

    start: float
    attempts: list[Span]
    first: float
    end: float


@dataclass(slots=True)
class Times:
    """Instants of one exchange; None for what did not happen.

    Attributes:
        spoken: the caller's speech.
        final: the transcript is there.
        decided: the turn is taken to be over.
        called: the agent's own hook has returned.
        voiced: text to the voice, and first audio byte.
        heard: the agent's speech, in more than one piece where it paused.
    """

    spoken: Span | None = None
    final: float = 0.0
    decided: float = 0.0
    called: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    tools: list[Span] = field(default_factory=list)
    filler_voiced: Span | None = None
    filler: Span | None = None
    voiced: Span | None = None
    heard: list[Span] = field(default_factory=list)

    @property
    def first_sound(self) -> float | None:
        """When the caller hears the agent again."""
        if self.filler is not None:
            return self.filler.start
        return self.heard[0].start if self.heard else None

    @property
    def silent(self) -> float | None:
        """When the agent has finished."""
        return self.heard[-1].end if self.heard else None

    @property
    def felt(self) -> float | None:
        """The wait that the caller feels: from their last word to the agent's first sound."""
        sound = self.first_sound
        return None if self.spoken is None or sound is None else sound - self.spoken.end


@dataclass(slots=True)
class Timeline:
    """All exchanges, and the end of the call."""

    exchanges: list[Times]
    end: float


def lay_out(call: Call) -> Timeline:
    """The instants of a call."""
    laid: list[Times] = []
    now = 0.9
    for index, exchange in enumerate(call.exchanges):
        before = call.exchanges[index - 1].reply if index else None
        times = _exchange(call, exchange, now, laid[-1] if laid else None, before)
        laid.append(times)
        if times.silent is not None:
            now = times.silent
        elif times.spoken is not None:
            # Whoever gets no answer waits from their own last word on.
            now = times.spoken.end
    return Timeline(laid, max(_last(each) for each in laid) + _CLOSING)


def _last(times: Times) -> float:
    """The last instant of an exchange."""
    ends = [times.called, times.silent or 0.0]
    ends += [asked.end for asked in times.asked]
    ends += [ran.end for ran in times.tools]
    return max(ends)


def _exchange(
    call: Call, exchange: Exchange, now: float, last: Times | None, before: Reply | None
) -> Times:
    times = Times()
    begin = now
    if exchange.speech is not None:
        begin = _listen(times, exchange.speech, now, last, before)
        if not call.agent.begins_early:
            begin = times.called
        if last is not None and last.heard and before is not None and before.cut is None:
            # An agent that goes on over its caller answers when it has finished.
            begin = max(begin, last.heard[-1].end)
            times.called = max(times.called, last.heard[-1].end)
    else:
        times.called = now
    if exchange.reply is not None:
        _answer(times, exchange.reply, begin)
    return times


def _listen(
    times: Times, speech: Speech, now: float, last: Times | None, before: Reply | None
) -> float:
    """Lay out what the caller says; gives when its transcript is there."""
    start = now + speech.pause
    if speech.into is not None and last is not None and last.heard:
        start = last.heard[0].start + speech.into
        if before is not None and before.cut is not None:
            last.heard[-1].end = min(last.heard[-1].end, start + before.cut)
    times.spoken = Span(start, start + speech.seconds)
    times.final = times.spoken.end + speech.stt
    times.decided = times.spoken.end + max(speech.wait, speech.stt + 0.01)
    times.called = times.decided + speech.callback
    return times.final


def _answer(times: Times, reply: Reply, begin: float) -> None:
    at = begin
    for index, step in enumerate(reply.steps):
        attempts = []
        start = at
        for seconds in step.failures:
            attempts.append(Span(at, at + seconds))
            at += seconds + _BACKOFF
        first = at + step.ttft
        end = first + step.rest
        if reply.failed is None or index + 1 < len(reply.steps):
            attempts.append(Span(at, end))
        else:
            first = end = attempts[-1].end
        times.asked.append(Asked(start, attempts, first, end))
        at = end
        if index + 1 < len(reply.steps):
            if index == 0 and reply.filler is not None:
                _say_filler(times, reply, first)
            ran = Span(max(end, times.called), max(end, times.called) + reply.tools[index].seconds)
            times.tools.append(ran)
            at = ran.end + 0.004
    if reply.failed is None:
        _say(times, reply)


def _say_filler(times: Times, reply: Reply, first: float) -> None:
    start = max(first + _FIRST_SENTENCE, times.called)
    sound = start + reply.ttfb
    times.filler_voiced = Span(start, sound)
    times.filler = Span(sound, sound + reply.filler_seconds)


def _say(times: Times, reply: Reply) -> None:
    asked = times.asked[-1]
    start = max(min(asked.first + _FIRST_SENTENCE, asked.end), times.called)
    if reply.gap:
        start = max(asked.end, times.called) + reply.gap
    byte = start + (reply.acquire or 0.0) + reply.ttfb
    sound = byte + reply.lead
    if times.filler is not None:
        sound = max(sound, times.filler.end + 0.05)
    times.voiced = Span(start, byte)
    end = sound + reply.seconds * reply.share
    if reply.hesitates is None:
        times.heard = [Span(sound, end)]
    else:
        offset, length = reply.hesitates
        stop = sound + offset
        times.heard = [Span(sound, stop), Span(stop + length, end + length)]


def heard_words(reply: Reply, times: Times) -> str:
    """The words of a reply that were played until it was cut."""
    if reply.cut is None or not times.heard:
        return reply.said
    played = sum(span.end - span.start for span in times.heard)
    words = reply.text.split()
    return " ".join(words[: max(1, round(len(words) * min(1.0, played / reply.seconds)))])
