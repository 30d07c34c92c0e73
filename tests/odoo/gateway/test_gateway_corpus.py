"""Real messages that others found hard go the whole way, from the journal to a record.

The messages are other projects' test data and no part of this one: where their folder
is missing, the test is skipped.
"""

import time
from pathlib import Path

import pytest
from gateway_case import FourMethodConnection, GatewayCase

from odoo.tests import tagged
from odoo.tools import mute_logger

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
MESSAGES = sorted(CORPUS.rglob("*.eml"))
# Each one reports on mail that was not sent from here.
REPORTS = {
    "aol.eml",
    "badbound.eml",
    "broken-mime.eml",
    "delayed-broken.eml",
    "delayed.eml",
    "disposition-notification.eml",
    "example_bounce.eml",
    "gmail-invalid-address.eml",
    "gmail-no-dns.eml",
    "mail_that_is_attachment.eml",
    "mailbox-full.eml",
    "multipart-wo-boundary.eml",
    "no-mx.eml",
    "office365.eml",
    "yahoo.eml",
    "zed.eml",
}
# A mail system's notice that tells nothing: for a person.
NOTICES = {"issue-382.eml"}
# Generous: the slowest takes half a second. In Odoo alone one takes ten minutes.
SECONDS_PER_MESSAGE = 30


@pytest.mark.skipif(not MESSAGES, reason=f"no messages below {CORPUS}")
@tagged("post_install", "-at_install")
class TestCorpus(GatewayCase):
    def test_every_message_becomes_a_record(self):
        # Many come from one sender; none is a mail loop.
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", 10_000)
        for project in sorted({path.parent for path in MESSAGES}):
            # Some are there twice, byte for byte.
            paths = {path.read_bytes(): path for path in project.glob("*.eml")}
            server = self.mailbox(
                FourMethodConnection(*paths),
                name=project.name,
                original=True,
                duplicate_policy="mailbox",
            )
            self.fetch(server)
            rows = self.rows(server)
            for path, row in zip(paths.values(), rows, strict=True):
                with self.subTest(message=f"{project.name}/{path.name}"):
                    self.check(path, row)

    def check(self, path, row):
        started = time.monotonic()
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            row._process()
        self.env.flush_all()
        elapsed = time.monotonic() - started
        expected = "ignored" if path.name in REPORTS else "done"
        expected = "quarantined" if path.name in NOTICES else expected
        self.assertEqual(row.state, expected, row.error_trace or row.reason)
        if expected != "done":
            self.assertIn("names no mail that was sent from here", row.reason)
        else:
            self.assertTrue(self.env[row.res_model].browse(row.res_id).exists())
        self.assertLess(elapsed, SECONDS_PER_MESSAGE)
