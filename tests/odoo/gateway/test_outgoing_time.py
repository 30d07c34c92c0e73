"""A worker that Odoo stops soon begins nothing that it could not end."""

import math
import time
import traceback
from contextlib import contextmanager
from unittest.mock import patch

from outgoing_case import OutgoingCase

from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.mail_gateway_plus.core.policy.errand import Turn
from odoo.addons.mail_gateway_plus.models import mail_mail_queue
from odoo.addons.mail_gateway_plus.models.cron_time import MARGIN, seconds_until_stopped


@contextmanager
def limits(**values):
    with patch.dict(config.options, values):
        yield


@tagged("post_install", "-at_install")
class TestTimeLimit(OutgoingCase):
    def left(self, cron=-1, real=120, workers=2, ran=0):
        """Return the seconds that a job has which began ``ran`` seconds ago."""
        job = self.env["ir.cron"].with_context(
            cron_end_time=time.monotonic() - ran + 10
        )
        with limits(limit_time_real_cron=cron, limit_time_real=real, workers=workers):
            return seconds_until_stopped(job.env)

    def test_limit_of_scheduled_actions_counts_from_the_start_of_the_job(self):
        self.assertAlmostEqual(self.left(cron=300, ran=20), 280 - MARGIN, delta=1)

    def test_limit_of_requests_counts_where_scheduled_actions_have_none_of_their_own(
        self,
    ):
        self.assertAlmostEqual(self.left(cron=-1), 120 - MARGIN, delta=1)

    def test_no_limit_is_none(self):
        self.assertEqual(self.left(cron=0), math.inf)
        self.assertEqual(self.left(cron=-1, real=0), math.inf)
        self.assertAlmostEqual(self.left(cron=0, workers=0), 120 - MARGIN, delta=1)

    def test_who_is_no_scheduled_action_has_no_limit(self):
        self.assertEqual(seconds_until_stopped(self.env), math.inf)

    def test_mail_is_taken_back_before_the_dot_when_too_little_time_is_left(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail()

        with patch.object(Turn, "has_time_for_dot", property(_false_once_offered())):
            self.run_queue()
        self.assertEqual((mail.state, mail.gateway_tries), ("outgoing", 0))
        self.assertFalse(mail.gateway_claim)
        self.assertFalse(sink.recipients)

        self.run_queue()
        self.assertEqual(mail.state, "sent")

    def test_no_mail_is_begun_when_too_little_time_is_left(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port)
        mail = self.mail()

        with (
            patch.object(mail_mail_queue, "seconds_until_stopped", lambda env: -5),
            patch.object(type(server), "_dial", side_effect=AssertionError),
        ):
            self.run_queue()

        self.assertEqual((mail.state, mail.gateway_claim), ("outgoing", 0))


def _false_once_offered():
    """Return a property's getter: time enough to begin a mail, not to end it."""

    def getter(turn):
        names = {frame.name for frame in traceback.extract_stack(limit=4)}
        return "_gateway_hand_over" not in names

    return getter
