"""Makes the journal of ``queue_case`` known to the tests of the queue."""

import pytest


@pytest.fixture
def queue(scratch_db):
    """The name of a database with five messages in its journal, committed."""
    from queue_case import journal_five  # needs Odoo, which pytest loads after us

    journal_five(scratch_db)
    return scratch_db
