"""Who kills the worker is found out, and the others get their records."""

from contextlib import closing
from datetime import timedelta
from unittest.mock import patch

import psycopg2
import pytest
from queue_case import (
    ALL,
    environment,
    intake,
    outcome,
    process,
    tickets,
)

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry

from odoo.addons.mail_gateway_plus.models import mail_gateway_inbound_claim

OTHERS = [subject for subject in ALL if subject != "No. 3"]


class Killed(BaseException):
    """Nothing that Odoo catches: the work ends here and its connection is gone."""


def kill(model, subject):
    if subject == "No. 3":
        raise Killed


def has_survived(database):
    """Process the journal; say whether the worker came to the end of it."""
    try:
        process(database)
    except Killed:
        return False
    return True


def die_while_processing(database, count):
    """Have a worker claim so many messages and be killed before its commit."""
    with closing(Registry(database).cursor()) as cr:
        journal = api.Environment(cr, SUPERUSER_ID, {})["mail.gateway.inbound"]
        rows = journal._claim(None, count, mail_gateway_inbound_claim.new_run())
        rows._process_batch()
        cr.rollback()


def value_of(database, subject, name):
    with environment(database) as env:
        journal = env["mail.gateway.inbound"]
        return journal.search([("subject", "=", subject)])[name]


def let_time_pass(database):
    """Make due what waits for its next try."""
    with environment(database) as env:
        waiting = [("state", "in", ("pending", "retry"))]
        now = fields.Datetime.now()
        env["mail.gateway.inbound"].search(waiting).retry_at = now


def test_what_a_killed_worker_had_is_processed_one_by_one(queue):
    die_while_processing(queue, 5)
    assert tickets(queue) == []

    process(queue)

    assert outcome(queue) == (["done"] * 5, 5)
    assert tickets(queue) == ALL


def test_what_no_killed_worker_had_shares_its_transactions(queue):
    die_while_processing(queue, 2)

    process(queue)

    assert outcome(queue) == (["done"] * 5, 3)


def test_message_that_kills_is_parked_and_the_others_are_done(queue):
    kills = 0
    with intake(queue, kill):
        while not has_survived(queue):
            kills += 1
            assert kills < 10
            let_time_pass(queue)

    assert kills == 4  # among the others, and three times alone
    assert tickets(queue) == OTHERS
    states, _transactions = outcome(queue)
    assert states == ["done", "done", "quarantined", "done", "done"]
    assert "killed Odoo 3 times" in value_of(queue, "No. 3", "reason")


def test_message_that_killed_twice_comes_after_the_others(queue):
    with intake(queue, kill):
        assert not has_survived(queue)
        assert not has_survived(queue)
        assert not has_survived(queue)

        assert has_survived(queue)

    assert tickets(queue) == OTHERS
    assert value_of(queue, "No. 3", "state") == "pending"
    now = fields.Datetime.now()
    assert now < value_of(queue, "No. 3", "retry_at") <= now + timedelta(minutes=1)


def test_two_restarts_are_forgiven(queue):
    die_while_processing(queue, 1)
    die_while_processing(queue, 1)
    let_time_pass(queue)

    process(queue)

    assert tickets(queue) == ALL
    assert value_of(queue, "No. 1", "unended_tries") == 0


def test_failure_is_an_end_too(queue):
    def fail(model, subject):
        raise MemoryError

    die_while_processing(queue, 1)
    with intake(queue, fail):
        process(queue)

    assert value_of(queue, "No. 1", "state") == "retry"
    assert value_of(queue, "No. 1", "unended_tries") == 0


def test_parked_message_that_killed_can_be_retried(queue):
    with intake(queue, kill):
        while not has_survived(queue):
            let_time_pass(queue)

    with environment(queue) as env:
        env["mail.gateway.inbound"].search([("subject", "=", "No. 3")]).action_retry()

    assert tickets(queue) == ALL


def test_worker_that_comes_between_mark_and_lock_takes_all(queue):
    journal_class = Registry(queue)["mail.gateway.inbound"]
    real = journal_class._lock_marked
    came = []

    def lock(rows, run):
        if not came:
            came.append(run)
            process(queue)
        return real(rows, run)

    with patch.object(journal_class, "_lock_marked", lock):
        process(queue)

    assert outcome(queue) == (["done"] * 5, 5)
    assert tickets(queue) == ALL


def test_rows_left_for_lack_of_time_are_under_no_suspicion(queue):
    module = "odoo.addons.mail_gateway_plus.models.mail_gateway_inbound_queue"
    with environment(queue) as env, patch(f"{module}.BATCH_SECONDS", 0):
        env["mail.gateway.inbound"]._claim(None, 5, run=1)._process_ready()
    assert outcome(queue)[0] == ["done", *["pending"] * 4]

    process(queue)

    assert outcome(queue) == (["done"] * 5, 2)


def test_exception_that_ends_a_run_is_no_death(queue):
    for _run in range(4):
        with broken(queue, "_ready"), pytest.raises(RuntimeError):
            process(queue)

    assert marks(queue) == [(0, 0)] * 5
    process(queue)
    assert outcome(queue) == (["done"] * 5, 1)


def test_run_that_ends_between_mark_and_work_is_no_death(queue):
    for _run in range(4):
        with broken(queue, "_lock_marked"), pytest.raises(RuntimeError):
            process(queue)

    assert marks(queue) == [(0, 0)] * 5
    process(queue)
    assert tickets(queue) == ALL


def test_exception_does_not_wash_an_earlier_death_away(queue):
    die_while_processing(queue, 1)
    die_while_processing(queue, 1)
    let_time_pass(queue)

    with broken(queue, "_ready"), pytest.raises(RuntimeError):
        process(queue)

    assert value_of(queue, "No. 1", "unended_tries") == 2


def broken(database, method):
    """Have a method of the journal raise what nobody expects there."""
    journal_class = Registry(database)["mail.gateway.inbound"]
    return patch.object(journal_class, method, side_effect=RuntimeError("broken"))


def marks(database):
    with environment(database) as env:
        rows = env["mail.gateway.inbound"].search([], order="id")
        return [(row.taken_by, row.unended_tries) for row in rows]


def cut_off(model, subject):
    """End the worker's connection as an administrator or a broken line does."""
    if subject == "No. 3":
        with Registry(model.env.cr.dbname).cursor() as other:
            pid = model.env.cr._cnx.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        model.env.cr.execute("SELECT 1", log_exceptions=False)


def process_without_connection(database):
    with pytest.raises(psycopg2.Error):
        process(database)


def test_lost_connection_is_no_death(queue):
    with intake(queue, cut_off):
        process_without_connection(queue)  # among the others
        process_without_connection(queue)  # alone

    assert value_of(queue, "No. 3", "state") == "retry"
    assert value_of(queue, "No. 3", "unended_tries") == 0
    assert "connection" in value_of(queue, "No. 3", "reason")
    let_time_pass(queue)
    process(queue)
    assert tickets(queue) == ALL


def test_lost_connection_does_not_wash_an_earlier_death_away(queue):
    with intake(queue, kill):
        assert not has_survived(queue)  # among the others
        assert not has_survived(queue)  # alone
    with intake(queue, cut_off):
        process_without_connection(queue)

    assert value_of(queue, "No. 3", "unended_tries") == 1


def test_message_that_ends_each_connection_is_parked_in_the_end(queue):
    losses = 0
    with intake(queue, cut_off):
        while value_of(queue, "No. 3", "state") != "quarantined":
            losses += 1
            assert losses < 10
            process_without_connection(queue)
            let_time_pass(queue)
        process(queue)

    assert tickets(queue) == OTHERS
    assert "killed Odoo" not in value_of(queue, "No. 3", "reason")


def test_worker_that_finds_no_database_leaves_its_mark(queue):
    module = mail_gateway_inbound_claim
    with intake(queue, cut_off), patch.object(module, "RECONNECT_PAUSES", ()):
        process_without_connection(queue)
        process_without_connection(queue)

    assert value_of(queue, "No. 3", "unended_tries") == 1


def restart_postgres(database):
    """Have it look as if PostgreSQL was started after all that is in work."""
    with environment(database) as env:
        env.cr.execute("UPDATE mail_gateway_inbound SET taken_at = '2020-01-01'")


def test_restarted_postgres_is_no_death(queue):
    for _restart in range(4):
        die_while_processing(queue, 1)
        restart_postgres(queue)
        let_time_pass(queue)

    process(queue)

    assert tickets(queue) == ALL
    assert value_of(queue, "No. 1", "unended_tries") == 0


def test_restart_forgives_no_earlier_death(queue):
    for _death in range(2):
        die_while_processing(queue, 1)
        let_time_pass(queue)
    die_while_processing(queue, 1)
    restart_postgres(queue)
    let_time_pass(queue)
    die_while_processing(queue, 1)
    let_time_pass(queue)

    process(queue)

    assert "killed Odoo 3 times" in value_of(queue, "No. 1", "reason")


def test_message_with_which_postgres_is_restarted_each_time_is_parked(queue):
    restarts = 0
    while value_of(queue, "No. 1", "state") != "quarantined":
        restarts += 1
        assert restarts < 10
        die_while_processing(queue, 1)
        restart_postgres(queue)
        let_time_pass(queue)

    process(queue)
    assert tickets(queue) == ALL[1:]
    assert "restart" in value_of(queue, "No. 1", "reason")


@pytest.mark.parametrize("count", [1, 5])
def test_claim_costs_two_statements(queue, count):
    with environment(queue) as env:
        journal = env["mail.gateway.inbound"]
        before = env.cr.sql_log_count

        assert len(journal._claim(None, count, run=1)) == count

        assert env.cr.sql_log_count - before == 2
