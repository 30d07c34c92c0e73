"""What a person may decide about a journaled message, and what stands against it."""

from enum import Enum

from .outcome import State


class Decision(str, Enum):
    """What a person wants done with a message: where it became no record, or MOVE."""

    RETRY_AS = "retry_as"
    ATTACH = "attach"
    MINIMAL = "minimal"
    DISCARD = "discard"
    MOVE = "move"


class Obstacle(str, Enum):
    """Why a decision leaves a message as it is."""

    DONE = "done"
    DISCARDED = "discarded"
    NO_CONTENT = "no_content"
    NO_TYPE = "no_type"
    BUSY = "busy"
    NO_RECORD = "no_record"
    GONE = "gone"
    SAME = "same"
    NOT_ALLOWED = "not_allowed"


def obstacle_to(decision, state, has_content):
    """Return the :class:`Obstacle` to a decision, or ``None``.

    A discarded message may be taken up again; a record that a message became is never
    followed by a second one, only the message is moved.
    """
    if decision is Decision.MOVE:
        return None if state is State.DONE else Obstacle.NO_RECORD
    if state is State.DONE:
        return Obstacle.DONE
    if decision is Decision.DISCARD:
        return Obstacle.DISCARDED if state is State.DISCARDED else None
    return None if has_content else Obstacle.NO_CONTENT
