"""The conversation that all emitters play: who says what, how fast, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

FRAME_S = 0.02
CALLER_RATE = 16_000
AGENT_RATE = 24_000
CALLER_S_PER_CHAR = 0.022
AGENT_S_PER_CHAR = 0.045
LOUD = 4_000
"""The sample value of speech; silence is 0, so one sample tells them apart."""


@dataclass(frozen=True)
class Delays:
    """How long each fake stage takes, in seconds; all different, so that tests can tell."""

    stt: float = 0.11
    llm_ttft: float = 0.17
    tts_ttfb: float = 0.23
    tool: float = 0.07

    def as_ms(self) -> dict[str, float]:
        """The same in milliseconds, for the ground truth."""
        return {
            "stt_ms": self.stt * 1000,
            "llm_ttft_ms": self.llm_ttft * 1000,
            "tts_ttfb_ms": self.tts_ttfb * 1000,
            "tool_ms": self.tool * 1000,
        }


@dataclass
class Reply:
    """What the LLM answers: text, or a tool call; the first `failures` attempts raise."""

    text: str = ""
    tool: str | None = None
    arguments: str = "{}"
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    failures: int = 0


GREET = "Greet the caller."
HANDED_OVER = "Introduce yourself as the billing desk."
HOURS = "What are your opening hours?"
PARKING = "And is there parking?"
ORDER = "Where is my order number forty two?"
STOCK = "Is the blue lamp in stock?"
LONG = "Tell me about your delivery options."
CUT_IN = "Stop, just tell me the fastest one."
BILLING = "I have a question about my invoice."
AMOUNT = "How much do I owe?"
BYE = "Thank you, good bye."

REPLIES = {
    GREET: Reply("Hello, this is the lamp shop.", input_tokens=31, output_tokens=9),
    HOURS: Reply("We are open from nine to six.", input_tokens=58, output_tokens=11),
    PARKING: Reply("Yes, behind the shop.", input_tokens=83, output_tokens=7, cached_tokens=32),
    ORDER: Reply(
        tool="lookup_order",
        arguments='{"order_id": "42"}',
        input_tokens=97,
        output_tokens=18,
    ),
    "tool:lookup_order": Reply(
        "It arrives on Tuesday.", input_tokens=131, output_tokens=8, cached_tokens=64
    ),
    STOCK: Reply(
        tool="check_stock", arguments='{"item": "blue lamp"}', input_tokens=104, output_tokens=17
    ),
    "tool:to_billing": Reply("One moment, please.", input_tokens=126, output_tokens=6),
    "tool:check_stock": Reply(
        "Sorry, I cannot see the stock now.", input_tokens=139, output_tokens=12
    ),
    LONG: Reply(
        "We offer standard delivery in five days, express delivery in two days, "
        "and courier delivery within four hours in the city.",
        input_tokens=88,
        output_tokens=33,
    ),
    CUT_IN: Reply("The courier, within four hours.", input_tokens=121, output_tokens=9),
    BILLING: Reply(tool="to_billing", input_tokens=92, output_tokens=13),
    HANDED_OVER: Reply("Billing desk, how can I help?", input_tokens=76, output_tokens=10),
    AMOUNT: Reply("You owe twelve euros.", input_tokens=95, output_tokens=8),
    BYE: Reply("Good bye.", input_tokens=117, output_tokens=4),
}
