"""Messages share a transaction, and none of them harms or doubles another."""

import threading
from contextlib import closing
from unittest import TestCase
from unittest.mock import patch

import psycopg2.errors
import pytest
from gateway_case import letter
from queue_case import (
    ALL,
    environment,
    intake,
    outcome,
    process,
    tickets,
)

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import SQL, mute_logger

from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
    FetchedMessage,
    MessageRef,
)


def test_messages_share_a_transaction(queue):
    process(queue)

    assert outcome(queue) == (["done"] * 5, 1)
    assert tickets(queue) == ALL


def test_poison_costs_its_neighbours_nothing(queue):
    def poison(model, subject):
        if subject == "No. 3":
            model.env.cr.execute("SELECT 1/0")

    with intake(queue, poison), mute_logger("odoo.sql_db"):
        process(queue)

    states = ["done", "done", "quarantined", "done", "done"]
    assert outcome(queue) == (states, 1)
    assert tickets(queue) == [subject for subject in ALL if subject != "No. 3"]


def test_commit_that_fails_is_followed_by_a_commit_for_each(queue):
    cron_class = Registry(queue)["ir.cron"]
    real = cron_class._commit_progress

    def commit(cron, processed=0, **values):
        if processed > 1:
            raise psycopg2.errors.SerializationFailure("could not serialize access")
        return real(cron, processed, **values)

    with patch.object(cron_class, "_commit_progress", commit):
        process(queue)

    assert outcome(queue) == (["done"] * 5, 5)
    assert tickets(queue) == ALL


def test_conflict_with_a_user_loses_and_doubles_nothing(queue):
    met = []

    def conflict(model, subject):
        if subject == "No. 3" and not met:
            met.append(subject)
            rename = "UPDATE fetchmail_server SET name = 'Renamed'"
            with closing(Registry(queue).cursor()) as other:
                other.execute(rename)
                other.commit()
            model.env.cr.execute(rename)

    with intake(queue, conflict), mute_logger("odoo.sql_db"):
        process(queue)

    assert met
    assert outcome(queue) == (["done"] * 5, 5)
    assert tickets(queue) == ALL


class Deadlock(psycopg2.errors.DeadlockDetected):
    """As the server sends it: psycopg2 fills in the code."""

    pgcode = "40P01"


def test_message_that_always_conflicts_waits_alone(queue):
    def conflict(model, subject):
        if subject == "No. 3":
            raise Deadlock("deadlock detected")

    with intake(queue, conflict):
        process(queue)

    states, _transactions = outcome(queue)
    assert states == ["done", "done", "retry", "done", "done"]
    assert tickets(queue) == [subject for subject in ALL if subject != "No. 3"]


def test_rows_that_another_worker_holds_are_left_to_it(queue):
    with environment(queue) as env:
        held = env["mail.gateway.inbound"]._claim(None, 2)
        assert len(held) == 2

        process(queue)

        assert tickets(queue) == ALL[2:]
        held._process_batch()
        env.cr.commit()
    assert outcome(queue) == (["done"] * 5, 2)
    assert tickets(queue) == ALL


def test_worker_that_dies_leaves_its_batch_to_the_others(queue):
    with closing(Registry(queue).cursor()) as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["mail.gateway.inbound"]._claim(None, 5)._process_batch()
        env.flush_all()
        cr.rollback()
    assert outcome(queue) == (["pending"] * 5, 1)

    process(queue)

    assert tickets(queue) == ALL


def add_copy(database, number):
    """Journal a second copy of a letter, as another mailbox gets it."""
    with environment(database) as env:
        journal = env["mail.gateway.inbound"]
        server = journal.search([], limit=1).server_id
        raw = letter(f"No. {number}", f"<batch-{number}@home.example>")
        copy = FetchedMessage(MessageRef("Other", "1", "1"), raw)
        journal._store(server, [copy])


def test_two_workers_with_a_copy_each_make_one_record(queue):
    add_copy(queue, 1)
    with environment(queue) as env:
        first = env["mail.gateway.inbound"]._claim(None, 1)

        process(queue)

        assert outcome(queue)[0] == ["pending", *["done"] * 4, "pending"]
        first._process_batch()
        env.cr.commit()
        process(queue)
    assert outcome(queue)[0] == ["done"] * 5 + ["duplicate"]
    assert tickets(queue) == ALL


def test_copy_that_was_settled_after_the_claim_is_noticed(queue):
    with environment(queue) as env:
        first = env["mail.gateway.inbound"]._claim(None, 1)
        env.cr.commit()
        add_copy(queue, 1)
        with environment(queue) as other:
            copy = other["mail.gateway.inbound"].search([("folder", "=", "Other")])
            other["mail.gateway.inbound"]._count_due(None)  # its snapshot begins
            first._process_batch()
            env.cr.commit()

            with (
                mute_logger("odoo.sql_db"),
                pytest.raises(psycopg2.errors.SerializationFailure),
            ):
                copy._without_twins_in_work()
            other.cr.rollback()
    process(queue)
    assert outcome(queue)[0] == ["done"] * 5 + ["duplicate"]
    assert tickets(queue) == ALL


def test_bounce_waits_in_the_queue_for_the_commit(queue):
    with environment(queue) as env:
        domain = env["mail.alias.domain"].create({"name": "city.example"})
        alias = env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": domain.id,
                "alias_model_id": env["ir.model"]._get_id("grievance.ticket"),
                "alias_contact": "followers",
            }
        )
        env["mail.mail"].search([]).unlink()
        # Who is not believed gets no bounce at all.
        env["fetchmail.server"].search([]).sender_policy = "odoo"
    try:
        process(queue)

        with environment(queue) as env:
            assert env["mail.mail"].search([]).mapped("state") == ["outgoing"] * 5
    finally:
        with environment(queue) as env:
            alias.with_env(env).unlink()
            env["fetchmail.server"].search([]).sender_policy = "unknown"
            env["mail.mail"].search([]).unlink()


def test_acknowledgement_is_noted_while_the_rows_are_processed(queue):
    with environment(queue) as worker, environment(queue) as fetching:
        worker["mail.gateway.inbound"]._claim(None, 5)._process_batch()
        journal = fetching["mail.gateway.inbound"]
        server = journal.search([], limit=1).server_id
        commit = threading.Timer(0.3, worker.cr.commit)
        commit.start()

        refs = [MessageRef("INBOX", "1", str(number)) for number in range(1, 6)]
        journal._mark_acknowledged(server, refs)
        commit.join()

        fetching.cr.commit()
        assert all(journal.search([]).mapped("acknowledged_at"))
    assert outcome(queue)[0] == ["done"] * 5


def test_acknowledgement_that_cannot_be_noted_is_told_in_the_log(queue):
    with environment(queue) as env:
        journal = env["mail.gateway.inbound"]
        server = journal.search([], limit=1).server_id
        conflict = SQL(
            "DO $$BEGIN RAISE serialization_failure; END$$ /* %s */", server.id
        )
        name = "odoo.addons.mail_gateway_plus.models.mail_gateway_inbound_journal"
        with (
            patch.object(
                type(journal), "_mark_acknowledged_query", lambda *_: conflict
            ),
            TestCase().assertLogs(name, "WARNING") as logs,
        ):
            journal._mark_acknowledged(server, [MessageRef("INBOX", "1", "1")])

        assert not any(journal.search([]).mapped("acknowledged_at"))
    assert "kept the journal from noting it" in logs.output[0]
