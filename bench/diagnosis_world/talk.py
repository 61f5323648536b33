"""Clean calls: what agents and callers do when nothing is wrong.

A clean call has everything that might be taken for a fault and is none: pauses of callers who
think, long tools behind words that explain them, an "mhm" in the middle of an answer, callers who
cut in and are let in at once, answers that name a dated model, callers who hang up after the good
bye. Stage durations are log-normal with a part that all stages of a turn share; an exchange whose
caller would wait too long by chance alone is drawn again.
"""

import copy
import math
import random
from uuid import UUID

from bench.diagnosis_world.agents import Agent
from bench.diagnosis_world.call import Call, Exchange, Generation, Reply, Speech, ToolRun
from bench.diagnosis_world.phrases import BACKCHANNEL_SECONDS, FILLERS, GOODBYE, GREETING, PAIRS
from bench.diagnosis_world.timeline import lay_out

LONGEST_CLEAN_WAIT = 2.3
"""Seconds between the caller's last word and the agent's first that a clean call stays below:
people let about 1.3 s pass for a reply, and give up on it well before three."""

_WORDS_PER_SECOND = 2.7
_CACHE_FROM = 1_024
_CACHE_STEP = 128
_PHONE_SECONDS = 0.04
"""By which a transcript comes later from the telephone network."""


class Speaker:
    """Draws the calls of one agent."""

    def __init__(self, agent: Agent, rng: random.Random):
        self.agent = agent
        self.rng = rng
        self._load = rng.gauss(0, 0.1)
        self._common = 0.0

    def call(self, start_ns: int, exchanges: int) -> Call:
        """A clean call with this many answers after the greeting."""
        rng = self.rng
        pairs = rng.sample(PAIRS, exchanges - 1)
        bounded = self.agent.median.llm + self.agent.median.tts + self.agent.median.stt < 1.4
        call = Call(str(UUID(int=rng.getrandbits(128), version=4)), self.agent, start_ns, [])
        call.exchanges.append(Exchange(None, self._greet()))
        for number, (question, answer) in enumerate([*pairs, GOODBYE]):
            before = call.exchanges[-1]
            while True:
                call.exchanges[-1] = copy.deepcopy(before)
                call.exchanges.append(self._exchange(number, question, answer))
                self._overlap(call)
                felt = lay_out(call).exchanges[-1].felt
                if not bounded or felt is None or felt < LONGEST_CLEAN_WAIT:
                    break
                call.exchanges.pop()
        return call

    def seconds(self, stage: str) -> float:
        """A duration of the stage, with what the whole turn has in common."""
        agent = self.agent
        shared, own = math.sqrt(agent.shared), math.sqrt(1 - agent.shared)
        spread = agent.sigma * (shared * self._common + own * self.rng.gauss(0, 1))
        return float(getattr(agent.median, stage)) * math.exp(spread + self._load * agent.sigma)

    def _greet(self) -> Reply:
        step = self.generation(0, GREETING)
        reply = Reply(GREETING, spoken_seconds(GREETING), [step], [], self.seconds("tts"))
        reply.acquire = self.rng.uniform(0.02, 0.12)
        return reply

    def _exchange(self, number: int, question: str, answer: str) -> Exchange:
        rng, agent = self.rng, self.agent
        self._common = rng.gauss(0, 1)
        pause = min(2.4, max(0.15, rng.lognormvariate(math.log(0.8), 0.5)))
        if rng.random() < agent.thinks:
            pause = rng.uniform(3.1, 4.8)
        stt = self.seconds("stt") + _PHONE_SECONDS * agent.is_phone
        speech = Speech(
            question,
            spoken_seconds(question) * rng.uniform(0.9, 1.15),
            pause=pause,
            wait=max(self.seconds("wait"), stt + 0.02),
            stt=stt,
            callback=rng.lognormvariate(math.log(0.004), 0.5),
            confidence=min(0.99, rng.gauss(0.94, 0.03)),
        )
        reply = self._reply(number, answer)
        return Exchange(speech, reply)

    def _reply(self, number: int, answer: str) -> Reply:
        rng, agent = self.rng, self.agent
        steps, tools = [self.generation(number + 1, answer)], []
        filler = None
        if rng.random() < 0.25 and answer is not GOODBYE[1]:
            steps.insert(0, self.generation(number + 1, ""))
            steps[1].prompt += 60
            tools = [ToolRun(rng.choice(agent.tools), self.seconds("tool"))]
            is_long = rng.random() < 0.2
            if is_long:
                tools[0].seconds = rng.uniform(1.8, 4.0)
            if is_long or tools[0].seconds + agent.median.llm > 0.9:
                filler = rng.choice(FILLERS)
        reply = Reply(answer, spoken_seconds(answer), steps, tools, self.seconds("tts"))
        if filler is not None:
            reply.filler, reply.filler_seconds = filler, spoken_seconds(filler)
        if reply.seconds > 2.5 and rng.random() < 0.1:
            offset = reply.seconds * rng.uniform(0.3, 0.6)
            reply.backchannel = (offset, rng.uniform(*BACKCHANNEL_SECONDS))
        return reply

    def _overlap(self, call: Call) -> None:
        """Now and then a caller cuts in, and is let in at once."""
        before, speech = call.exchanges[-2].reply, call.exchanges[-1].speech
        if before is None or speech is None or before.filler or before.backchannel:
            return
        if before.seconds > 3 and self.rng.random() < 0.07:
            let_in(before, speech, self.rng, self.rng.uniform(0.4, 0.85))

    def generation(self, number: int, answer: str) -> Generation:
        """A request to the model after so many exchanges."""
        agent, rng = self.agent, self.rng
        prompt = agent.prompt + round(agent.growth * number * rng.uniform(0.85, 1.15))
        cached = 0
        if agent.is_cached and prompt > _CACHE_FROM and number:
            cached = int(prompt * rng.uniform(0.7, 0.9)) // _CACHE_STEP * _CACHE_STEP
        output = len(answer) // 4 + rng.randint(2, 6) if answer else rng.randint(14, 24)
        return Generation(
            ttft=self.seconds("llm"),
            rest=0.05 + output / rng.uniform(70, 110),
            prompt=prompt,
            cached=cached,
            output=output,
            model=agent.model,
            answered_by=agent.answering_model,
        )


def let_in(before: Reply, speech: Speech, rng: random.Random, stop: float) -> None:
    """Have the caller cut in, and the agent fall silent `stop` seconds after they began."""
    before.cut = stop
    speech.into = rng.uniform(0.25, 0.5) * before.seconds
    before.seconds = max(before.seconds, speech.into + stop + 0.5)


def spoken_seconds(text: str) -> float:
    """How long it takes to say."""
    return 0.35 + len(text.split()) / _WORDS_PER_SECOND


def usual_waits(agent: Agent, seed: int, calls: int = 60) -> list[float]:
    """Waits of the callers of an agent with nothing wrong, ascending, in seconds."""
    rng = random.Random(f"waits {seed} {agent.name} {agent.version}")
    waits = [
        felt
        for _ in range(calls)
        for times in lay_out(Speaker(agent, rng).call(0, 9)).exchanges
        if (felt := times.felt) is not None
    ]
    return sorted(waits)
