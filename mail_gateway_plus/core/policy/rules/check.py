"""Holding a condition against a message."""

from dataclasses import dataclass, field

from .condition import (
    ADDRESSES,
    Aspect,
    Operator,
    first_number,
    fold,
    shown,
)


@dataclass(frozen=True)
class Finding:
    """Whether a condition holds; ``None`` where its pattern ran out of time.

    ``found`` is the value that decided, in short; ``groups`` what a pattern captured,
    by number and by name.
    """

    holds: bool | None
    found: str = ""
    groups: dict = field(default_factory=dict)


def check(condition, situation, allowance):
    """Return the :class:`Finding` of a condition on a message.

    :param allowance: the :class:`~.pattern.Allowance` of the message
    """
    values = values_of(condition, situation)
    allowance.begin()
    try:
        hit = _first_hit(condition, values, allowance)
    except TimeoutError:
        return Finding(None)
    holds = (hit is not None) is not condition.is_negated
    value, groups = hit if hit is not None else (next(iter(values), ""), {})
    return Finding(holds, shown(str(value)), groups if holds else {})


def values_of(condition, situation):
    """Return all that a condition looks at, as texts or numbers."""
    facts = situation.facts
    aspect = condition.aspect
    if aspect is Aspect.HEADER:
        return facts.values(condition.header)
    if aspect in _OF_FILES:
        return [_OF_FILES[aspect](file) for file in facts.files]
    value = _VALUE_OF[aspect](situation)
    return list(value) if isinstance(value, tuple) else [value]


_OF_FILES = {
    Aspect.FILE_NAME: lambda file: file.name,
    Aspect.FILE_TYPE: lambda file: file.content_type,
    Aspect.FILE_SIZE: lambda file: file.size,
}
_VALUE_OF = {
    Aspect.SENDER: lambda it: it.facts.sender,
    Aspect.SENDER_NAME: lambda it: it.facts.sender_name,
    Aspect.RECIPIENT: lambda it: it.facts.recipients,
    Aspect.SUBJECT: lambda it: it.facts.subject,
    Aspect.TEXT: lambda it: it.facts.text,
    Aspect.FILE_COUNT: lambda it: len(it.facts.files),
    Aspect.SIZE: lambda it: it.facts.size,
    Aspect.VERDICT: lambda it: it.verdict,
    Aspect.MACHINE: lambda it: it.machine,
    Aspect.LANGUAGE: lambda it: it.language,
    Aspect.STANDING: lambda it: it.standing,
    Aspect.WEEKDAY: lambda it: str(it.received.isoweekday()),
    Aspect.TIME: lambda it: it.received.hour * 60 + it.received.minute,
}


def _first_hit(condition, values, allowance):
    """Return the first value that fits and what was captured of it, or ``None``."""
    for value in values:
        if condition.operator is Operator.REGEX:
            match = allowance.search(condition.wanted, value)
            if match:
                return match.group(), _groups(match)
        elif _fits(condition, value):
            return value, {}
    return None


def _groups(match):
    numbered = {str(number): text for number, text in enumerate(match.groups(), 1)}
    captured = {"0": match.group(), **numbered, **match.groupdict()}
    return {name: text or "" for name, text in captured.items()}


def _fits(condition, value):
    operator, wanted = condition.operator, condition.wanted
    if operator is Operator.IS_SET:
        return bool(str(value).strip())
    if isinstance(wanted, (int, float)):
        return _compares(operator, wanted, value)
    text = fold(value)
    if operator is Operator.ONE_OF:
        return text in wanted or _is_of_domain(condition.aspect, wanted, text)
    if operator is Operator.CONTAINS:
        return wanted in text
    if operator is Operator.STARTS:
        return text.startswith(wanted)
    if operator is Operator.ENDS:
        return text.endswith(wanted)
    return text == wanted


def _compares(operator, wanted, value):
    number = first_number(value) if isinstance(value, str) else value
    if number is None:
        return False
    if operator is Operator.GREATER:
        return number > wanted
    if operator is Operator.LESS:
        return number < wanted
    return number == wanted


def _is_of_domain(aspect, wanted, address):
    """Say whether a list of addresses holds the whole domain, as ``@bank.example``."""
    _name, at, domain = address.rpartition("@")
    return aspect in ADDRESSES and bool(at) and f"@{domain}" in wanted
