"""What rules know of a message: its own facts, and what is known around it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property

from ...parsing.facts import Facts
from ...parsing.language import language_of


class Standing(str, Enum):
    """Who a sender is to us."""

    USER = "user"
    PARTNER = "partner"
    UNKNOWN = "unknown"


@dataclass(eq=False)
class Situation:
    """A message at the moment that rules look at it.

    ``received`` is in the company's time zone. ``verdict`` and ``machine`` are the
    words for what is known of the sender's authenticity and of the kind of machine
    that wrote it, ``""`` where nothing is. ``ask_standing`` finds out who the sender
    is, and is called once, if a rule wants to know.
    """

    facts: Facts
    received: datetime
    mailbox_id: int = 0
    mailbox: str = ""
    company_id: int = 0
    is_reply: bool = False
    verdict: str = ""
    machine: str = ""
    ask_standing: Callable[[], Standing] = lambda: Standing.UNKNOWN

    @cached_property
    def language(self):
        """The language that it is written in, ``""`` where that does not show."""
        return language_of(f"{self.facts.subject}\n{self.facts.text}")

    @cached_property
    def standing(self):
        """Who the sender is, a value of :class:`Standing`."""
        return self.ask_standing().value
