"""From everything known of one session to the session itself."""

from turnwise.analyse.assemble.assembler import assemble
from turnwise.analyse.assemble.usage import Complete, as_told

__all__ = ["Complete", "as_told", "assemble"]
