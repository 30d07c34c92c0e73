"""Makes the rig's fixtures known to all tests."""

from tests.rig.browser import (
    browser_profiles,
    chromium,
    page,
    picture,
    pytest_runtest_makereport,
    sign_in,
    web_odoo,
    web_odoo_environment,
)
from tests.rig.odoo_cleanup import spare_rig_servers
from tests.rig.odoo_fixtures import env, foreign_db, odoo_case, scratch_db
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
    "browser_profiles",
    "certificate_authority",
    "chromium",
    "dovecot",
    "env",
    "foreign_db",
    "mailbox",
    "odoo_case",
    "page",
    "picture",
    "postfix",
    "pytest_configure",
    "pytest_runtest_makereport",
    "rig_directory",
    "scratch_db",
    "sign_in",
    "spare_rig_servers",
    "trust_rig_ca",
    "web_odoo",
    "web_odoo_environment",
]
