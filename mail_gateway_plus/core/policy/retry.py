"""When to try again, and whether trying again can help."""

import errno
from datetime import timedelta

from ..errors import DatabaseLost

# Waits after the first, second, … failed try of an inbound message. A conflict with
# another transaction is gone in a minute; a full disk takes a person a while.
INBOUND_WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
)

# SQLSTATE codes that say nothing against the message itself (PostgreSQL, appendix A).
TRANSIENT_SQLSTATES = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available
        "53100",  # disk_full
        "53200",  # out_of_memory
        "53300",  # too_many_connections
        "57P01",  # admin_shutdown
        "57014",  # query_canceled: statement_timeout
    }
)


# What the machine runs out of, the filestore's disk above all: the database then
# reports nothing.
TRANSIENT_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


def is_transient(error):
    """Say whether the failure came from the moment and not from the message.

    :param error: the exception; a database error is known by its ``pgcode``
        (psycopg2), wherever it stands in the chain of causes.
    """
    seen = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, (MemoryError, DatabaseLost)):
            return True
        if getattr(error, "pgcode", None) in TRANSIENT_SQLSTATES:
            return True
        if isinstance(error, OSError) and error.errno in TRANSIENT_ERRNOS:
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def next_wait(tries):
    """Return how long to wait after the given number of failed tries.

    :returns: a ``timedelta``, or ``None`` when a person has to look at it.
    """
    if 1 <= tries <= len(INBOUND_WAITS):
        return INBOUND_WAITS[tries - 1]
    return None
