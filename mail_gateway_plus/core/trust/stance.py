"""What is done with a message, given the verdict on its sender."""

from enum import Enum

from .verdict import Level


class Stance(str, Enum):
    """How a mailbox meets a sender for whom nothing speaks.

    ODOO: as Odoo does, whose gateway believes every sender. ACCEPT: as any other.
    UNKNOWN: as somebody whom nobody knows, whatever the address. PARK and REFUSE: it
    becomes no record before a person says so, or never; nobody is written to.
    """

    ODOO = "odoo"
    ACCEPT = "accept"
    UNKNOWN = "unknown"
    PARK = "park"
    REFUSE = "refuse"


def stance_towards(verdict, claims_us, own, failed):
    """Return the :class:`Stance` towards a sender.

    :param claims_us: whether the address is one of ours
    :param own: the mailbox's stance towards those who only claim to be one of us
    :param failed: that towards others whose own domain disowns them
    """
    if own is Stance.ODOO:
        return own
    if verdict.is_authentic:
        return Stance.ACCEPT
    stance = Stance.ACCEPT
    if claims_us:
        stance = own
    elif verdict.level is Level.FAILED:
        stance = failed
    if stance is Stance.REFUSE and verdict.is_temporary:
        return Stance.PARK  # the DNS could not be asked: that is no reason to lose it
    return stance
