"""A bad line to a good server: a mail arrives once, or is held as uncertain."""

import pytest

from tests.live.outgoing_case import Outbox
from tests.rig.fault_proxy import FaultProxy
from tests.rig.gateway_server import GatewayServer
from tests.rig.smtp_sink import SmtpSink

AMINA = "amina@home.example"


@pytest.fixture(scope="module")
def odoo(rig_directory, certificate_authority):
    """A real Odoo on a database of its own, for all tests here."""
    directory = rig_directory / "line-odoo"
    with GatewayServer(directory, "mgp_test_line", certificate_authority) as server:
        yield server


@pytest.fixture
def outbox(odoo):
    box = Outbox(odoo)
    yield box
    box.close()


@pytest.fixture(scope="module")
def session_bytes(odoo):
    """What a server says in a session of one mail, in bytes: in all, and to the dot."""
    box = Outbox(odoo)
    with SmtpSink() as sink, FaultProxy(sink.port) as proxy:
        box.add_relay(proxy.port)
        box.wait_for(box.queue(AMINA), "sent")
    end = len(b"250 2.0.0 Ok: queued as S000001\r\n")
    bye = len(b"221 2.0.0 Bye\r\n")
    return proxy.bytes_from_server - bye, proxy.bytes_from_server - bye - end


def check(sink, state):
    """What must hold after any fault: never twice, never lost."""
    [*number] = sink.counts().values()
    assert (state, number) in (("sent", [1]), ("uncertain", [1]), ("uncertain", []))


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("percent", range(0, 101, 10))
def test_X1_line_cut_anywhere_loses_and_doubles_nothing(
    outbox, session_bytes, percent, reset
):
    _whole, to_dot = session_bytes
    cut = to_dot * percent // 100
    with (
        SmtpSink() as sink,
        FaultProxy(sink.port, cut_after_bytes=cut, reset=reset, only_first=1) as proxy,
    ):
        outbox.add_relay(proxy.port)
        mail = outbox.queue(AMINA)
        outbox.wait_for_attempts(mail)
        [state] = outbox.settle([mail])

        check(sink, state)


@pytest.mark.parametrize("reset", [False, True])
def test_X1_line_cut_right_after_the_dot_is_uncertain_for_good(
    outbox, session_bytes, reset
):
    _whole, to_dot = session_bytes
    cut = to_dot + 1  # the answer's first byte: the server has the mail
    with (
        SmtpSink() as sink,
        FaultProxy(sink.port, cut_after_bytes=cut, reset=reset, only_first=1) as proxy,
    ):
        outbox.add_relay(proxy.port)
        mail = outbox.queue(AMINA)
        outbox.wait_for(mail, "uncertain")
        outbox.make_due([mail])
        other = outbox.queue(AMINA)
        outbox.wait_for(other, "sent")

        assert outbox.state(mail) == "uncertain"
        assert list(sink.counts().values()) == [1, 1]


def test_line_cut_before_the_dot_costs_nothing(outbox, session_bytes):
    _whole, to_dot = session_bytes
    with (
        SmtpSink() as sink,
        FaultProxy(sink.port, cut_after_bytes=to_dot - 5, only_first=1) as proxy,
    ):
        outbox.add_relay(proxy.port)
        mail = outbox.queue(AMINA)
        outbox.wait_for_attempts(mail)

        assert outbox.settle([mail]) == ["sent"]
        assert list(sink.counts().values()) == [1]


def test_slow_line_takes_everything(outbox):
    with SmtpSink() as sink, FaultProxy(sink.port, delay_seconds=0.05) as proxy:
        outbox.add_relay(proxy.port)
        mails = outbox.queue_many([[AMINA]] * 10)

        assert outbox.settle(mails) == ["sent"] * 10
        assert sorted(sink.counts().values()) == [1] * 10
