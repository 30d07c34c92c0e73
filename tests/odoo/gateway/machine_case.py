"""What the tests of machines and threads share: mail that went out, and answers."""

from gateway_case import FourMethodConnection, GatewayCase

from tests.unit import delivery_reports as sample


class MachineCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = cls.env["mail.alias.domain"].search([], limit=1) or cls.env[
            "mail.alias.domain"
        ].create({"name": "city.example"})
        cls.partner = cls.env["res.partner"].create(
            {"name": "Amina", "email": "amina@home.example"}
        )
        cls.ticket = cls.env["grievance.ticket"].create(
            {"subject": "Street light", "email_from": "amina@home.example"}
        )

    def received(self, *messages, **values):
        """Fetch and process messages; return their journal rows."""
        server = self.mailbox(FourMethodConnection(*messages), **values)
        self.fetch(server)
        self.process()
        return self.rows(server)

    def sent(self, message_id="<7.odoo@city.example>", outcome="accepted", **values):
        """Return a mail of the ticket that went out, and its attempt."""
        posted = self.ticket.message_post(
            body="We look into it.", partner_ids=self.partner.ids
        )
        posted.message_id = message_id
        mail = self.mail(
            mail_message_id=posted.id, email_to="amina@home.example", state="sent"
        )
        attempt = self.attempts.create(
            {
                "server_name": "Relay",
                "mail_id": mail.id,
                "message_id": message_id,
                "email_from": "bounce@city.example",
                "res_model": self.ticket._name,
                "res_id": self.ticket.id,
                "outcome": outcome,
                "phase": "accepted",
                **values,
            }
        )
        recipients = self.env["mail.gateway.recipient"]
        recipients.create(
            {
                "attempt_id": attempt.id,
                "mail_id": mail.id,
                "address_hash": recipients._hash("amina@home.example"),
                "domain": "home.example",
                "outcome": outcome,
                "is_settled": True,
                "code": 250,
                "reply": "2.0.0 Ok",
            }
        )
        return mail, attempt

    def assertCame(self, row, ticket=None):
        self.assertEqual(row.state, "done", row.reason or row.error_trace)
        self.assertEqual(
            (row.res_model, row.res_id),
            ("grievance.ticket", (ticket or self.ticket).id),
        )

    def assertOpened(self, row):
        self.assertEqual(row.state, "done", row.reason or row.error_trace)
        self.assertNotEqual(row.res_id, self.ticket.id)
        self.assertTrue(row.has_opened)

    def notes(self):
        """Return the texts of the ticket's internal notes, newest first."""
        return self.ticket.message_ids.filtered(
            lambda message: message.subtype_id == self.env.ref("mail.mt_note")
        ).mapped("body")


__all__ = ["MachineCase", "sample"]
