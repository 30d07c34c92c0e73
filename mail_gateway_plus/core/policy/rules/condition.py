"""One condition of a rule: what it looks at, how, and for what."""

import re
from dataclasses import dataclass, field
from enum import Enum

from ...parsing.language import LANGUAGES
from ...parsing.machine import Kind
from ...trust.verdict import Level
from ..patterns import PatternError
from .pattern import compile_pattern
from .situation import Standing

# How much of what was found is told to people.
SHOWN_LENGTH = 60
LIST_LIMIT = 5000


class Aspect(str, Enum):
    """What a condition looks at."""

    SENDER = "sender"
    SENDER_NAME = "sender_name"
    RECIPIENT = "recipient"
    SUBJECT = "subject"
    TEXT = "text"
    HEADER = "header"
    FILE_NAME = "file_name"
    FILE_TYPE = "file_type"
    FILE_SIZE = "file_size"
    FILE_COUNT = "file_count"
    SIZE = "size"
    VERDICT = "verdict"
    MACHINE = "machine"
    LANGUAGE = "language"
    STANDING = "standing"
    WEEKDAY = "weekday"
    TIME = "time"


class Operator(str, Enum):
    """How a condition compares."""

    EQUAL = "equal"
    CONTAINS = "contains"
    STARTS = "starts"
    ENDS = "ends"
    REGEX = "regex"
    ONE_OF = "one_of"
    GREATER = "greater"
    LESS = "less"
    IS_SET = "is_set"


class Mistake(str, Enum):
    """Why something is no condition."""

    MISFIT = "misfit"
    NO_HEADER = "no_header"
    NO_VALUE = "no_value"
    NO_NUMBER = "no_number"
    NO_TIME = "no_time"
    NO_WEEKDAY = "no_weekday"
    NO_WORD = "no_word"
    LONG_LIST = "long_list"
    BAD_PATTERN = "bad_pattern"


NUMBERS = frozenset({Aspect.FILE_SIZE, Aspect.FILE_COUNT, Aspect.SIZE})
WORDS = frozenset({Aspect.VERDICT, Aspect.MACHINE, Aspect.LANGUAGE, Aspect.STANDING})
KNOWN_WORDS = {
    Aspect.LANGUAGE: LANGUAGES,
    Aspect.MACHINE: tuple(k.value for k in Kind if k is not Kind.PERSON),
    Aspect.VERDICT: tuple(level.value for level in Level),
    Aspect.STANDING: tuple(standing.value for standing in Standing),
}
ADDRESSES = frozenset({Aspect.SENDER, Aspect.RECIPIENT})
_COMPARING = {Operator.GREATER, Operator.LESS}
_TEXT = set(Operator) - _COMPARING
_OPERATORS = {
    **dict.fromkeys(Aspect, _TEXT),
    **dict.fromkeys(NUMBERS, {Operator.EQUAL, *_COMPARING}),
    **dict.fromkeys(WORDS, {Operator.EQUAL, Operator.ONE_OF, Operator.IS_SET}),
    Aspect.HEADER: set(Operator),
    Aspect.WEEKDAY: {Operator.EQUAL, Operator.ONE_OF},
    Aspect.TIME: _COMPARING,
}
_NUMBER = re.compile(r"\s*(-?\d+(?:[.,]\d+)?)\s*([kmg]?b?)\s*", re.IGNORECASE)
_FIRST_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_TIME = re.compile(r"\s*([01]?\d|2[0-3])[:.h]([0-5]\d)\s*|\s*([01]?\d|2[0-3])\s*")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class ConditionError(ValueError):
    """What was entered is no condition: ``mistake`` says why, ``detail`` where."""

    def __init__(self, mistake, detail=""):
        super().__init__(f"{mistake.value}: {detail}")
        self.mistake = mistake
        self.detail = detail


@dataclass(frozen=True)
class Condition:
    """A condition that was checked; ``wanted`` is its value made ready to compare."""

    aspect: Aspect
    operator: Operator
    value: str = ""
    header: str = ""
    is_negated: bool = False
    wanted: object = field(default=None, compare=False, repr=False)


def operators_for(aspect):
    """Return the operators that make sense for an aspect, in their usual order."""
    return [operator for operator in Operator if operator in _OPERATORS[aspect]]


def make_condition(aspect, operator, value="", header="", is_negated=False):
    """Return the :class:`Condition`.

    :raises ConditionError: when it could never hold as it was entered
    """
    if operator not in _OPERATORS[aspect]:
        raise ConditionError(Mistake.MISFIT)
    header = header.strip().rstrip(":").lower() if aspect is Aspect.HEADER else ""
    if aspect is Aspect.HEADER and not header:
        raise ConditionError(Mistake.NO_HEADER)
    wanted = None
    if operator is not Operator.IS_SET:
        if not value.strip():
            raise ConditionError(Mistake.NO_VALUE)
        wanted = _wanted(aspect, operator, value)
    return Condition(aspect, operator, value, header, is_negated, wanted)


def _wanted(aspect, operator, value):
    if operator is Operator.REGEX:
        try:
            return compile_pattern(value)
        except PatternError as error:
            raise ConditionError(Mistake.BAD_PATTERN, str(error)) from error
    if operator is Operator.ONE_OF:
        return _entries(aspect, value)
    if aspect is Aspect.WEEKDAY:
        return _weekday(value)
    if aspect is Aspect.TIME:
        return minutes(value)
    if aspect in NUMBERS or operator in _COMPARING:
        return _number(value)
    return _known(aspect, fold(value))


def _known(aspect, word):
    """Return a word that an aspect may have; one that it never has is a mistake."""
    words = KNOWN_WORDS.get(aspect)
    if words and word not in words:
        raise ConditionError(Mistake.NO_WORD, ", ".join(words))
    return word


def _entries(aspect, value):
    """Return what stands in a list: one entry a line, or several with commas."""
    entries = [fold(entry) for entry in re.split(r"[\n,;]", value) if entry.strip()]
    if len(entries) > LIST_LIMIT:
        raise ConditionError(Mistake.LONG_LIST, str(LIST_LIMIT))
    if not entries:
        raise ConditionError(Mistake.NO_VALUE)
    if aspect is Aspect.WEEKDAY:
        entries = [_weekday(entry) for entry in entries]
    return frozenset(_known(aspect, entry) for entry in entries)


def fold(text):
    """Return text as it is compared: without case, and with single spaces."""
    return " ".join(text.casefold().split())


def minutes(text):
    """Return the minutes since midnight of a time such as ``17:30`` or ``17``."""
    found = _TIME.fullmatch(text)
    if not found:
        raise ConditionError(Mistake.NO_TIME, text)
    hour, minute, hour_alone = found.groups()
    return int(hour_alone or hour) * 60 + int(minute or 0)


def _weekday(text):
    """Return the ISO number, as text, of a day such as ``Mon``, ``monday`` or ``1``."""
    word = fold(text)
    if word in set("1234567"):
        return word
    if word[:3] not in _WEEKDAYS or not word.isalpha():
        raise ConditionError(Mistake.NO_WEEKDAY, text.strip())
    return str(_WEEKDAYS.index(word[:3]) + 1)


def _number(text):
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ConditionError(Mistake.NO_NUMBER, text)
    number, unit = found.groups()
    return float(number.replace(",", ".")) * _UNITS[unit.lower().removesuffix("b")]


def first_number(text):
    """Return the first number in a text, or ``None``: ``5.1`` of ``Yes, score=5.1``."""
    found = _FIRST_NUMBER.search(text)
    return float(found.group()) if found else None


def shown(text):
    """Return what was found in one short line."""
    line = " ".join(text[: 4 * SHOWN_LENGTH].split())
    return line if len(line) <= SHOWN_LENGTH else line[: SHOWN_LENGTH - 1] + "…"
