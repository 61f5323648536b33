"""Labels of cases over the catalog; blocking calls go to worker threads."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.labels import CaseLabel, Label, Moment
from turnwise.model.tenancy import Caller
from turnwise.store.catalog import SqlCatalog


@dataclass(frozen=True, slots=True)
class CatalogLabels:
    """Implements model.labels.LabelKeeper."""

    catalog: SqlCatalog

    async def labels(self, project_id: ProjectId) -> Sequence[CaseLabel]:
        """See LabelKeeper.labels."""
        return await asyncio.to_thread(self.catalog.admin.labels.all, project_id)

    async def put(
        self,
        caller: Caller,
        project_id: ProjectId,
        session_id: SessionId,
        moment: Moment,
        label: Label,
    ) -> CaseLabel:
        """See LabelKeeper.put."""
        put = self.catalog.admin.labels.put
        return await asyncio.to_thread(put, project_id, session_id, moment, label, caller.user_id)

    async def remove(self, project_id: ProjectId, session_id: SessionId, moment: Moment) -> None:
        """See LabelKeeper.remove."""
        await asyncio.to_thread(self.catalog.admin.labels.remove, project_id, session_id, moment)
