"""Sharing load between servers of the same priority."""

from collections import Counter
from random import Random

from mgp_core.policy.balance import weighted

WEIGHTS = {"big": 3, "small": 1, "spare": 0, "other spare": 0}


def orders(number):
    random = Random(1)
    return [weighted(WEIGHTS, WEIGHTS.get, random.random) for _count in range(number)]


def test_each_comes_first_by_its_weight():
    first = Counter(order[0] for order in orders(4000))

    assert 2850 < first["big"] < 3150
    assert first["big"] + first["small"] == 4000


def test_every_one_is_in_every_order():
    assert all(sorted(order) == sorted(WEIGHTS) for order in orders(20))


def test_those_without_weight_come_last_in_any_order():
    last = Counter(order[-1] for order in orders(100))

    assert set(last) == {"spare", "other spare"}
