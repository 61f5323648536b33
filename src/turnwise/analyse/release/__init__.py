"""May a release go out? Interruptions and latency of one time, held against limits and another time."""

from turnwise.analyse.release.gates import quality_of
from turnwise.analyse.release.window import Window

__all__ = ["Window", "quality_of"]
