"""Mail whose sender takes it back: what of it is kept for the queue."""

from outgoing_case import OutgoingCase

from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.core.policy.outcome import Trace
from odoo.addons.mail_gateway_plus.models.mail_mail_outliving import KEPT_KEY


@tagged("post_install", "-at_install")
class TestOutliving(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.env.cr.postcommit.clear)

    def kept(self):
        """Return the recipient of each mail that is kept."""
        kept = self.env.cr.postcommit.data.get(KEPT_KEY, {})
        return [values["email_to"] for _written_in, values in kept.values()]

    def test_letter_to_a_person_is_kept_once(self):
        mail = self.mail(email_to="clerk@home.example")

        mail._gateway_make_urgent()
        mail._gateway_make_urgent()

        self.assertEqual(self.kept(), ["clerk@home.example"])

    def test_mail_that_an_inbound_message_makes_is_not_kept(self):
        mail = self.mail(email_to="clerk@home.example")

        mail.with_context(mail_gateway_trace=Trace())._gateway_make_urgent()

        self.assertEqual(self.kept(), [])

    def test_what_stock_odoo_sends_after_the_commit_is_not_kept(self):
        context = {"mail_gateway_after_commit": True}
        mail = self.mail(email_to="clerk@home.example")

        mail.with_context(**context)._gateway_make_urgent()

        self.assertEqual(self.kept(), [])

    def test_mail_to_several_people_is_not_kept(self):
        mail = self.mail(email_to="clerk@home.example, amina@home.example")

        mail._gateway_make_urgent()

        self.assertEqual(self.kept(), [])
