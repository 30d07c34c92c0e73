"""What was said on a connection, without what must stay secret."""

import base64
import binascii
import re
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from ..parsing.storable import storable

HIDDEN = "•••"
# Of a longer dialogue the beginning and the end are kept.
FIRST_LINES = 300
LAST_LINES = 100
MAX_LINE_CHARACTERS = 500
# Shorter ones are words of any text: they are hidden only where they stand alone.
SHORTEST_ANYWHERE = 4

# The command that begins a login, and its arguments (RFC 4954 section 4, RFC 3501
# sections 6.2.2 and 6.2.3, RFC 1939 section 7, RFC 5034 section 4).
_LOGIN_COMMAND = re.compile(
    r"(?P<command>(?:\w+ )?(?:AUTH(?:ENTICATE)? \S+|LOGIN|PASS|APOP))"
    r"(?: (?P<arguments>.*))?",
    re.IGNORECASE | re.DOTALL,
)
# The server wants more: SMTP's 334, IMAP's and POP3's plus sign.
_CONTINUATION = re.compile(r"334(?!\d)|\+(?!OK)")
# What comes from the server by itself in IMAP ends no command.
_UNTAGGED = re.compile(r"\* ")


class Direction(str, Enum):
    """Who said a line."""

    SENT = ">"
    RECEIVED = "<"
    NOTE = "·"


@dataclass(frozen=True)
class Line:
    """One line of the dialogue; ``milliseconds`` count from the first one."""

    milliseconds: int
    direction: Direction
    text: str

    def __str__(self):
        return f"{self.milliseconds:>6} {self.direction.value} {self.text}"


class Transcript:
    """Collects the lines of a dialogue, and hides secrets before it keeps them.

    What follows a login command is hidden whatever it is. It is remembered as well,
    with the ``secrets`` known before: servers quote what they do not understand.

    :param secrets: texts that must not show anywhere
    :param public: texts that may, although a login carries them: the user's name
    """

    def __init__(self, secrets=(), public=(), clock=time.monotonic):
        self._clock = clock
        self._started = clock()
        self._public = {text for text in public if text}
        self._hidden = set()
        self._is_in_login = False
        self._is_aside = False
        self._lines, self._last = [], deque(maxlen=LAST_LINES)
        self._left_out = 0
        for secret in secrets:
            self._remember(secret)

    def hide(self, secret):
        """Show a text nowhere from now on."""
        self._remember(secret)

    def sent(self, data):
        """Note what we say: a line, with or without its end."""
        for text in _texts(data):
            self._add(Direction.SENT, self._without_login(text))

    def received(self, data):
        """Note what the server says."""
        for text in _texts(data):
            is_final = not (_CONTINUATION.match(text) or _UNTAGGED.match(text))
            self._add(Direction.RECEIVED, text)
            if is_final:
                self._is_in_login = False

    def note(self, text):
        """Note what happens besides: the connection, its encryption."""
        self._add(Direction.NOTE, text)

    def note_unless_said(self, text):
        """Note a failure, unless the server's last words are that failure."""
        last = list(self._last)[-1:] or self._lines[-1:]
        if not last or self.scrubbed(text)[4:] not in last[0].text:
            self.note(text)

    @contextmanager
    def aside(self, text):
        """Note a text in the place of all that is said inside."""
        self.note(text)
        self._is_aside = True
        try:
            yield
        finally:
            self._is_aside = False

    def scrubbed(self, text):
        """Return a text without the secrets that it may quote."""
        for secret in sorted(self._hidden, key=len, reverse=True):
            if len(secret) >= SHORTEST_ANYWHERE:
                text = text.replace(secret, HIDDEN)
            else:
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
        return text

    def __str__(self):
        lines = [str(line) for line in self._lines]
        if self._left_out:
            lines.append(f"       {Direction.NOTE.value} … {self._left_out} …")
        return "\n".join([*lines, *map(str, self._last)])

    def _add(self, direction, text):
        if self._is_aside:
            return
        text = storable(self.scrubbed(text))
        if len(text) > MAX_LINE_CHARACTERS:
            text = text[:MAX_LINE_CHARACTERS] + "…"
        milliseconds = round((self._clock() - self._started) * 1000)
        line = Line(milliseconds, direction, text)
        if len(self._lines) < FIRST_LINES:
            self._lines.append(line)
            return
        self._left_out += len(self._last) == LAST_LINES
        self._last.append(line)

    def _without_login(self, text):
        if match := _LOGIN_COMMAND.fullmatch(text):
            self._is_in_login = True
            for argument in (match["arguments"] or "").split():
                self._remember(argument.strip('"'))
            return match["command"] + (f" {HIDDEN}" if match["arguments"] else "")
        if self._is_in_login:
            self._remember(text)
            return HIDDEN
        return text

    def _remember(self, secret):
        """Hide a text from now on, in each form in which a server may repeat it."""
        if not secret or secret in self._public or secret == "=":
            return
        encoded = base64.b64encode(secret.encode("utf-8", "surrogateescape")).decode()
        forms = {secret, encoded, encoded.rstrip("="), quote(secret, safe="")}
        forms.update(secret.split())
        forms.update(_parts_of_sasl(secret))
        self._hidden |= {form for form in forms if form and form not in self._public}


def _parts_of_sasl(text):
    """Return what a SASL response in base64 is made of (RFC 4616, XOAUTH2)."""
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return []
    parts = re.split("[\0\1]", plain)
    return [re.sub(r"^(?:user=|auth=Bearer )", "", part) for part in parts if part]


def _texts(data):
    if isinstance(data, bytes):
        data = data.decode("utf-8", "replace")
    return data.rstrip("\r\n").replace("\r\n", "\n").split("\n")
