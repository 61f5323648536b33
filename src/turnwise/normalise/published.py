"""What spans say of their trace as a whole and no observation holds: whether it is public.

Source: langfuse 3.15.0 and 5.0.4, _client/attributes.py.
"""

from collections.abc import Sequence

from turnwise.model.batch import RawSpan
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Observation
from turnwise.model.trace import TraceFact
from turnwise.normalise.values import encode_json

_PUBLIC = "langfuse.trace.public"


def published_traces(
    project_id: ProjectId, spans: Sequence[RawSpan], kept: Sequence[Observation]
) -> list[TraceFact]:
    """One fact for each span that says whether its trace is public; the latest start wins.

    Args:
        project_id: where they belong.
        spans: as a way in decoded them.
        kept: what became of the spans; those that cannot be kept say nothing.
    """
    if not any(_PUBLIC in span.attributes for span in spans):
        return []
    there = {(each.trace_id, each.span_id) for each in kept}
    return [
        TraceFact(
            project_id=project_id,
            trace_id=span.trace_id,
            seen_ns=span.start_ns,
            is_public=said,
            stamps=encode_json({"is_public": span.start_ns}),
        )
        for span in spans
        if isinstance(said := span.attributes.get(_PUBLIC), bool)
        and (span.trace_id, span.span_id) in there
    ]
