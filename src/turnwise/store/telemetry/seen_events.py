"""Which events of an ingestion were taken before. They are remembered for 30 days."""

from collections.abc import Collection, Iterable

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId
from turnwise.store.telemetry.sql import chunks, is_text, lines


class _Seen(msgspec.Struct):
    project_id: ProjectId
    event_id: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Seen)

_KNOWN = """
SELECT DISTINCT project_id, event_id FROM seen_events
WHERE project_id = {project:String} AND event_id IN {events:Array(String)}
"""


def known(client: Client, project_id: ProjectId, event_ids: Collection[str]) -> set[str]:
    """Those of the events that were taken before."""
    found: set[str] = set()
    for part in chunks([each for each in event_ids if is_text(each)]):
        answer = lines(client, _KNOWN, {"project": project_id, "events": part})
        found |= {row.event_id for row in _decoder.decode_lines(answer)}
    return found


def rows_of(project_id: ProjectId, event_ids: Iterable[str]) -> list[bytes]:
    """Rows that say that events were taken; an id that is no Unicode cannot be remembered."""
    return [_encoder.encode(_Seen(project_id, each)) for each in event_ids if is_text(each)]
