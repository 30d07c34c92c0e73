"""Two workers share a server's quota and breaker, each in a transaction of its own."""

import threading
from datetime import timedelta

import pytest

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry

from odoo.addons.mail_gateway_plus.core.policy.verdict import Kind, Scope, Verdict

DOWN = Verdict(Kind.TEMPORARY, Scope.CONNECTION, cause="unreachable")
REFUSED = Verdict(Kind.PERMANENT, Scope.ACCOUNT, cause="login_refused")


@pytest.fixture
def server_id(scratch_db):
    with Registry(scratch_db).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        return env["ir.mail_server"].create({"name": "Relay", "state": "done"}).id


def in_two_workers(database, work):
    """Run ``work(env)`` in two threads at once; each has begun its transaction before.

    Without READ COMMITTED in the transactions of their own, what both see is the state
    before either began.
    """
    both_have_begun, results, errors = threading.Barrier(2), [], []

    def run():
        try:
            with Registry(database).cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["ir.mail_server"].search_count([])
                both_have_begun.wait(10)
                results.append(work(env))
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=run) for _worker in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert not errors
    return results


def test_two_workers_together_are_granted_no_more_than_the_quota(scratch_db, server_id):
    with Registry(scratch_db).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["mail.gateway.quota"].create(
            {"server_id": server_id, "max_messages": 50, "max_recipients": 80}
        )

    def reserve(env):
        server = env["ir.mail_server"].browse(server_id)
        quota = env["mail.gateway.quota"]
        return sum(quota._reserve(server, 1, 1)[0] for _mail in range(40))

    assert sum(in_two_workers(scratch_db, reserve)) == 50


def test_faults_seen_by_two_workers_add_up(scratch_db, server_id):
    def fail(env):
        server = env["ir.mail_server"].browse(server_id)
        env["mail.gateway.breaker"]._note_fault(server, DOWN)

    in_two_workers(scratch_db, fail)
    in_two_workers(scratch_db, fail)

    with Registry(scratch_db).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        server = env["ir.mail_server"].browse(server_id)
        assert server.breaker_state == "open"


def test_one_of_two_workers_tries_whether_a_server_is_back(scratch_db, server_id):
    with Registry(scratch_db).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        server = env["ir.mail_server"].browse(server_id)
        env["mail.gateway.breaker"]._note_fault(server, REFUSED)
        cr.commit()
        past = fields.Datetime.now() - timedelta(minutes=1)
        server.breaker_ids.open_until = past

    def ask(env):
        server = env["ir.mail_server"].browse(server_id)
        breaker = env["mail.gateway.breaker"]
        return bool(breaker._usable(server, breaker._breakers(server)))

    assert sorted(in_two_workers(scratch_db, ask)) == [False, True]


def test_fault_is_kept_when_the_mails_transaction_is_rolled_back(scratch_db, server_id):
    with Registry(scratch_db).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        server = env["ir.mail_server"].browse(server_id)
        env["mail.gateway.breaker"]._note_fault(server, REFUSED)
        cr.rollback()

        assert server.breaker_state == "open"
