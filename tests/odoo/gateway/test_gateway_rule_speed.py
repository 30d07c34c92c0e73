"""What rules cost: statements for each message; and no worker waits for another."""

import threading
from unittest.mock import patch

from gateway_case import FourMethodConnection
from queue_case import environment, journal_five, process
from rule_case import RuleCase, letter

from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.models import mail_gateway_inbound_queue

MESSAGES = 20
RULES = 50
# Whoever wrote, where a rule asks; and the hits, where one holds.
MORE_STATEMENTS = 2


@tagged("post_install", "-at_install")
class TestRuleCost(RuleCase):
    def test_fifty_rules_add_few_statements(self):
        self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@home.example"} for n in range(10)]
        )
        self.statements("warm")
        without = self.statements("without")
        for number in range(RULES):
            self.rule(
                f"Rule {number}",
                ("sender", "ends", f"@bank{number}.example"),
                ("text", "regex", rf"no\. {number}\b"),
                ("standing", "equal", "partner"),
                match="any",
                values=[("priority", "1")],
            )

        self.statements("warm again")  # new rules empty Odoo's caches

        with_rules = self.statements("with")

        more = (with_rules - without) / MESSAGES
        self.assertLessEqual(more, MORE_STATEMENTS)

    def statements(self, name):
        messages = [
            letter(f"{name} {n}", f"<{name}{n}@home.example>", sender=sender)
            for n in range(MESSAGES)
            for sender in [f"p{n}@home.example"]
        ]
        self.fetch(self.mailbox(FourMethodConnection(*messages), name=name))
        # A busy machine's batches end sooner, and share less.
        no_clock = patch.object(mail_gateway_inbound_queue, "BATCH_SECONDS", 3600)
        with no_clock, self.committing(self.journal) as journal:
            before = journal.env.cr.sql_log_count
            journal._process_queue()
            return journal.env.cr.sql_log_count - before


def test_two_workers_whose_messages_meet_the_same_rule_do_not_wait(scratch_db):
    journal_five(scratch_db)
    with environment(scratch_db) as env:
        rule = env["mail.gateway.rule"].create({"name": "All"})
        rule_id = rule.id
    with patch.object(mail_gateway_inbound_queue, "BATCH_MESSAGES", 1):
        workers = [
            threading.Thread(target=process, args=[scratch_db]) for _ in range(2)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)

    with environment(scratch_db) as env:
        rows = env["mail.gateway.inbound"].search([])
        assert set(rows.mapped("state")) == {"done"}
        # Nobody had to begin anew because another one counted.
        assert set(rows.mapped("tries")) == {1}
        assert env["mail.gateway.rule"].browse(rule_id).hit_count == 5
