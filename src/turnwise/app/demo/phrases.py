"""What is said when a call does not go as its script has it, by language."""

from collections.abc import Mapping, Sequence

CUTTING_IN: Mapping[str, Sequence[str]] = {
    "en": ("Sorry to cut in. ", "Wait, wait. ", "Yes, yes. ", "Hold on. "),
    "de": ("Moment, Entschuldigung. ", "Ja, ja. ", "Warten Sie. "),
    "es": ("Perdone que le corte. ", "Sí, sí. ", "Espere. "),
}
"""How a caller begins who does not let the agent finish."""

STILL_THERE: Mapping[str, Sequence[str]] = {
    "en": ("Hello? Are you still there? ", "Hello? ", "I can't hear you. "),
    "de": ("Hallo? Sind Sie noch da? ", "Hallo? "),
    "es": ("¿Hola? ¿Sigue ahí? ", "¿Oiga? "),
}
"""How a caller repeats what got no answer."""

TOOL_DOWN: Mapping[str, Sequence[str]] = {
    "en": (
        "I'm sorry, our system does not answer at the moment. Shall I try once more?",
        "I'm afraid I can't look that up right now. May I try again?",
    ),
    "de": (
        "Es tut mir leid, unser System antwortet gerade nicht. Soll ich es noch einmal versuchen?",
    ),
    "es": ("Lo siento, nuestro sistema no responde en este momento. ¿Lo intento otra vez?",),
}
"""What the agent says when a tool has failed."""

TRY_AGAIN: Mapping[str, Sequence[str]] = {
    "en": ("Yes, please.", "Sure, I can wait.", "If you think it helps."),
    "de": ("Ja, bitte.", "Gern, ich warte."),
    "es": ("Sí, por favor.", "Claro, espero."),
}

ANYONE_THERE: Mapping[str, Sequence[str]] = {
    "en": ("Hello, is anyone there?", "I can't hear you. Are you still on the line?"),
    "de": ("Hallo, ist da jemand?",),
    "es": ("¿Hola? ¿Hay alguien ahí?",),
}
"""What the agent says to a silent line."""

HANGING_UP: Mapping[str, Sequence[str]] = {
    "en": ("I still can't hear you, so I'll hang up now. Please call again.",),
    "de": ("Ich kann Sie leider nicht hören und lege jetzt auf. Rufen Sie gern noch einmal an.",),
    "es": ("No le oigo, voy a colgar. Llame otra vez, por favor.",),
}

WRONG_NUMBER: Mapping[str, Sequence[str]] = {
    "en": ("Oh, sorry, wrong number.", "Sorry, I must have misdialled."),
    "de": ("Oh, Entschuldigung, verwählt.",),
    "es": ("Ay, perdón, me he equivocado de número.",),
}

NO_PROBLEM: Mapping[str, Sequence[str]] = {
    "en": ("No problem at all. Goodbye.",),
    "de": ("Kein Problem. Auf Wiederhören.",),
    "es": ("No pasa nada. Hasta luego.",),
}

TOOL_ERRORS: Sequence[str] = (
    "the booking service did not answer within 5 s",
    "HTTP 502 from the backend",
    "database connection refused",
)
"""What a failing tool reports."""

LLM_ERRORS: Sequence[str] = (
    "Request timed out.",
    "Error code: 503 - the model is overloaded, please try again later",
    "Connection error.",
)
"""What a failing model request reports."""
