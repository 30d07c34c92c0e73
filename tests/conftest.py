"""Makes the rig's fixtures known to all tests."""

from tests.rig.odoo_cleanup import spare_rig_servers
from tests.rig.odoo_fixtures import env, odoo_case, scratch_db
from tests.rig.pytest_fixtures import (
    certificate_authority,
    dovecot,
    mailbox,
    postfix,
    rig_directory,
    trust_rig_ca,
)
from tests.rig.skip_guard import pytest_configure

__all__ = [
    "certificate_authority",
    "dovecot",
    "env",
    "mailbox",
    "odoo_case",
    "postfix",
    "pytest_configure",
    "rig_directory",
    "scratch_db",
    "spare_rig_servers",
    "trust_rig_ca",
]
