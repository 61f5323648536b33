"""The observations of one trace as lines, however much they hold."""

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId
from turnwise.model.trace import TraceRow
from turnwise.store.telemetry.sql import lines

_decoder = msgspec.json.Decoder(TraceRow)

# The columns are those of TraceRow, in its order.
_ROWS = """
SELECT span_id, parent_span_id, name, kind, step, level, start_ns, end_ns, first_token_ns, model,
    total_tokens, total_cost, JSONExtractString(voice, 'tool_name')
FROM observations FINAL
WHERE project_id = {project:String} AND trace_id = {trace:String}
ORDER BY start_ns, span_id LIMIT {limit:UInt32}
"""


def rows_of_trace(
    client: Client, project_id: ProjectId, trace_id: str, limit: int
) -> list[TraceRow]:
    """See TraceReader.rows_of_trace."""
    parameters = {"project": project_id, "trace": trace_id, "limit": limit}
    return _decoder.decode_lines(lines(client, _ROWS, parameters, "JSONCompactEachRow"))
