"""What to do with a message that Odoo did not survive."""

from datetime import timedelta

# Waits after the first, second, … time that Odoo was killed while it processed this
# message and no other. The first may have been a restart and costs no time; after
# that the others come before it, and a machine short of memory gets a pause.
DEATH_WAITS = (timedelta(0), timedelta(minutes=1))
DEATHS_UNTIL_PARKED = len(DEATH_WAITS) + 1


def wait_after_death(deaths):
    """Return how long to leave a message alone after so many deaths.

    :returns: a ``timedelta``, or ``None`` when a person has to look at it
    """
    if deaths >= DEATHS_UNTIL_PARKED:
        return None
    return DEATH_WAITS[deaths - 1] if deaths else timedelta(0)
