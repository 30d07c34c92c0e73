"""A server is not used for senders that its From filter leaves out."""

from outgoing_case import NOISY, OutgoingCase

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.addons.mail_gateway_plus.hooks import post_init_hook
from odoo.addons.mail_gateway_plus.models.ir_mail_server_sending import SEND_FOR_OTHERS


@tagged("post_install", "-at_install")
class TestOtherSenders(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.received, port = self.sink()
        self.server = self.outgoing("Other", port, from_filter="other.example")
        self.env["mail.alias.domain"].search([]).default_from = False
        self.env["ir.config_parameter"].set_param(SEND_FOR_OTHERS, False)

    def from_city(self, **values):
        return self.mail(email_from="desk@city.example", **values)

    def test_O12_mail_is_not_sent_by_a_server_for_other_senders(self):
        mail = self.from_city()

        self.run_queue()

        self.assertEqual(self.received.recipients, [])
        self.assertEqual(mail.state, "exception")
        self.assertTrue(mail.dead_letter_at)
        self.assertEqual(mail.gateway_cause, "sender_refused")
        self.assertIn("other.example only", mail.failure_reason)

    def test_O12_others_in_the_queue_go_out(self):
        lost = self.from_city()
        mail = self.mail(email_from="desk@other.example")

        self.run_queue()

        self.assertEqual((lost.state, mail.state), ("exception", "sent"))

    def test_O12_who_wants_the_exception_gets_it(self):
        mail = self.from_city()
        self.env.flush_all()

        with (
            self.as_in_production(),
            mute_logger(*NOISY),
            self.assertRaisesRegex(MailDeliveryException, "other.example only"),
        ):
            mail.send(raise_exception=True)

        self.assertEqual(self.received.recipients, [])

    def test_O12_who_wants_the_exception_hears_of_the_server_to_confirm(self):
        self.outgoing("Ours", 25, from_filter="city.example", state="draft")
        mail = self.from_city()
        self.env.flush_all()

        with (
            self.as_in_production(),
            mute_logger(*NOISY),
            self.assertRaisesRegex(MailDeliveryException, "Ours is not confirmed"),
        ):
            mail.send(raise_exception=True)

    def test_O12_server_that_was_chosen_sends_for_anybody(self):
        mail = self.from_city(mail_server_id=self.server.id)

        self.run_queue()

        self.assertEqual(mail.state, "sent")

    def test_O12_dead_letter_goes_out_once_the_filter_has_the_sender(self):
        mail = self.from_city()
        self.run_queue()
        self.server.from_filter = "other.example,city.example"

        mail.action_retry()
        self.run_queue()

        self.assertEqual(mail.state, "sent")

    def test_database_in_which_that_was_the_custom_goes_on(self):
        post_init_hook(self.env)
        mail = self.from_city()

        self.run_queue()

        self.assertEqual(mail.state, "sent")

    def test_database_with_a_server_for_all_does_not_need_the_custom(self):
        self.server.copy({"from_filter": False})

        post_init_hook(self.env)

        get_param = self.env["ir.config_parameter"].get_param
        self.assertFalse(get_param(SEND_FOR_OTHERS))
