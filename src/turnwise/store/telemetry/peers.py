"""How long one observation took beside others of its kind."""

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.observation import Observation
from turnwise.model.trace import PEER_DAYS, Peers
from turnwise.store.telemetry.conditions import day_of
from turnwise.store.telemetry.sql import lines


class _Row(msgspec.Struct):
    others: int
    faster: int
    ranks: list[float | None]


_decoder = msgspec.json.Decoder(_Row)

# quantilesExactInclusive interpolates between ranks like type 7.
_PEERS = """
SELECT count() AS others, countIf(took < {own:Int64}) AS faster,
    quantilesExactInclusive(0, 0.25, 0.5, 0.75, 0.95, 1)(took) AS ranks
FROM (
    SELECT end_ns - start_ns AS took
    FROM observations FINAL
    WHERE project_id = {project:String}
        AND day BETWEEN toDate({first:UInt16}) AND toDate({last:UInt16})
        AND kind = {kind:String} AND step = {step:String}
        AND ifNull(name, '') = {name:String} AND ifNull(model, '') = {model:String}
        AND JSONExtractString(voice, 'tool_name') = {tool:String}
        AND end_ns >= start_ns
        AND (trace_id, span_id) != ({trace:String}, {span:String}))
"""


def peers(client: Client, observation: Observation) -> Peers | None:
    """See TraceReader.peers."""
    if observation.duration_ns is None:
        return None
    last = day_of(observation.start_ns, 0)
    parameters = {
        "project": observation.project_id,
        "first": max(0, last - PEER_DAYS + 1),
        "last": last,
        "kind": observation.kind.value,
        "step": observation.step.value,
        "name": observation.name or "",
        "model": observation.model or "",
        "tool": observation.voice.tool_name or "",
        "trace": observation.trace_id,
        "span": observation.span_id,
        "own": observation.duration_ns,
    }
    row = _decoder.decode_lines(lines(client, _PEERS, parameters))[0]
    # There are no ranks among nobody.
    known = (None if each is None else round(each) for each in row.ranks)
    lowest, p25, p50, p75, p95, highest = known
    return Peers(
        others=row.others,
        faster=row.faster,
        lowest_ns=lowest,
        p25_ns=p25,
        p50_ns=p50,
        p75_ns=p75,
        p95_ns=p95,
        highest_ns=highest,
    )
