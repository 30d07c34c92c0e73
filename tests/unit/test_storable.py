"""What strangers wrote can always be written down."""

import pytest
from mgp_core.parsing.storable import storable


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Grüße, 東京", "Grüße, 東京"),
        ("a\x00b", "a\ufffdb"),
        ("caf\udce9", "caf?"),
    ],
)
def test_text_keeps_all_that_the_database_takes(text, stored):
    assert storable(text) == stored
