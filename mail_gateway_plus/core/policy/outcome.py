"""What became of an inbound message, read off the way it took through Odoo."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property

from ..parsing.facts import Facts
from ..parsing.machine import Machine
from ..trust.file_policy import FilePolicy
from ..trust.scanning import Scan
from ..trust.stance import Stance
from ..trust.verdict import Verdict
from .directive import Directive, Halt
from .rules.rule import Rule


class State(str, Enum):
    """The states of a journal row."""

    PENDING = "pending"
    RETRY = "retry"
    QUARANTINED = "quarantined"
    DONE = "done"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    DISCARDED = "discarded"


class Reason(str, Enum):
    """Why a message was not turned into a record."""

    DUPLICATE_ID = "duplicate_id"
    LOOP_HEADERS = "loop_headers"
    BOUNCE = "bounce"
    NO_ROUTE = "no_route"
    NO_RECORD = "no_record"


@dataclass(eq=False)
class Trace:
    """The stations that a message passed in ``mail.thread.message_process``.

    Handed along in the context and filled in by the overrides of the gateway's hooks
    (models/mail_thread.py); compared by identity, as a context's values are. ``raw``
    is the message as it was fetched. Of a large one with large parts it is dropped once
    the message is prepared: then ``read(start, end)`` returns bytes of it, and
    ``places`` says where the parts are (see :mod:`..parsing.lightening`).

    ``is_chosen``: a person said what the message is to become, so neither its
    references and recipients nor a suspected loop count any more. ``identity``: what
    the journal notes of it together with the outcome. ``is_rehearsal``: nothing is to
    come of it; ``routes`` then says what would have.

    ``mailbox_id`` is the incoming server's, ``size`` that of what was fetched;
    ``fetched_at`` and ``received_at`` are those of its journal row.
    ``observe`` reads the message's ``facts``, once somebody asks for them; ``verdict``
    and ``machine`` say what was found out of its sender, and of what kind it is. The
    examination before the routing (models/mail_gateway_examination.py) leaves its
    ``directive`` or ``halt`` here, and in ``notes``, line by line, why.
    ``may_answer``: whether an automatic answer to its sender cannot feed a loop.
    ``is_released``: a person let it through, so it is above no limit. ``reopens`` and
    ``follows``: model and id of the closed record that it opens again, and of the one
    that its new record takes up.

    ``verdict`` is a :class:`~..trust.verdict.Verdict`, ``stance`` what its mailbox
    makes of it (:mod:`..trust.stance`). Where it cares, ``is_unproven`` says that
    nothing speaks for the sender, ``is_stranger`` that it is nobody whom we know,
    whatever its address; ``refused_alias`` is the one that it may not write to.
    ``is_weakly_led``: what led it to its record anybody can write.
    ``is_making``: a record is being made of the message.

    ``file_policy`` says which attachments are ``held_files``, kept from the record, and
    ``scan`` what the virus scanner found; ``file_notes`` are about the others.

    ``rules_held`` and ``rules_failed`` are the ids of rules that held, or could not be
    decided in time; ``acknowledging`` is the one by which a new record is acknowledged.
    A dry run says which ``rules`` there are instead of those that are.
    """

    raw: bytes = field(default=b"", repr=False)
    places: dict = field(default_factory=dict)
    read: Callable | None = None
    is_chosen: bool = False
    is_rehearsal: bool = False
    routes: list = field(default_factory=list)
    checked_for_loop: bool = False
    loop_headers: bool = False
    is_bounce: bool = False
    is_routing: bool = False
    is_routed: bool = False
    model: str = ""
    record_id: int = 0
    identity: dict = field(default_factory=dict)
    fetched_at: datetime | None = None
    received_at: datetime | None = None
    mailbox_id: int = 0
    size: int = 0
    directive: Directive = field(default_factory=Directive)
    halt: Halt | None = None
    notes: list = field(default_factory=list)
    observe: Callable[[], Facts] = Facts
    verdict: Verdict | None = None
    machine: Machine = field(default_factory=Machine)
    may_answer: bool = True
    is_released: bool = False
    reopens: tuple = ()
    follows: tuple = ()
    stance: Stance | None = None
    is_unproven: bool = False
    is_stranger: bool = False
    is_weakly_led: bool = False
    refused_alias: str = ""
    is_making: bool = False
    file_policy: FilePolicy | None = None
    scan: Scan | None = None
    held_files: list = field(default_factory=list)
    file_notes: list = field(default_factory=list)
    rules: tuple | None = None
    rules_held: list = field(default_factory=list)
    rules_failed: list = field(default_factory=list)
    acknowledging: Rule | None = None

    @cached_property
    def facts(self):
        """What the message says about itself, as deciders see it."""
        return self.observe()

    @property
    def told_rules_held(self):
        """The ids of the rules that held as the journal keeps them: ``,3,7,``."""
        return f",{','.join(map(str, self.rules_held))}," if self.rules_held else ""


@dataclass(frozen=True)
class Outcome:
    """The verdict on one message: its state and, where there is one, the reason."""

    state: State
    reason: Reason | None = None


def conclude(trace):
    """Return the :class:`Outcome` of a message that was processed without error.

    The order is that of ``message_process`` (mail/models/mail_thread.py): its search
    for the Message-ID comes before anything that the trace can see.
    """
    if trace.record_id:
        return Outcome(State.DONE)
    if not trace.checked_for_loop:
        return Outcome(State.DUPLICATE, Reason.DUPLICATE_ID)
    if trace.loop_headers:
        return Outcome(State.IGNORED, Reason.LOOP_HEADERS)
    if trace.halt:
        return Outcome(State(trace.halt.state))
    if trace.is_bounce:
        return Outcome(State.IGNORED, Reason.BOUNCE)
    if trace.is_routed:
        return Outcome(State.QUARANTINED, Reason.NO_RECORD)
    return Outcome(State.QUARANTINED, Reason.NO_ROUTE)


def has_no_route(trace, error):
    """Say whether ``error`` is ``message_route``'s way to say that it found none.

    That is a bare ValueError; its subclasses are faults (an undecodable text, JSON).
    """
    return trace.is_routing and type(error) is ValueError
