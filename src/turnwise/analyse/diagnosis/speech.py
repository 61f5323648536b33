"""Words that say more than their meaning: repairs, farewells, mere signs of listening.

Short lists of the most common phrases of several languages; what is not in them is not guessed.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_WORDLESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
"""Scripts that put no blanks between words."""
_FEWEST_WORDS = 3
_LONG_WORD = 4
"""Shorter words are mostly articles and pronouns, which change in a repetition."""
_SAME_WORD = 0.5
_LIKE = 0.5
"""Less similar texts are not looked at word by word."""

_REPAIRS = re.compile(
    r"\b(?:no,? i said|i meant|i (?:already|just) (?:said|told|gave)|i told you|that'?s not what i"
    r"|i (?:did not|didn'?t|never) (?:say|ask|mean|want) (?:that|this|it|for)"
    r"|(?:that|this)(?:'?s| is| was) (?:wrong|incorrect|not (?:right|correct|it)\b)"
    r"|you(?:'ve| have)? got me wrong"
    r"|(?:this|that) is not what i|not what i (?:said|asked|meant)|you (?:mis|did not |didn't )under"
    r"|you(?:'re| are) not (?:listening|understanding)|you got (?:that|it) wrong|did you hear me"
    r"|as i said|let me repeat|i'?ll (?:say it again|repeat)|what are you talking about"
    r"|das habe ich nicht|ich habe (?:gesagt|doch gesagt)|sie haben mich (?:nicht|falsch) verstanden"
    r"|ich meinte|no,? (?:dije|quise decir)|eso no es lo que|ya (?:le|te) dije|no me (?:entiende|entendi)"
    r"|ce n'est pas ce que|j'ai (?:déjà )?dit|vous (?:ne m'avez pas|m'avez mal) compris"
    r"|non è quello che|ho (?:già )?detto|não foi isso|eu (?:já )?disse|dat (?:zei|bedoelde) ik niet"
    r"|मैंने कहा|maine kaha)",
    re.IGNORECASE,
)
_FAREWELLS = re.compile(
    r"\b(?:good ?bye|bye|have a (?:nice|good|great|lovely)|talk (?:to you )?(?:soon|later)|see you"
    r"|take care|that'?s all|thank(?:s| you)[.! ]*$|auf wiederhören|auf wiedersehen|tschüss|tschüß"
    r"|adiós|adios|hasta luego|gracias[.! ]*$|au revoir|bonne journée|merci[.! ]*$|arrivederci|ciao"
    r"|tchau|até logo|obrigad[oa][.! ]*$|tot ziens|dag hoor|धन्यवाद|さようなら|再见)",
    re.IGNORECASE,
)
_SIGNS = frozenset(
    {
        "aha", "ah", "mhm", "mm", "mmm", "hm", "hmm", "uh", "huh", "um", "yeah", "yes", "yep", "yup",
        "ok", "okay", "right", "sure", "good", "great", "fine", "alright", "i", "see", "got", "it",
        "ja", "genau", "gut", "sí", "si", "vale", "claro", "oui", "d'accord", "sì", "sim", "haan", "हाँ",
    }
)  # fmt: skip


def words_of(text: str) -> list[str]:
    """Words in lower case without punctuation; pairs of characters where blanks part no words."""
    if _WORDLESS.search(text):
        letters = "".join(each for each in text if each.isalnum())
        return [letters[at : at + 2] for at in range(len(letters) - 1)]
    return [each.casefold() for each in _WORD.findall(text)]


def similarity(one: str, other: str) -> float:
    """Share of words that two texts have in common (Dice over bags of words), 0 to 1.

    Texts of fewer than three words are too short to compare; those with other numbers, or with
    another long word in a word's place, say something else: all of these give 0. Spellings that
    are half the same are one word, which the recogniser heard in two ways.
    """
    a, b = words_of(one), words_of(other)
    if min(len(a), len(b)) < _FEWEST_WORDS or _numbers(a) != _numbers(b):
        return 0.0
    left = list(b)
    shared = 0
    for word in a:
        if word in left:
            left.remove(word)
            shared += 1
    found = 2 * shared / (len(a) + len(b))
    is_worded = not _WORDLESS.search(one)
    return 0.0 if found >= _LIKE and is_worded and _is_about_else(a, b) else found


def _is_about_else(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two phrases differ in what they are about: "cancel the lamp", "cancel the sofa"."""
    changes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    for change, start, end, other_start, other_end in changes:
        words = "".join(one[start:end]), "".join(other[other_start:other_end])
        is_long = min(map(len, words)) >= _LONG_WORD
        if change == "replace" and is_long and _alike(*words) < _SAME_WORD:
            return True
    return False


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _numbers(words: list[str]) -> set[str]:
    return {each for each in words if any(letter.isdigit() for letter in each)}


def is_repair(text: str) -> bool:
    """Whether a caller says that the agent has got them wrong."""
    return _REPAIRS.search(text) is not None


def is_farewell(text: str | None) -> bool:
    """Whether somebody takes leave."""
    return bool(text) and _FAREWELLS.search(text or "") is not None


def is_sign_of_listening(text: str | None) -> bool:
    """Whether a text is nothing but "yes", "mhm" and the like."""
    words = words_of(text or "")
    return 0 < len(words) <= 3 and all(each in _SIGNS for each in words)
