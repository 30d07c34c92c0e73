"""Makes the journal of ``queue_case`` known to the tests of the queue."""

import pytest


@pytest.fixture
def queue(scratch_db, monkeypatch):
    """The name of a database with five messages in its journal, committed."""
    from queue_case import journal_five  # needs Odoo, which pytest loads after us

    from odoo.addons.mail_gateway_plus.models import mail_gateway_inbound_queue

    # A busy machine must not part what shares a transaction.
    monkeypatch.setattr(mail_gateway_inbound_queue, "BATCH_SECONDS", 60.0)
    journal_five(scratch_db)
    return scratch_db
