"""A bad line to a good server: nothing is lost on the way and nothing comes twice."""

import re
import time
from dataclasses import replace

import pytest

from tests.live.live_case import fetch, incoming, letter, rows_of
from tests.rig.fault_proxy import FaultProxy

LETTERS = [f"No. {number}" for number in range(12)]
TIMEOUT = 0.5

_session_bytes = {}


@pytest.fixture(params=["imap", "pop"])
def kind(request):
    return request.param


@pytest.fixture
def full(mailbox):
    """A mailbox that holds the letters."""
    for number, subject in enumerate(LETTERS):
        mailbox.deliver(letter(subject, f"<{number}@home.example>"))
    return mailbox


@pytest.fixture
def impatient(env, monkeypatch):
    """Have Odoo give up on a silent server after a moment instead of a minute."""
    model = env.registry["fetchmail.server"]
    endpoint = model._endpoint
    monkeypatch.setattr(
        model, "_endpoint", lambda server: replace(endpoint(server), timeout=TIMEOUT)
    )


@pytest.fixture
def session_bytes(odoo_case, env, full, kind):
    """What the server says in a session without faults, in bytes.

    Measured once a protocol, in a savepoint whose letters are put back.
    """
    if kind not in _session_bytes:
        before = full.messages()
        with FaultProxy(full.server.port_of(kind)) as proxy:
            fetch(odoo_case, through(env, proxy, full, kind))
        assert not full.messages()
        for raw in before:
            full.deliver(raw)
        _session_bytes[kind] = proxy.bytes_from_server
    return _session_bytes[kind]


def through(env, proxy, mailbox, kind):
    """Return an incoming server behind a proxy, whose letters are deleted once held."""
    values = {"delete_from_server": True, "state": "done", "port": proxy.port}
    return incoming(env, mailbox, kind, "none", **values)


def on_the_server(mailbox):
    """Return the subjects of the letters that Dovecot has."""
    heads = map(re.compile(rb"^Subject: (.*?)\r?$", re.M).search, mailbox.messages())
    return [head[1].decode() for head in heads]


def journaled(server):
    return rows_of(server).mapped("subject")


@pytest.mark.parametrize("percent", range(0, 100, 4))
def test_L4_connection_cut_anywhere_loses_and_doubles_nothing(
    odoo_case, env, full, kind, session_bytes, percent
):
    cut = session_bytes * percent // 100
    port = full.server.port_of(kind)
    with FaultProxy(port, cut_after_bytes=cut, only_first=1) as proxy:
        server = through(env, proxy, full, kind)

        fetch(odoo_case, server)
        held_somewhere = {*journaled(server), *on_the_server(full)}
        fetch(odoo_case, server)

    assert held_somewhere == set(LETTERS)
    assert sorted(journaled(server)) == sorted(LETTERS)
    assert on_the_server(full) == []


@pytest.mark.parametrize("percent", [0, 30, 60, 90])
def test_server_that_falls_silent_is_given_up_and_asked_again(
    odoo_case, env, full, kind, session_bytes, impatient, percent
):
    stall = session_bytes * percent // 100
    port = full.server.port_of(kind)
    with FaultProxy(port, stall_after_bytes=stall, only_first=1) as proxy:
        server = through(env, proxy, full, kind)
        begun = time.monotonic()

        error = fetch(odoo_case, server)
        seconds = time.monotonic() - begun
        held_somewhere = {*journaled(server), *on_the_server(full)}
        fetch(odoo_case, server)

    assert isinstance(error, TimeoutError)
    assert seconds < 20 * TIMEOUT
    assert held_somewhere == set(LETTERS)
    assert sorted(journaled(server)) == sorted(LETTERS)


@pytest.mark.parametrize("percent", [0, 30, 60, 90])
def test_connection_that_is_reset_is_made_again(
    odoo_case, env, full, kind, session_bytes, percent
):
    cut = session_bytes * percent // 100
    port = full.server.port_of(kind)
    with FaultProxy(port, cut_after_bytes=cut, reset=True, only_first=1) as proxy:
        server = through(env, proxy, full, kind)

        error = fetch(odoo_case, server)
        held_somewhere = {*journaled(server), *on_the_server(full)}
        fetch(odoo_case, server)

    assert error is not None
    assert held_somewhere == set(LETTERS)
    assert sorted(journaled(server)) == sorted(LETTERS)


def test_slow_line_brings_everything(odoo_case, env, full, kind):
    with FaultProxy(full.server.port_of(kind), delay_seconds=0.02) as proxy:
        server = through(env, proxy, full, kind)

        error = fetch(odoo_case, server)

    assert error is None
    assert journaled(server) == LETTERS


def test_K2_one_session_brings_many_letters(odoo_case, env, mailbox, kind):
    letters = 45
    for number in range(letters):
        mailbox.deliver(letter(f"No. {number}", f"<{number}@home.example>"))
    with FaultProxy(mailbox.server.port_of(kind)) as proxy:
        server = through(env, proxy, mailbox, kind)

        fetch(odoo_case, server)

    assert (len(rows_of(server)), proxy.connections) == (letters, 1)
