"""Settings of a server that the environment of Odoo's process names.

``MAIL_GATEWAY_<CODE>_<SETTING>``: the code is the server's own, the setting one of a
fixed list. What is named wins over what is stored; a secret may stand in a file
instead, ``file:/run/secrets/mail``, as Docker, Kubernetes and systemd hand them over.
Nothing is read here but the mapping that is passed in, and files that it names.
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

PREFIX = "MAIL_GATEWAY_"
FILE_SCHEME = "file:"
# A private key with its chain is far smaller; whatever is larger is another file.
MOST_BYTES = 64 * 1024

_CODE = re.compile(r"[A-Z](?:_?[A-Z0-9])*")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")
_LAST_LINE_END = re.compile(r"\r?\n\Z")
# Of a value that is wrong so much is quoted: enough to recognize it by.
_QUOTED = 40
_SWITCHES = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


class Kind(str, Enum):
    """What a setting's text is read as; only the last two may stand in a file."""

    TEXT = "text"
    NUMBER = "number"
    DECIMAL = "decimal"
    SWITCH = "switch"
    CHOICE = "choice"
    FILE = "file"
    SECRET = "secret"


class Problem(str, Enum):
    """Why the value of a variable cannot be used."""

    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_SWITCH = "not_a_switch"
    NOT_A_CHOICE = "not_a_choice"
    PATH_NOT_ABSOLUTE = "path_not_absolute"
    FILE_MISSING = "file_missing"
    FILE_UNREADABLE = "file_unreadable"
    FILE_NOT_REGULAR = "file_not_regular"
    FILE_TOO_LARGE = "file_too_large"
    FILE_EMPTY = "file_empty"
    FILE_NOT_TEXT = "file_not_text"


@dataclass(frozen=True)
class Setting:
    """One setting that a variable may name; ``least`` and ``most`` bound a number."""

    name: str
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None

    @property
    def is_secret(self):
        return self.kind is Kind.SECRET

    @property
    def may_be_in_file(self):
        return self.kind in (Kind.FILE, Kind.SECRET)


@dataclass(frozen=True)
class Found:
    """What a variable says: a value, or the problem with it.

    ``detail`` tells more of the problem, and never holds any part of a secret.
    """

    setting: Setting
    variable: str
    value: object = field(default=None, repr=False)
    problem: Problem | None = None
    detail: str = ""


class _Unusable(Exception):
    def __init__(self, problem, detail=""):
        super().__init__(problem, detail)
        self.problem = problem
        self.detail = detail


def is_code(text: str) -> bool:
    """Say whether a text may be a server's code.

    A letter first, then letters, digits and single underscores between them: nothing
    that a shell, a compose file or a unit file would not take in a variable's name.
    """
    return bool(_CODE.fullmatch(text))


def variable_name(code: str, setting: str) -> str:
    """Return the variable that names a setting of the server with a code."""
    return f"{PREFIX}{code}_{setting}"


def read_settings(
    environ: Mapping[str, str], code: str, settings: tuple[Setting, ...]
) -> dict[str, Found]:
    """Return what the environment says of a server, by the names of its settings.

    An empty variable counts as none: compose files set one for what their own
    environment lacks.
    """
    found = {}
    for setting in settings:
        variable = variable_name(code, setting.name)
        text = environ.get(variable)
        if not text:
            continue
        try:
            found[setting.name] = Found(setting, variable, _parse(setting, text))
        except _Unusable as unusable:
            found[setting.name] = Found(
                setting, variable, None, unusable.problem, unusable.detail
            )
    return found


def unknown_variables(
    environ: Mapping[str, str], code: str, known: set[str]
) -> list[str]:
    """Return the variables of this code that name no setting: misspelt, most likely.

    :param known: the variables of all servers; another one's code may begin with this
    """
    prefix = variable_name(code, "")
    return sorted(
        name for name in environ if name.startswith(prefix) and name not in known
    )


def _parse(setting, text):
    match setting.kind:
        case Kind.NUMBER:
            return _parse_number(setting, text.strip())
        case Kind.DECIMAL:
            if not _DECIMAL.fullmatch(text.strip()):
                raise _Unusable(Problem.NOT_A_NUMBER, text[:_QUOTED])
            return float(text)
        case Kind.SWITCH:
            if text.strip().lower() not in _SWITCHES:
                raise _Unusable(Problem.NOT_A_SWITCH, text[:_QUOTED])
            return _SWITCHES[text.strip().lower()]
        case Kind.CHOICE:
            if text.strip() not in setting.choices:
                raise _Unusable(Problem.NOT_A_CHOICE, text[:_QUOTED])
            return text.strip()
        case Kind.FILE | Kind.SECRET:
            is_reference = text.startswith(FILE_SCHEME)
            return _read_file(text[len(FILE_SCHEME) :]) if is_reference else text
        case _:
            return text


def _parse_number(setting, text):
    if not _WHOLE_NUMBER.fullmatch(text):
        raise _Unusable(Problem.NOT_A_NUMBER, text[:_QUOTED])
    number = int(text)
    too_small = setting.least is not None and number < setting.least
    if too_small or (setting.most is not None and number > setting.most):
        raise _Unusable(Problem.OUT_OF_RANGE, text[:_QUOTED])
    return number


def _read_file(path):
    """Return the text of a secret's file, without the newline that editors add.

    Opened so that neither a pipe without a writer nor a device makes us wait.
    """
    if not os.path.isabs(path):
        raise _Unusable(Problem.PATH_NOT_ABSOLUTE, path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _Unusable(Problem.FILE_NOT_REGULAR, path)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(MOST_BYTES + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise _Unusable(Problem.FILE_MISSING, path) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else ""
        detail = f"{path} ({reason})" if reason else path
        raise _Unusable(Problem.FILE_UNREADABLE, detail) from None
    if len(content) > MOST_BYTES:
        raise _Unusable(Problem.FILE_TOO_LARGE, path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unusable(Problem.FILE_NOT_TEXT, path) from None
    text = _LAST_LINE_END.sub("", text)
    if not text:
        raise _Unusable(Problem.FILE_EMPTY, path)
    return text
