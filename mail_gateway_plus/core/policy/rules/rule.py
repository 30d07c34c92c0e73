"""A rule, and whether it is about a message."""

from dataclasses import dataclass, field
from enum import Enum

from .check import check


class Action(str, Enum):
    """What a rule makes of a message."""

    GO_ON = "go_on"
    CREATE = "create"
    ATTACH = "attach"
    FIND = "find"
    PARK = "park"
    IGNORE = "ignore"


class Scope(str, Enum):
    """Which messages a rule is about: those that belong to a record already, or not."""

    NEW = "new"
    REPLY = "reply"
    ANY = "any"


# Those with which no record is made, so that no later rule counts.
FINAL = frozenset({Action.PARK, Action.IGNORE})


@dataclass(frozen=True)
class Value:
    """What a field of a new record is to be.

    ``record_id`` was chosen, or ``template`` says it. ``kind`` is the field's type.
    """

    field: str
    kind: str
    template: str = ""
    record_id: int = 0


@dataclass(frozen=True)
class Rule:
    """A rule as an administrator wrote it, ready to be held against messages.

    ``find_field`` and ``find_template``: the record of ``model`` whose field has that
    value. ``forward_to`` are addresses, ``template_id`` a mail template.
    """

    id: int
    name: str
    conditions: tuple = ()
    needs_all: bool = True
    scope: Scope = Scope.NEW
    mailbox_ids: frozenset = frozenset()
    company_id: int = 0
    action: Action = Action.GO_ON
    model: str = ""
    record_id: int = 0
    find_field: str = ""
    find_template: str = ""
    is_for_parties: bool = True
    values: tuple = ()
    target_company_id: int = 0
    reason: str = ""
    forward_to: tuple = ()
    template_id: int = 0
    stops: bool = False


@dataclass(frozen=True)
class Weighing:
    """Whether a rule is about a message, and by what that was decided.

    ``decisive`` are pairs of a condition and its finding: all that hold where the rule
    does, else the first that does not. ``is_late``: a pattern ran out of time.
    """

    rule: Rule
    holds: bool
    decisive: tuple = ()
    is_late: bool = False
    groups: dict = field(default_factory=dict)


def concerns(rule, situation):
    """Say whether a rule is about messages of this mailbox, company and kind at all."""
    if rule.mailbox_ids and situation.mailbox_id not in rule.mailbox_ids:
        return False
    if rule.company_id and situation.company_id != rule.company_id:
        return False
    return rule.scope is Scope.ANY or situation.is_reply is (rule.scope is Scope.REPLY)


def weigh(rule, situation, allowance):
    """Return the :class:`Weighing` of a rule on a message.

    A pattern that ran out of time says neither yes nor no: the rule holds only if the
    other conditions are enough.
    """
    held, failed, late = [], [], []
    for condition in rule.conditions:
        finding = check(condition, situation, allowance)
        pair = (condition, finding)
        {True: held, False: failed, None: late}[finding.holds].append(pair)
        if finding.holds is (not rule.needs_all):
            break  # decided: one that fails of all, or one that holds of any
    if rule.needs_all:
        holds = not failed and not late
    else:
        holds = bool(held) or not rule.conditions
    groups = {}
    for _condition, finding in held:
        groups = {**finding.groups, **groups}
    decisive = held if holds else late or failed[:1]
    return Weighing(rule, holds, tuple(decisive), bool(late) and not holds, groups)
