"""What tests of several files start from."""

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


@pytest.fixture
def foreign(foreign_db):
    """An environment of the database with crm and project; nothing of it stays."""
    import odoo  # needs the configuration, which pytest loads after us
    from odoo import api
    from odoo.modules.registry import Registry

    with Registry(foreign_db).cursor() as cr:
        env = api.Environment(cr, odoo.SUPERUSER_ID, {})
        env["fetchmail.server"].search([]).action_archive()
        yield env
        cr.rollback()
