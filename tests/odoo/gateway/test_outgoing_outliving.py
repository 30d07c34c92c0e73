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
        return self.env.cr.postcommit.data.get(KEPT_KEY, [])

    def test_mail_of_a_person_is_kept(self):
        self.mail(email_to="clerk@home.example")._gateway_make_urgent()

        [(_written_in, values)] = self.kept()
        self.assertEqual(values["email_to"], "clerk@home.example")

    def test_mail_that_an_inbound_message_makes_is_not_kept(self):
        mail = self.mail(email_to="clerk@home.example")

        mail.with_context(mail_gateway_trace=Trace())._gateway_make_urgent()

        self.assertEqual(self.kept(), [])
