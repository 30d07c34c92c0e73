"""Questions to the DNS, bounded: whoever owns a domain decides what is asked next."""

import time

from ..discovery.names import Answer, AnswerState

# For one domain: an SPF record within its limits takes some 60 of them, with all the
# hosts of its MX terms.
MAX_QUESTIONS = 150
BUDGET_SECONDS = 25.0
# One name server that does not answer leaves time for the others.
QUESTION_SECONDS = 4.0
MAX_RECORDS = 50
MAX_TEXT = 8192


class Lookups:
    """What the DNS says, each question asked once, until time or number is spent.

    From then on every answer is a failure, which nobody takes for a missing record.

    :param names: a :class:`~..discovery.names.DnsNames`
    """

    def __init__(self, names, seconds=BUDGET_SECONDS, questions=MAX_QUESTIONS):
        self._names = names
        self._deadline = time.monotonic() + seconds
        self._left = questions
        self._known = {}

    @property
    def is_spent(self):
        """Whether no more is asked."""
        return self._left <= 0 or time.monotonic() >= self._deadline

    def texts(self, name):
        """Return the TXT records of a name, each as one text."""
        return self._ask(name, "TXT", _text)

    def mx(self, name):
        """Return the hosts that take a domain's mail, the preferred one first.

        An empty name among them is the null MX (RFC 7505): it takes none.
        """
        answer = self._ask(name, "MX", lambda r: (r.preference, _host(r.exchange)))
        return Answer(
            answer.state, tuple(host for _rank, host in sorted(answer.records))
        )

    def addresses(self, name):
        """Return the addresses of a host, of both kinds."""
        answers = [self._ask(name, kind, lambda r: r.address) for kind in ("A", "AAAA")]
        found = answers[0].records + answers[1].records
        if found:
            return Answer(AnswerState.FOUND, found)
        failed = [answer for answer in answers if not answer.state.is_void]
        return (failed or answers)[0]

    def pointers(self, address):
        """Return the names that an address (``ipaddress``) is said to have."""
        return self._ask(address.reverse_pointer, "PTR", lambda r: _host(r.target))

    def _ask(self, name, kind, value):
        key = name.lower().rstrip("."), kind
        if key not in self._known:
            if self.is_spent:
                return Answer(AnswerState.FAILED)
            self._left -= 1
            seconds = min(QUESTION_SECONDS, max(self._deadline - time.monotonic(), 0.1))
            answer = self._names.answer(key[0], kind, seconds)
            records = tuple(value(r) for r in answer.records[:MAX_RECORDS])
            self._known[key] = Answer(answer.state, records)
        return self._known[key]


def _text(record):
    return b"".join(record.strings).decode("utf-8", "replace")[:MAX_TEXT]


def _host(name):
    return str(name).rstrip(".").lower()
