"""Asks the DNS on behalf of one message, which may name anything it likes."""

import time

from ..discovery.names import NoAnswerNow

# For all questions of one message; RFC 7208 section 11.1 asks for 20 s at most.
SECONDS = 10.0
QUESTIONS = 40
# A key of 8192 bits takes 1.4 kB; longer text is there to keep us busy.
MAX_TEXT = 4096
MAX_RECORDS = 20


class Lookup:
    """The DNS, within bounds: so many questions, so many seconds, so many bytes.

    :param ask: called with name, kind and seconds; returns the records or raises
        :class:`~..discovery.names.NoAnswerNow`
    :param known: answers of other messages, by name and kind; added to
    """

    def __init__(self, ask, known=None, seconds=SECONDS, clock=time.monotonic):
        self._ask = ask
        self._known = {} if known is None else known
        self._clock = clock
        self._ends_at = clock() + seconds
        self._left = QUESTIONS

    def texts(self, name):
        """Return the TXT records of a name as bytes, their strings joined."""
        records = self._answer(name, "TXT")
        joined = (b"".join(record.strings) for record in records)
        return [text for text in joined if len(text) <= MAX_TEXT]

    def addresses(self, name, version):
        """Return the addresses of a host in one version of IP."""
        kind = "A" if version == 4 else "AAAA"
        return [record.address for record in self._answer(name, kind)]

    def mail_hosts(self, name):
        """Return the hosts that take a domain's mail, the preferred one first."""
        records = sorted(self._answer(name, "MX"), key=lambda r: r.preference)
        return [str(record.exchange).rstrip(".").lower() for record in records]

    def _answer(self, name, kind):
        key = (name.lower(), kind)
        if key not in self._known:
            try:
                self._known[key] = tuple(self._ask_now(name, kind))[:MAX_RECORDS]
            except NoAnswerNow as error:
                self._known[key] = error
        if isinstance(answer := self._known[key], NoAnswerNow):
            raise answer
        return answer

    def _ask_now(self, name, kind):
        seconds = self._ends_at - self._clock()
        if seconds <= 0 or self._left <= 0:
            raise NoAnswerNow(name)
        self._left -= 1
        return self._ask(name, kind, seconds)
