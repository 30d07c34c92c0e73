"""Read what complainants answer to the letter with the decision."""

import re
from enum import Enum

from .triage import plain

# So many words after the one that says it are thanks and no new matter.
FEW = 5
_WORD = re.compile(r"\w+")


class Answer(str, Enum):
    """What an answer says of the decision that it answers."""

    APPEAL = "appeal"
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"


# What an answer starts with, as the letter asks for it in its language.
PHRASES = {
    Answer.APPEAL: (
        "appeal",
        "appel",
        "apelacion",
        "apelo",
        "recurso",
        "rufaa",
        "استئناف",
    ),
    Answer.SATISFIED: (
        "satisfied",
        "satisfait",
        "satisfaite",
        "satisfecho",
        "satisfecha",
        "satisfeito",
        "satisfeita",
        "nimeridhika",
        "راض",
        "راضي",
        "راضية",
    ),
    Answer.UNSATISFIED: (
        "unsatisfied",
        "dissatisfied",
        "not satisfied",
        "insatisfait",
        "insatisfaite",
        "pas satisfait",
        "pas satisfaite",
        "insatisfecho",
        "insatisfecha",
        "no satisfecho",
        "no satisfecha",
        "insatisfeito",
        "insatisfeita",
        "nao satisfeito",
        "nao satisfeita",
        "sijaridhika",
        "غير راض",
        "غير راضي",
        "غير راضية",
    ),
}
_ANSWERS = {
    tuple(plain(phrase).split()): answer
    for answer, phrases in PHRASES.items()
    for phrase in phrases
}


def read_answer(text):
    """Return the :class:`Answer` that a text starts with, else ``None``.

    :returns: it, and whether the line that it stands in goes on to something else
    """
    lines = (line for line in text.splitlines() if _WORD.search(line))
    words = _WORD.findall(plain(next(lines, "")))
    for length in (2, 1):
        if answer := _ANSWERS.get(tuple(words[:length])):
            return answer, len(words) - length > FEW
    return None, False
