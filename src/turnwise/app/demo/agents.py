"""The agents of the demo: who they are, what they run on, how fast they are, when they are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Shape(StrEnum):
    """Whose telemetry an agent sends."""

    LIVEKIT = "livekit"
    PIPECAT = "pipecat"


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its provider, as the agent's framework writes them."""

    provider: str
    name: str


@dataclass(frozen=True, slots=True)
class Pace:
    """A log-normal time.

    Attributes:
        median: in seconds.
        spread: the standard deviation of its logarithm.
    """

    median: float
    spread: float


@dataclass(frozen=True, slots=True)
class Release:
    """A version of an agent.

    Attributes:
        slower: by which factor its stages ("llm", "tts", ...) are slower than the usual pace.
    """

    version: str
    llm: Model
    slower: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """An agent.

    Attributes:
        book: its file of texts.
        name: what the agent is called; on a LiveKit call also what it calls itself.
        service: the program in which it runs; Pipecat names nothing else.
        languages: how often each is spoken.
        calls: calls per hour of a UTC working day, one digit for each hour, only relative.
        weekend: what part of them comes at weekends.
        share: its part of all sessions.
        detects: whether it judges overlapping speech before it stops (LiveKit Cloud's detector).
    """

    name: str
    book: str
    shape: Shape
    service: str
    instructions: str
    tools: Mapping[str, str]
    stt: Model
    tts: Model
    voice: str
    releases: tuple[Release, Release]
    languages: Mapping[str, float]
    paces: Mapping[str, Pace]
    calls: str
    weekend: float
    share: float
    detects: bool = False


def _paces(stt: float, eou: float, llm: float, tts: float, spread: float) -> dict[str, Pace]:
    return {
        "stt": Pace(stt, spread * 0.8),
        "eou": Pace(eou, spread * 0.5),
        "llm": Pace(llm, spread),
        "tts": Pace(tts, spread * 0.7),
        "tool": Pace(0.42, 0.55),
    }


CLINIC = Profile(
    name="clinic-appointments",
    book="clinic",
    shape=Shape.LIVEKIT,
    service="riverside-clinic-voice",
    instructions=(
        "You answer the appointment line of Riverside Clinic. Be warm and brief, one question at a "
        "time. Never give medical advice; in an emergency send the caller to the emergency number."
    ),
    tools={
        "find_slots": "Find open appointments of a doctor.",
        "find_appointment": "Find a patient's appointment by surname.",
        "book_appointment": "Book an appointment.",
        "move_appointment": "Move an appointment to another time.",
        "cancel_appointment": "Cancel an appointment.",
        "check_insurance": "Whether an insurer is accepted here.",
        "find_results": "Whether test results have been released.",
        "request_refill": "Ask a doctor to renew a prescription.",
        "send_forms": "Send the registration forms by text message.",
        "find_invoice": "Look an invoice up.",
        "to_billing": "Hand the caller over to the billing desk.",
    },
    stt=Model("Deepgram", "nova-3"),
    tts=Model("Cartesia", "sonic-2"),
    voice="clinic-warm",
    releases=(
        Release("1.8.2", Model("openai", "gpt-4o-mini")),
        Release("1.9.0", Model("openai", "gpt-4.1-mini"), {"llm": 0.88}),
    ),
    languages={"en": 0.82, "es": 0.18},
    paces=_paces(0.17, 0.56, 0.44, 0.19, 0.3),
    calls="000000025897656786420000",
    weekend=0.2,
    share=0.32,
)

SHOP = Profile(
    name="order-desk",
    book="shop",
    shape=Shape.LIVEKIT,
    service="voltcorner-voice",
    instructions=(
        "You are the order desk of Voltcorner Electronics. Look orders up before you promise "
        "anything, and hand returns and defects over to the returns desk."
    ),
    tools={
        "lookup_order": "Look an order up.",
        "check_stock": "Ask the warehouse and the shops.",
        "place_order": "Place an order for the caller.",
        "cancel_order": "Stop an order that has not been shipped.",
        "reserve": "Put an item aside in a shop.",
        "resend_mail": "Send a mail about an order again.",
        "express_replacement": "Send a replacement by express.",
        "start_return": "Open a return.",
        "register_warranty": "Register an item for the longer warranty.",
        "to_returns": "Hand the caller over to the returns desk.",
    },
    stt=Model("Deepgram", "nova-3"),
    tts=Model("ElevenLabs", "eleven_flash_v2_5"),
    voice="shop-bright",
    releases=(
        Release("2026.10.2", Model("gcp.gemini", "gemini-2.0-flash")),
        Release("2026.11.0", Model("gcp.gemini", "gemini-2.5-flash"), {"tts": 0.9}),
    ),
    languages={"en": 0.75, "de": 0.25},
    paces=_paces(0.21, 0.62, 0.52, 0.26, 0.34),
    calls="100000012467876678865432",
    weekend=0.7,
    share=0.28,
    detects=True,
)

HOTEL = Profile(
    name="hotel-concierge",
    book="hotel",
    shape=Shape.PIPECAT,
    service="hotel-concierge",
    instructions=(
        "You are the concierge of the Hotel Lanterna. Be courteous and concrete, and offer to book "
        "things yourself. Speak the guest's language."
    ),
    tools={
        "find_restaurant": "Find a restaurant with a free table.",
        "book_table": "Book a table.",
        "book_taxi": "Order a taxi for a room.",
        "check_room": "When a room is needed next.",
        "housekeeping": "Send housekeeping to a room.",
        "maintenance": "Send a technician to a room.",
        "ticket_info": "Prices and free seats of a place.",
        "book_tickets": "Book tickets on a room.",
        "order_breakfast": "Order breakfast for a room.",
        "spa_slots": "Free times of the spa.",
        "book_spa": "Book a time in the spa.",
        "wake_up_call": "Set a wake-up call.",
        "lost_and_found": "Search what was found.",
        "notify_night_manager": "Tell the night manager.",
    },
    stt=Model("deepgram", "nova-3"),
    tts=Model("cartesia", "sonic-2"),
    voice="concierge-calm",
    releases=(
        Release("3.1.0", Model("anthropic", "claude-haiku-4-5")),
        Release("3.2.0", Model("anthropic", "claude-sonnet-4-5"), {"llm": 1.35}),
    ),
    languages={"en": 0.8, "es": 0.2},
    paces=_paces(0.24, 0.5, 0.52, 0.2, 0.3),
    calls="311112465433334445789965",
    weekend=1.2,
    share=0.2,
)

POWER = Profile(
    name="outage-line",
    book="power",
    shape=Shape.PIPECAT,
    service="outage-line",
    instructions=(
        "You answer the outage line of Brightgrid. Safety first: fallen lines, smoke and medical "
        "devices go before everything else. Give times only as the crew reports them."
    ),
    tools={
        "outages_at": "Known outages at an address.",
        "report_outage": "Open a ticket for an outage.",
        "report_hazard": "Open a ticket for a danger or damage.",
        "planned_work": "Planned work in a street.",
        "notify": "Subscribe a phone to news about a ticket.",
        "meter_code": "What a code on the meter means.",
        "usage": "Readings and use of a customer.",
        "submit_reading": "Enter a meter reading.",
        "send_form": "Send a form by mail.",
        "end_contract": "Note the end of a contract.",
    },
    stt=Model("deepgram", "nova-3"),
    tts=Model("elevenlabs", "eleven_flash_v2_5"),
    voice="grid-steady",
    releases=(
        Release("5.4.1", Model("openai", "gpt-4o-mini")),
        Release("5.5.0", Model("openai", "gpt-4o"), {"llm": 1.1, "tts": 1.3}),
    ),
    languages={"en": 0.78, "de": 0.22},
    paces=_paces(0.26, 0.54, 0.4, 0.28, 0.32),
    calls="111112345544444457985321",
    weekend=0.9,
    share=0.2,
)

PROFILES = (CLINIC, SHOP, HOTEL, POWER)

UNPRICED = Model("vllm", "helios-voice-8b-preview")
"""A model of the house, which no price table knows."""
