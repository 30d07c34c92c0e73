"""What the tests of an operator's decisions share: parked messages and the wizard."""

from unittest.mock import patch

from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo.addons.mail.tests.common import mail_new_test_user


class DecisionCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = (
            "mail_gateway_plus.group_operator",
            "mail_gateway_plus_grievance.group_grievance_officer",
        )
        cls.olga = mail_new_test_user(
            cls.env, "olga", name="Olga Petrova", groups=",".join(groups)
        )
        cls.tickets = cls.env["grievance.ticket"]

    def parked(self, *messages, **values):
        """Return the rows of messages for which nothing says what they become."""
        values = {"object_id": False, **values}
        server = self.mailbox(FourMethodConnection(*messages or [letter()]), **values)
        self.fetch(server)
        self.process()
        rows = self.rows(server)
        self.assertEqual(set(rows.mapped("state")), {"quarantined"})
        return rows

    def failed(self, error=None, **values):
        """Return the row of a message whose ticket could not be made."""
        with self.failing("message_new", error or ValueError("misconfigured")):
            values = {"object_id": self.env["ir.model"]._get_id("grievance.ticket")}
            return self.parked(**values)

    def failing(self, method, error, model="grievance.ticket"):
        """Let a method of a model, tickets unless told, fail."""

        def fail(*args, **kwargs):
            raise error

        return patch.object(self.registry[model], method, fail)

    def decide(self, rows, decision, user=None, **values):
        """Have a person confirm the wizard; return what the person is told."""
        wizard = (
            self.env["mail.gateway.decide"]
            .with_user(user or self.olga)
            .with_context(active_model=rows._name, active_ids=rows.ids)
            .create({"decision": decision, **values})
        )
        return wizard.action_confirm()["params"]

    def ticket_of(self, row):
        """Return the ticket that a message became or was added to."""
        self.assertEqual((row.state, row.res_model), ("done", "grievance.ticket"))
        return self.tickets.browse(row.res_id)
