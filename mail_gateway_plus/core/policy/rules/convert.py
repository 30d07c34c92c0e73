"""Text of a message as the value of a record's field."""

import math
import re
from datetime import date, datetime

# Kinds of fields, as Odoo names them, that a text can be the value of.
KINDS = frozenset(
    "char text html integer float monetary boolean date datetime selection".split()
)
LINKS = frozenset({"many2one", "many2many"})
LINE_LIMIT = 1000
# What an integer column of PostgreSQL holds.
MOST = 2**31 - 1

_YES = frozenset("1 yes true on y".split())
_NO = frozenset("0 no false off n".split())
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def convert(kind, text, choices=()):
    """Return the value that a text means for a field of this kind.

    :param choices: pairs of key and label, of a selection
    :raises ValueError: when it means none
    """
    text = _UNSTORABLE.sub("", text)
    if kind in ("text", "html"):
        return text
    line = " ".join(text.split())
    if kind == "char":
        return line[:LINE_LIMIT]
    if not line:
        return False
    return _CONVERT[kind](line) if kind != "selection" else _choice(line, choices)


def _integer(text):
    number = int(text.replace(" ", ""))
    if abs(number) > MOST:
        raise ValueError(text)
    return number


def _float(text):
    number = float(text.replace(" ", "").replace(",", "."))
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _boolean(text):
    word = text.casefold()
    if word not in _YES | _NO:
        raise ValueError(text)
    return word in _YES


def _date(text):
    return date.fromisoformat(text[:10])


def _datetime(text):
    moment = datetime.fromisoformat(text.removesuffix("Z"))
    return moment.replace(tzinfo=None, microsecond=0)


def _choice(text, choices):
    for key, label in choices:
        if text.casefold() in (str(key).casefold(), str(label).casefold()):
            return key
    raise ValueError(text)


_CONVERT = {
    "integer": _integer,
    "float": _float,
    "monetary": _float,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}
