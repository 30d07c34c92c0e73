"""What failed is tried again once after an update of the addons, if wished."""

from decision_case import DecisionCase
from gateway_case import letter

from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestReplayAfterUpdate(DecisionCase):
    def update_an_addon(self):
        self.env["ir.module.module"].search([("name", "=", "mail")]).write(
            {"latest_version": "19.0.99"}
        )

    def wish_for_replay(self):
        self.env["res.config.settings"].create(
            {"mail_gateway_replay_after_update": True}
        ).execute()

    def test_failed_message_is_tried_again_after_an_update(self):
        self.wish_for_replay()
        row = self.failed()
        self.process()
        self.assertEqual(row.state, "quarantined", "nothing has changed yet")

        self.update_an_addon()
        self.process()

        self.assertEqual(row.state, "done")
        self.assertIn("addons have changed", row.reason)

    def test_each_update_has_it_tried_once(self):
        self.wish_for_replay()
        row = self.failed()
        self.update_an_addon()

        with self.failing("message_new", ValueError("still misconfigured")):
            self.process()
            self.process()

        self.assertEqual((row.state, row.tries), ("quarantined", 1))

    def test_nothing_is_tried_again_unless_wished(self):
        row = self.failed()
        self.update_an_addon()

        self.process()

        self.assertEqual(row.state, "quarantined")

    def test_what_only_a_person_can_help_is_left_alone(self):
        self.wish_for_replay()
        no_route = self.parked(letter(message_id="<9@x.example>"))
        discarded = self.failed()
        self.decide(discarded, "discard", reason="Advertising")
        self.update_an_addon()

        self.process()

        self.assertEqual(no_route.state, "quarantined")
        self.assertEqual(discarded.state, "discarded")

    def test_message_that_a_person_has_taken_in_hand_is_left_to_them(self):
        self.wish_for_replay()
        row = self.failed()
        with self.failing("message_new", ValueError("misconfigured")):
            self.decide(row, "retry_as", record_type="grievance.ticket")
        self.update_an_addon()

        self.process()

        self.assertEqual(row.state, "quarantined")
