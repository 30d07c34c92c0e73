"""When a message was received."""

from datetime import datetime

import pytest
from mgp_core.parsing.facts import Facts
from mgp_core.parsing.received import received_at

NOW = datetime(2026, 11, 28, 12)


def received(*values):
    return received_at(Facts(headers=tuple(("received", v) for v in values)), NOW)


def test_the_last_server_counts():
    ours = "from b by mx.city.example; Fri, 27 Nov 2026 23:30:00 +0100"
    theirs = "from a by b; Thu, 1 Jan 1970 00:00:00 +0000"
    assert received(ours, theirs) == datetime(2026, 11, 27, 22, 30)


@pytest.mark.parametrize(
    "values",
    [(), ("from b by c",), ("by c; never",), ("; Fri, 27 Nov 2099 23:30:00 +0100",)],
)
def test_it_is_now_where_no_server_says_so(values):
    assert received(*values) == NOW
