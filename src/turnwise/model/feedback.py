"""A judgement about a session, a trace or an observation."""

from dataclasses import dataclass

from turnwise.model.ids import ProjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A score with its author.

    Attributes:
        score: the number, for numeric and boolean judgements.
        value: the label, for categorical and free ones; JSON text when it is no plain text.
        correction: JSON text.
        source: who judged: "api", "app", "model".
        session_ref, trace_id, observation_id: what it is about; all None: the project itself.
        extra: JSON text of an object: whatever else the sender said.
    """

    id: str
    project_id: ProjectId
    key: str
    score: float | None = None
    value: str | None = None
    comment: str | None = None
    correction: str | None = None
    source: str = "api"
    session_ref: str | None = None
    trace_id: str | None = None
    observation_id: str | None = None
    extra: str = "{}"
    created_ns: int = 0
    modified_ns: int = 0
