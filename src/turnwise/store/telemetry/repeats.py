"""Observations that only say again what others below them consumed, for whoever sums up rows.

The same rule by which `analyse/assemble/usage.py` counts a session's consumption, as SQL.
"""

MAX_DEPTH = 64
"""How far below an observation is looked; spans that are each other's parents go round no longer."""

CONSUMES = """step NOT IN ('llm_node', 'llm_attempt', 'tts_attempt')
    AND (ifNull(total_tokens, 0) > 0 OR total_cost IS NOT NULL)"""
"""Whether a row of `observations` counts tokens or money of its own."""

STAGE = "multiIf(step IN ('stt', 'user_turn'), 1, step IN ('tts', 'tts_request'), 2, 0)"

_KEY = "project_id, trace_id, span_id"

# From every consuming row down through all of its children, one generation at a time: nearly all
# are leaves, so that there is little to follow.
REPEATS = f"""({_KEY}) IN (
    WITH RECURSIVE below AS (
        SELECT child.project_id AS project_id, child.trace_id AS trace_id, above.span_id AS top,
            above.stage AS stage, child.span_id AS span_id, 1 AS depth
        FROM (SELECT {_KEY}, parent_span_id FROM observations FINAL
            WHERE {{where}} AND parent_span_id IS NOT NULL) AS child
        INNER JOIN (SELECT {_KEY}, {STAGE} AS stage FROM observations FINAL
            WHERE {{where}} AND {CONSUMES}) AS above
        ON child.project_id = above.project_id AND child.trace_id = above.trace_id
            AND child.parent_span_id = above.span_id
        UNION ALL
        SELECT child.project_id, child.trace_id, below.top, below.stage, child.span_id,
            below.depth + 1
        FROM (SELECT {_KEY}, parent_span_id FROM observations FINAL
            WHERE {{where}} AND parent_span_id IS NOT NULL) AS child
        INNER JOIN below
        ON child.project_id = below.project_id AND child.trace_id = below.trace_id
            AND child.parent_span_id = below.span_id
        WHERE below.depth < {MAX_DEPTH})
    SELECT project_id, trace_id, top FROM below
    WHERE ({_KEY}, stage) IN (
        SELECT {_KEY}, {STAGE} FROM observations FINAL WHERE {{where}} AND {CONSUMES}))"""  # noqa: S608
"""Whether one of the same stage below a row, however far, consumes too; `{where}` chooses whole traces."""
