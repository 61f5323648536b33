"""Files that belong to runs: links to them, and what the links lead to."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from turnwise.http.error_forms import ErrorBody
from turnwise.http.media_links import FILES, TYPE, MediaLinks, file_answer
from turnwise.model.errors import NotFound
from turnwise.model.observation import Observation
from turnwise.model.runs import ATTACHED, ATTACHMENTS, attached_files

_MEDIA_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
_BYTES = "application/octet-stream"
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {_BYTES: {}}, "description": "The file."},
    206: {"content": {_BYTES: {}}, "description": "The range that was asked for."},
    403: {"model": ErrorBody, "description": "The link was changed or has expired."},
    404: {"model": ErrorBody, "description": "The file is gone."},
    416: {"model": ErrorBody, "description": "The range lies outside of the file."},
}


@dataclass(frozen=True, slots=True)
class Attachments:
    """Makes links to the files of runs, and answers them."""

    links: MediaLinks

    async def of(self, request: Request, run: Observation) -> dict[str, dict[str, Any]] | None:
        """The files of a run by their names, in the published form; None when it has none."""
        found: dict[str, dict[str, Any]] = {}
        for file in attached_files(run.run):
            said = str(file.media_type)
            served = said if _MEDIA_TYPE.fullmatch(said) else _BYTES
            url, _ = await self.links.link(request, file.key, served)
            found[ATTACHED + file.name] = {
                "presigned_url": url,
                "s3_url": None,
                "mime_type": file.media_type,
            }
        return found or None

    def router(self) -> APIRouter:
        """The route that the links lead to; it needs no key."""
        routes = APIRouter(tags=["LangSmith runs"])
        path = FILES + ATTACHMENTS + "{file:path}"

        @routes.get(
            path,
            summary="Read an attachment by a signed link",
            responses=_RESPONSES,
            response_class=Response,
        )
        @routes.head(path, include_in_schema=False)
        async def get_linked(
            request: Request,
            file: str,
            type_: Annotated[str, Query(alias=TYPE, description="As what it is served.")] = _BYTES,
            _exp: Annotated[str, Query(alias="exp", description="When it expires.")] = "",
            _sig: Annotated[str, Query(alias="sig", description="Its signature.")] = "",
        ) -> Response:
            """The signature stands for the one who asked for the run."""
            key = ATTACHMENTS + file
            self.links.check(request, key)
            # What a sender calls a page or a script must never run here.
            headers = {"Content-Type": type_, "Content-Disposition": "attachment"}
            answer = await file_answer(request, self.links.media, key, headers)
            if answer is None:
                raise NotFound("There is no such file.", code="file_not_found")
            return answer

        return routes
