"""A mailbox has its time: who drips is cut off, who is slow goes on next time."""

import time
from datetime import datetime, timedelta, timezone

import pytest

from odoo.addons.mail_gateway_plus.core.protocols.mailbox import MAX_BATCH_MESSAGES

from tests.live.live_case import committing, incoming_at, letter, rows_of
from tests.rig.dripping_server import DrippingServer
from tests.rig.lying_servers import LyingImap, LyingPop
from tests.rig.processes import wait_until

KINDS = pytest.mark.parametrize("kind", ["imap", "pop"])
GREETING = {"imap": b"* OK ", "pop": b"+OK "}
# Enough for an honest server on this machine, and far less than anybody waits.
BUDGET = {"time_budget": 2, "timeout_seconds": 60}


def timed_fetch(odoo_case, servers):
    """Fetch as the cron does; return the exception and the seconds that it took."""
    started = time.monotonic()
    with committing(odoo_case, servers) as servers:
        error = servers._fetch_mail()
    return error, time.monotonic() - started


@KINDS
def test_server_that_drips_its_greeting_is_cut_off(odoo_case, env, kind):
    with DrippingServer(GREETING[kind]) as dripping:
        server = incoming_at(env, kind, dripping.port, **BUDGET)

        error, seconds = timed_fetch(odoo_case, server)
        wait_until(lambda: dripping.has_lost, what="hanging up")

    assert error is not None
    assert seconds < 6
    assert server.failure_count == 1
    assert "too slow" in server.error_message
    assert server.next_poll_at


@KINDS
def test_dripping_server_delays_nobody(odoo_case, env, kind):
    held = {1: letter("From the honest one")}
    with DrippingServer(GREETING[kind]) as dripping, LyingImap(held) as honest:
        slow = incoming_at(env, kind, dripping.port, **BUDGET)
        good = incoming_at(env, "imap", honest.port)

        _error, seconds = timed_fetch(odoo_case, slow + good)

    assert seconds < 6
    assert rows_of(good).mapped("subject") == ["From the honest one"]
    assert (slow.failure_count, good.failure_count) == (1, 0)


@pytest.fixture
def looking_often(monkeypatch):
    """Have a run look for what has come due several times a second."""
    from odoo.addons.mail_gateway_plus.models import (
        fetchmail_server_fetch,
        fetchmail_server_turn,
    )

    for module in (fetchmail_server_fetch, fetchmail_server_turn):
        monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.2)


def due_in(seconds):
    """Return the values of a mailbox that was read before and is due again soon."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return {
        "date": now - timedelta(hours=1),
        "next_poll_at": now + timedelta(seconds=seconds),
    }


def test_mailbox_whose_time_comes_while_a_slow_one_is_read_is_read(
    odoo_case, env, looking_often
):
    held = {1: letter("From the honest one")}
    with DrippingServer(b"* OK ") as dripping, LyingImap(held) as honest:
        slow = incoming_at(env, "imap", dripping.port, time_budget=4)
        good = incoming_at(env, "imap", honest.port, **due_in(1))

        job = env.ref("mail.ir_cron_mail_gateway_action")
        timed_fetch(odoo_case, (slow + good).with_context(cron_id=job.id))

    assert rows_of(good).mapped("subject") == ["From the honest one"]
    assert good.date < slow.date


def test_run_whose_time_is_over_reads_others_whole_as_long_as_it_lasts_anyway(
    odoo_case, env, looking_often
):
    many = {uid: letter(f"No. {uid}") for uid in range(1, MAX_BATCH_MESSAGES + 6)}
    with (
        DrippingServer(b"* OK ") as dripping,
        LyingImap({}) as early,
        LyingImap(many) as late,
    ):
        slow = incoming_at(env, "imap", dripping.port, time_budget=12)
        # Its end is when the run learns that its time is over.
        quick = incoming_at(env, "imap", early.port)
        later = incoming_at(env, "imap", late.port)
        job = env.ref("mail.ir_cron_mail_gateway_action")
        job, progress = job._add_progress()
        times = {"cron_id": job.id, "cron_end_time": time.monotonic()}
        later.write(due_in(4))

        timed_fetch(odoo_case, (slow + quick).with_context(**job.env.context, **times))

    assert quick.date < later.date < slow.date
    assert len(rows_of(later)) == len(many)
    assert progress.remaining == 0


def test_commands_share_the_time_and_the_timeout_bounds_each(odoo_case, env):
    with DrippingServer(b"+OK ") as dripping:
        server = incoming_at(
            env, "pop", dripping.port, time_budget=60, timeout_seconds=1
        )

        _error, seconds = timed_fetch(odoo_case, server)

    assert seconds < 6
    assert server.failure_count == 1


def test_mailbox_that_is_locked_by_a_dripping_server_is_free_afterwards(odoo_case, env):
    with DrippingServer(b"+OK ") as dripping:
        server = incoming_at(env, "pop", dripping.port, **BUDGET)
        timed_fetch(odoo_case, server)

        error, _seconds = timed_fetch(odoo_case, server)

    assert "too slow" in server._explain(error)
    assert server.failure_count == 2


def raw(number):
    return letter(f"No. {number}", f"<{number}@home.example>")


def pop_of(count):
    return LyingPop({f"uidl-{number}": raw(number) for number in range(count)})


def test_slow_but_honest_server_is_read_on_where_it_was_left(odoo_case, env):
    with pop_of(4) as slow:
        # Each message takes its time: all of them take more than there is.
        slow.lie(b"RETR", do=lambda: time.sleep(0.8))
        server = incoming_at(env, "pop", slow.port, **BUDGET, delete_from_server=False)
        runs = 0
        while len(rows_of(server)) < 4:
            runs += 1
            assert runs < 5, "no progress"
            timed_fetch(odoo_case, server)

    assert runs > 1
    assert rows_of(server).mapped("subject") == [f"No. {n}" for n in range(4)]


def test_slow_mailbox_that_makes_progress_shows_it_and_does_not_back_off(
    odoo_case, env
):
    with pop_of(4) as slow:
        slow.lie(b"RETR", do=lambda: time.sleep(0.8))
        server = incoming_at(env, "pop", slow.port, **BUDGET, delete_from_server=False)
        timed_fetch(odoo_case, server)

    assert rows_of(server)
    assert "too slow" in server.error_message
    assert server.failure_count == 0
    assert server.next_poll_at <= server.date


def test_message_too_large_for_the_time_stops_none_after_it(odoo_case, env):
    large = letter(
        "Large", "<large@home.example>", body="x" * 70 + "\n" + "y\n" * 10**6
    )
    beginning = [b"+OK", *large[:500].splitlines(), b"."]
    with LyingPop({"uidl-large": large, "uidl-after": raw(1)}) as slow:
        slow.lie(b"RETR 1", do=lambda: time.sleep(5))
        slow.lie(b"TOP 1", instead=beginning)
        server = incoming_at(env, "pop", slow.port, **BUDGET, size_limit=0)

        timed_fetch(odoo_case, server)
        assert server.is_slow
        timed_fetch(odoo_case, server)

    assert rows_of(server).mapped("subject") == ["No. 1", "Large"]
    assert rows_of(server).mapped("rest_state") == [False, "left"]
    assert not server.is_slow


def test_rest_that_comes_no_further_is_given_up_and_says_why(odoo_case, env):
    # POP3 has no partial download: each visit would begin anew, for ever.
    large = letter("Large", "<large@home.example>", body="y\n" * 10**6)
    with LyingPop({"uidl-large": large}) as slow:
        slow.lie(b"RETR 1", do=lambda: time.sleep(5))
        slow.lie(b"TOP 1", instead=[b"+OK", *large[:500].splitlines(), b"."])
        server = incoming_at(env, "pop", slow.port, **BUDGET, size_limit=1)
        timed_fetch(odoo_case, server)
        row = rows_of(server)
        row.action_fetch_rest()

        cut_off, _seconds = timed_fetch(odoo_case, server)
        afterwards, _seconds = timed_fetch(odoo_case, server)

    assert "too slow" in server._explain(cut_off)
    assert (row.rest_state, row.coming_size) == ("left", 0)
    assert "time budget" in row.rest_reason
    assert afterwards is None


def test_confirming_a_dripping_server_ends(env):
    from odoo.exceptions import UserError

    with DrippingServer(b"+OK ") as dripping:
        server = incoming_at(
            env, "pop", dripping.port, timeout_seconds=1, time_budget=2
        )
        started = time.monotonic()

        with pytest.raises(UserError):
            server.button_confirm_login()

    assert time.monotonic() - started < 6
