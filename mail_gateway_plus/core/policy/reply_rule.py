"""A rule that says what some answers of a server mean."""

import re
from dataclasses import dataclass
from datetime import timedelta

from ..diagnosis.faults import FaultKind
from ..protocols.smtp import Phase
from .named_wait import named_wait
from .patterns import compile_pattern
from .verdict import Cause, Kind, Scope, Verdict


@dataclass(frozen=True)
class Rule:
    """What answers it is about, and what they mean; an empty condition holds for all.

    ``codes``: first and last reply code. ``enhanced``: status codes of RFC 3463 with
    ``x`` for any number, as in ``5.7.x, x.1.10``. ``text``: a compiled pattern
    (:func:`~.patterns.compile_pattern`). ``host``: ends of the server's host name, with
    commas. ``faults``: kinds of failed connections. ``wait``: counts unless the reply
    names one.
    """

    name: str
    kind: Kind
    scope: Scope
    cause: str
    phases: frozenset = frozenset()
    codes: tuple = ()
    enhanced: str = ""
    text: re.Pattern | None = None
    host: str = ""
    faults: frozenset = frozenset()
    wait: timedelta | None = None

    def applies(self, answer):
        """Say whether the rule is about an :class:`Answer`."""
        return (
            (not self.phases or answer.phase in self.phases)
            and (not self.codes or self.codes[0] <= answer.code <= self.codes[1])
            and (not self.faults or answer.fault in self.faults)
            and (not self.host or is_within(answer.host, self.host))
            and (not self.enhanced or fits_code(answer.enhanced, self.enhanced))
            and (self.text is None or bool(self.text.search(answer.text)))
        )

    def verdict(self, answer):
        """Return the :class:`Verdict` on an answer that the rule applies to."""
        wait = None
        if self.kind in (Kind.TEMPORARY, Kind.QUOTA):
            wait = named_wait(answer.text) or self.wait
        return Verdict(self.kind, self.scope, wait, self.cause, self.name)


def rule_of(name, meaning, text="", minutes=0, phases=(), codes=(), faults=(), **more):
    """Return a built-in rule; ``meaning`` is kind, scope and cause in three words."""
    kind, scope, cause = meaning.split()
    return Rule(
        name,
        Kind(kind),
        Scope(scope),
        Cause(cause).value,
        phases=frozenset(phases),
        codes=codes,
        text=compile_pattern(text) if text else None,
        faults=frozenset(faults),
        wait=timedelta(minutes=minutes) if minutes else None,
        **more,
    )


@dataclass(frozen=True)
class Answer:
    """What rules are held against."""

    phase: Phase
    code: int = 0
    enhanced: str = ""
    text: str = ""
    host: str = ""
    fault: FaultKind | None = None


def is_within(host, suffixes):
    """Say whether a host is one of the comma-separated names or below it."""
    labels = "." + host.lower().rstrip(".")
    return any(
        labels.endswith("." + suffix.strip().lower().strip("."))
        for suffix in suffixes.split(",")
    )


def fits_code(code, patterns):
    """Say whether an enhanced code fits one of the comma-separated patterns."""
    numbers = code.split(".")
    return any(
        len(numbers) == len(wanted) and all(map(_fits_number, numbers, wanted))
        for wanted in (p.strip().lower().split(".") for p in patterns.split(","))
    )


def _fits_number(number, wanted):
    return wanted in ("x", number)
