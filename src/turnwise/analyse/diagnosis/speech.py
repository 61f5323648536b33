"""Words that say more than their meaning: repairs, farewells, mere signs of listening.

Short lists of the most common phrases of several languages; what is not in them is not guessed.
"""

import re

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_WORDLESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
"""Scripts that put no blanks between words."""
_FEWEST_WORDS = 3

_REPAIRS = re.compile(
    r"\b(?:no,? i (?:said|meant)|i (?:already|just) (?:said|told|gave)|that'?s not what i"
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

    Texts of fewer than three words are too short to compare, and those with other numbers say
    something else: both give 0.
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
    return 2 * shared / (len(a) + len(b))


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
