"""Each known defect of Odoo's own gateway has tests that bear its number."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# How many there are of each kind; tests/live/README.rst tells what most of them are.
DEFECTS = {"L": 18, "I": 4, "K": 8, "O": 16, "X": 5, "S": 11}
EACH = [
    f"{kind}{number}"
    for kind, count in DEFECTS.items()
    for number in range(1, count + 1)
]


@pytest.fixture(scope="module")
def numbers():
    """Return the defects that tests are named after."""
    found = set()
    for path in TESTS.rglob("test_*.py"):
        names = re.findall(r"def test_((?:[A-Z][0-9]+_)+)", path.read_text())
        found.update(number for name in names for number in name.split("_"))
    return found


@pytest.mark.parametrize("defect", EACH)
def test_defect_has_a_test(defect, numbers):
    assert defect in numbers
