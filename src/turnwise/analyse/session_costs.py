"""What only a session as a whole tells the price of: its line, its platform, its sender's own totals.

Telephone calls go by their carrier, and by "inbound" or "outbound" or by that, ":" and the number that
is paid for: Twilio asks for the kind of its own number on calls that come in, and for the
destination on calls that go out, and both are the number called. Platforms go by the framework. Both
count minutes that have begun.

Source: voice.md 5.2; the billing pages of Twilio and LiveKit.
"""

from dataclasses import replace
from decimal import Decimal

from turnwise.analyse.billing import Amounts, seconds, started_minutes
from turnwise.analyse.pricing import Pricer, costs_of
from turnwise.model.call import FAILED_CALLS, Call
from turnwise.model.price import Price, Unit
from turnwise.model.session import Session
from turnwise.model.usage import ModelUsage, Stage


def with_session_costs(session: Session, pricer: Pricer) -> Session:
    """The session with these costs added; what has no price adds nothing.

    A sender's own totals are priced only where there are no spans: beside them they would be in the
    session's sum and in none of its traces. A line and a platform have rows of their own and are
    no part of `cost_usd`, which is that of the models on every surface (contracts.md 4.1).
    """
    rows = list(session.usage)
    if not session.traces:
        rows = [_priced(row, session.started_ns, pricer) for row in rows]
    newly = [
        after.cost_usd
        for before, after in zip(session.usage, rows, strict=True)
        if before.cost_usd is None and after.cost_usd is not None
    ]
    return replace(
        session,
        usage=(*rows, *_line(session.call, pricer), *_platform(session, pricer)),
        cost_usd=session.cost_usd + sum(newly, Decimal(0)),
        unpriced=session.unpriced - len(newly),
    )


def _priced(row: ModelUsage, at_ns: int, pricer: Pricer) -> ModelUsage:
    """A row whose amounts are the sender's own sums; those of spans are priced span by span."""
    if not row.is_told or row.cost_usd is not None or not row.model:
        return row
    names = [row.model, row.model.rpartition("/")[2]]
    price = pricer.price(row.stage, row.provider, names, at_ns)
    if price is None:
        return row
    is_voice = row.stage is Stage.TTS
    amounts: Amounts = {
        Unit.INPUT_TOKEN: Decimal(max(0, row.input_tokens - row.cached_input_tokens)),
        Unit.CACHE_READ_TOKEN: Decimal(row.cached_input_tokens),
        Unit.OUTPUT_TOKEN: Decimal(row.output_tokens),
        Unit.CHARACTER: Decimal(row.characters),
        Unit.OUTPUT_AUDIO_SECOND if is_voice else Unit.AUDIO_SECOND: seconds(row.audio_ns),
    }
    return replace(row, cost_usd=_total(amounts, price))


def _line(call: Call | None, pricer: Pricer) -> list[ModelUsage]:
    """The call's own row, once it was answered and is over."""
    if call is None or call.status in FAILED_CALLS or call.ended_ns is None:
        return []
    began_ns = call.answered_ns if call.answered_ns is not None else call.started_ns
    duration_ns = call.duration_ns
    if duration_ns is None and began_ns is not None:
        duration_ns = call.ended_ns - began_ns
    if began_ns is None or duration_ns is None or duration_ns <= 0:
        return []
    direction = "outbound" if (call.direction or "").startswith("outbound") else "inbound"
    names = [direction, f"{direction}:{call.to_number}"] if call.to_number else [direction]
    price = pricer.price(Stage.TELEPHONY, call.carrier, names, began_ns)
    return _minutes(Unit.TELEPHONY_MINUTE, price, call.carrier, direction, duration_ns)


def _platform(session: Session, pricer: Pricer) -> list[ModelUsage]:
    if session.ended_ns is None:
        return []
    name = session.framework.value
    price = pricer.price(Stage.PLATFORM, name, [name], session.started_ns)
    duration_ns = session.ended_ns - session.started_ns
    return _minutes(Unit.PLATFORM_MINUTE, price, name, None, duration_ns)


def _minutes(
    unit: Unit, price: Price | None, provider: str, model: str | None, duration_ns: int
) -> list[ModelUsage]:
    cost = _total({unit: started_minutes(duration_ns)}, price) if price is not None else None
    if price is None or cost is None:
        return []
    row = ModelUsage(
        stage=price.stage,
        provider=provider,
        model=model,
        requests=1,
        audio_ns=duration_ns,
        cost_usd=cost,
    )
    return [row]


def _total(amounts: Amounts, price: Price) -> Decimal | None:
    return costs_of(amounts, price).get("total")
