"""A look at a certificate, whatever it is worth."""

import pytest
from mgp_core.diagnosis.certificate import ends_soon
from mgp_core.diagnosis.peeking import peek
from mgp_core.diagnosis.steps import Protocol, Target
from mgp_core.protocols.endpoint import Endpoint, Security

from tests.rig.processes import free_port


@pytest.mark.parametrize(
    "details, expected",
    [
        ({}, False),
        ({"days_left": 80}, False),
        ({"days_left": 14}, False),
        ({"days_left": 13}, True),
        ({"days_left": -1}, True),
    ],
)
def test_certificate_ends_soon_within_two_weeks(details, expected):
    assert ends_soon(details) is expected


def test_server_that_is_not_there_shows_none():
    endpoint = Endpoint("127.0.0.1", free_port(), Security.SSL)

    assert peek(Target(Protocol.IMAP, endpoint), 2.0) == {}
