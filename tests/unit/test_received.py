"""When a message was received."""

from datetime import datetime

import pytest
from mgp_core.parsing.received import received_at
from mgp_core.trust.claim import own_received_lines
from mgp_core.trust.verdict import TrustSettings

NOW = datetime(2026, 11, 28, 12)
ARRIVED = datetime(2026, 11, 28, 11)
MAILBOX = "from mx by imap.city.example; Sat, 28 Nov 2026 01:00:00 +0100"
BORDER = "from b by mx.city.example; Fri, 27 Nov 2026 23:30:00 +0100"
SENDER = "from a by b; Thu, 1 Jan 1970 00:00:00 +0000"


def received(*lines, arrived=None, **settings):
    ours = own_received_lines(lines, TrustSettings(**settings))
    return received_at(ours, NOW, arrived)


def test_the_last_server_counts_where_no_more_is_known():
    assert received(BORDER, SENDER) == datetime(2026, 11, 27, 22, 30)


def test_a_queue_between_our_own_servers_is_no_excuse():
    lines = (MAILBOX, BORDER, SENDER)
    assert received(*lines, own_hops=2) == datetime(2026, 11, 27, 22, 30)
    own = {"own_hops": 2, "own_hosts": ("*.city.example",)}
    assert received(*lines, **own) == datetime(2026, 11, 27, 22, 30)


@pytest.mark.parametrize("hops", [3, 4])
def test_a_sender_who_came_another_way_does_not_choose_the_time(hops):
    own = {"own_hops": hops, "own_hosts": ("*.city.example",)}
    assert received(MAILBOX, BORDER, SENDER, **own) == datetime(2026, 11, 28)


@pytest.mark.parametrize(
    "lines",
    [(), ("from b by c",), ("by c; never",), ("; Fri, 27 Nov 2099 23:30:00 +0100",)],
)
def test_the_mailbox_tells_where_no_server_says_so_else_it_is_now(lines):
    assert received(*lines, arrived=ARRIVED) == ARRIVED
    assert received(*lines) == NOW
    assert received(*lines, arrived=datetime(2099, 1, 1)) == NOW
