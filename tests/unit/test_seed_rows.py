"""What people look for when they set mail up is proven, or said to be missing."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.unit.seed_rows import ALL_ROWS, OTHER_MATTERS, ROWS

TESTS = Path(__file__).resolve().parents[1]


@cache
def names_of_tests(name):
    """Return the names of all tests of a module, those in classes too."""
    tree = ast.parse((TESTS / name).read_text(encoding="utf-8"))
    found = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {name for name in found if name.startswith("test_")}


def test_no_row_is_forgotten():
    assert set(ROWS) | OTHER_MATTERS == set(ALL_ROWS)
    assert not set(ROWS) & OTHER_MATTERS


@pytest.mark.parametrize("number", sorted(ROWS))
def test_row_is_proven_or_said_to_be_missing(number):
    row = ROWS[number]

    assert row.wish
    assert row.tests or row.missing


@pytest.mark.parametrize(
    ("number", "test"),
    [(number, test) for number, row in sorted(ROWS.items()) for test in row.tests],
)
def test_proof_of_a_row_exists(number, test):
    module, _colons, name = test.partition("::")

    assert name in names_of_tests(module), f"row {number} is proven by nothing"
