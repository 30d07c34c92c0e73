"""A failure of the moment is tried again, a fault of the message is not."""

import errno
from datetime import timedelta

import pytest
from mgp_core.errors import DatabaseLost
from mgp_core.policy.retry import INBOUND_WAITS, is_transient, next_wait


class DatabaseError(Exception):
    """As psycopg2's: it carries the SQLSTATE in ``pgcode``."""

    def __init__(self, pgcode):
        super().__init__(pgcode)
        self.pgcode = pgcode


@pytest.mark.parametrize(
    "pgcode",
    ["40001", "40P01", "55P03", "53100", "53200", "53300", "57P01", "57014"],
)
def test_database_in_trouble_is_transient(pgcode):
    assert is_transient(DatabaseError(pgcode))


@pytest.mark.parametrize("pgcode", ["23505", "22021", "42P01", "", None])
def test_database_that_refuses_the_message_is_not_transient(pgcode):
    assert not is_transient(DatabaseError(pgcode))


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM]
)
def test_machine_out_of_something_is_transient(number):
    assert is_transient(OSError(number, "told by the kernel"))


def test_lost_connection_to_the_database_is_transient():
    assert is_transient(DatabaseLost("server closed the connection unexpectedly"))


def test_missing_memory_is_transient():
    assert is_transient(MemoryError())


@pytest.mark.parametrize("error", [ValueError(), OSError("x"), KeyError(), None])
def test_other_error_is_not_transient(error):
    assert not is_transient(error)


def raised(outer, inner, as_cause):
    """Return ``outer`` as it arrives when it is raised while handling ``inner``."""
    try:
        try:
            raise inner
        except Exception as error:
            if as_cause:
                raise outer from error
            raise outer  # noqa: B904 - the implicit context is what is tested
    except Exception as error:
        return error


@pytest.mark.parametrize("as_cause", [True, False], ids=["cause", "context"])
def test_transient_error_behind_another_one_counts(as_cause):
    inner = raised(KeyError(), DatabaseError("40001"), as_cause)

    assert is_transient(raised(ValueError(), inner, as_cause))


def test_errors_that_name_each_other_as_cause_end():
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first

    assert not is_transient(first)


def test_error_that_is_its_own_context_ends():
    error = ValueError()
    error.__cause__ = error

    assert not is_transient(error)


@pytest.mark.parametrize(
    ("tries", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 60), (5, 360)]
)
def test_waits_grow(tries, minutes):
    assert next_wait(tries) == timedelta(minutes=minutes)


@pytest.mark.parametrize("tries", [len(INBOUND_WAITS) + 1, 1000, 0, -1])
def test_after_the_last_wait_a_person_has_to_look(tries):
    assert next_wait(tries) is None
