"""What the tests of trust share: keys, signatures, a DNS that says what it is told."""

from types import SimpleNamespace

import dkim
from mgp_core.discovery.names import Answer, AnswerState
from mgp_core.trust.asking import questions_of_message

from tests.rig.dkim_keys import key_pair

LETTER = (
    b"From: Amina <amina@home.example>\r\n"
    b"To: grievances@city.example\r\n"
    b"Subject: Broken street light\r\n"
    b"Message-ID: <1@home.example>\r\n"
    b"\r\n"
    b"It has been dark for weeks.\r\n"
)


def signed(raw=LETTER, domain="home.example", bits=1024, **options):
    """Return a message with the signature of a domain on top, selector "mail"."""
    private, _public = key_pair(bits)
    signature = dkim.sign(raw, b"mail", domain.encode(), private, **options)
    return signature + raw


class Names:
    """A DNS in memory: ``texts`` by name, other records by name and kind.

    Names in ``silent`` get no answer. ``asked`` are the questions.
    """

    def __init__(self, texts=None, records=None, silent=()):
        self.texts = texts or {}
        self.records = records or {}
        self.silent = set(silent)
        self.asked = []

    def answer(self, name, kind, seconds):
        assert seconds > 0
        self.asked.append((name, kind))
        if name in self.silent:
            return Answer(AnswerState.FAILED)
        found = tuple(self._records(name, kind))
        return Answer(AnswerState.FOUND if found else AnswerState.NO_NAME, found)

    def _records(self, name, kind):
        if kind == "TXT":
            texts = self.texts.get(name, [])
            texts = [texts] if isinstance(texts, str) else texts
            return [SimpleNamespace(strings=[text.encode()]) for text in texts]
        found = self.records.get((name, kind), [])
        if kind == "MX":
            return [
                SimpleNamespace(preference=n, exchange=host)
                for n, host in enumerate(found)
            ]
        return [SimpleNamespace(address=address) for address in found]

    def lookups(self):
        return questions_of_message(self)
