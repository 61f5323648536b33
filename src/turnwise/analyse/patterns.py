"""Which regular expressions a price may have: those that no model name can keep busy for long."""

import re
from collections.abc import Callable

MAX_PATTERN = 512
LONGEST_NAME = 128
"""A longer model name matches nothing."""
MAX_WAYS = 2**24
"""Ways through a pattern that may have to be tried on one name: well under a second of them."""

_ESCAPED = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]")
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{(?!1\}))")
_BACK = re.compile(r"\\[1-9]|\(\?[P(]")
_MARK = re.compile(r"\(\?<?[:=!]?|[()|?*+]|\{\d*,\d*\}")


def check_pattern(text: str, refusal: Callable[[str], Exception]) -> None:
    """Make sure that a pattern compiles and that matching it takes no time to speak of.

    Raises:
        Exception: what `refusal` makes of the reason.
    """
    if not text or len(text) > MAX_PATTERN:
        raise refusal(f"match must be a pattern of 1 to {MAX_PATTERN} characters")
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise refusal(f"match is no regular expression: {error}") from error
    if _BACK.search(text):
        raise refusal("match may not refer back")
    bare = _ESCAPED.sub("x", text)
    if _REPEATED_GROUP.search(bare):
        raise refusal("match may not repeat a group")
    if _ways(bare) > MAX_WAYS:
        raise refusal("match has too many repetitions, options and alternatives")


def _ways(bare: str) -> int:
    """How many ways through the pattern there are on the longest name, at the most.

    A repetition may end anywhere, an option is taken or not, and alternatives add up; what follows
    one another multiplies.
    """
    levels = [[0, 1]]
    for mark in _MARK.findall(bare):
        level = levels[-1]
        if mark.startswith("("):
            levels.append([0, 1])
        elif mark == ")":
            levels.pop()
            levels[-1][1] *= sum(level)
        elif mark == "|":
            level[0] += level[1]
            level[1] = 1
        else:
            level[1] *= 2 if mark == "?" else LONGEST_NAME
    return sum(levels[0])
