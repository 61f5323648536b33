"""The web pages and the API that only they use (under /ui/api; not promised to anybody else)."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter

from turnwise.api.ui import (
    access,
    cases,
    causes,
    dashboard,
    faults,
    logs,
    observations,
    pages,
    project,
    recordings,
    releases,
    sessions,
    tenant,
    traces,
)
from turnwise.api.ui.project import Keeping
from turnwise.model.accounts import BrowserAccounts
from turnwise.model.administration import Administration
from turnwise.model.boards import BoardReader
from turnwise.model.labels import LabelKeeper
from turnwise.model.logs import LogReader
from turnwise.model.overview import OverviewReader
from turnwise.model.ports import (
    Diagnose,
    DiagnosisStore,
    MediaStore,
    PeaksKeeper,
    ReleaseJudge,
    SessionReader,
)
from turnwise.model.trace import TraceReader


@dataclass(frozen=True, slots=True, kw_only=True)
class UiParts:
    """What the pages are made of.

    Attributes:
        enough: interruptions below which the judge says nothing.
        public_url: the address from outside, "" when each request's own holds.
        web: the folder of the built pages; it may be missing.
    """

    accounts: BrowserAccounts
    reader: SessionReader
    overview: OverviewReader
    boards: BoardReader
    diagnoses: DiagnosisStore
    labels: LabelKeeper
    judge: ReleaseJudge
    enough: int
    traces: TraceReader
    logs: LogReader
    diagnose: Diagnose
    media: MediaStore
    peaks: PeaksKeeper
    administration: Administration
    keeping: Keeping
    version: str
    public_url: str
    web: Path


def router(parts: UiParts) -> APIRouter:
    """The API, then the pages; none of it is in the server's OpenAPI document."""
    whole = APIRouter()
    for part in (
        access.router(parts.accounts, parts.version, parts.public_url),
        sessions.router(parts.overview, parts.reader, parts.diagnose),
        traces.router(parts.reader, parts.traces),
        observations.router(parts.reader, parts.traces, parts.media),
        logs.router(parts.reader, parts.logs),
        recordings.router(parts.reader, parts.media, parts.peaks),
        dashboard.router(parts.overview, parts.boards),
        faults.router(parts.boards),
        causes.router(parts.overview, parts.boards, parts.diagnoses),
        releases.router(parts.boards, parts.judge, parts.enough),
        cases.router(parts.boards, parts.labels, parts.reader),
        tenant.router(parts.administration),
        project.router(parts.administration, parts.keeping),
        pages.router(parts.reader, parts.web),
    ):
        whole.include_router(part, include_in_schema=False)
    return whole
