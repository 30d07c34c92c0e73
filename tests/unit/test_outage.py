"""Whether mail goes out at all."""

import pytest
from mgp_core.policy.outage import Outage, outage

NAMED = {"is_command_line_named": True, "has_delivered": False}
DELIVERED = {"is_command_line_named": False, "has_delivered": True}
NEITHER = {"is_command_line_named": False, "has_delivered": False}


@pytest.mark.parametrize("fallback", [NAMED, DELIVERED, NEITHER])
def test_one_server_that_can_be_used_is_enough(fallback):
    assert outage(entered=3, confirmed=2, usable=1, **fallback) is None


@pytest.mark.parametrize("fallback", [NAMED, DELIVERED, NEITHER])
def test_nothing_stands_in_for_servers_that_are_out_of_use(fallback):
    why = outage(entered=2, confirmed=1, usable=0, **fallback)

    assert why is Outage.ALL_OUT_OF_USE


@pytest.mark.parametrize("entered", [0, 2])
def test_command_lines_server_does_where_none_is_confirmed(entered):
    assert outage(entered, confirmed=0, usable=0, **NAMED) is None


@pytest.mark.parametrize("fallback", [DELIVERED, NEITHER])
def test_servers_that_wait_for_confirmation_are_meant_instead_of_localhost(fallback):
    why = outage(entered=1, confirmed=0, usable=0, **fallback)

    assert why is Outage.NOTHING_CONFIRMED


def test_localhost_counts_once_it_took_a_mail():
    assert outage(0, 0, 0, **DELIVERED) is None
    assert outage(0, 0, 0, **NEITHER) is Outage.NOTHING_SET_UP
