"""From everything known of one session to the session itself."""

from turnwise.analyse.assemble.assembler import assemble

__all__ = ["assemble"]
