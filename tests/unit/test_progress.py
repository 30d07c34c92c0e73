"""What a folder is asked for, from what is known of it."""

from datetime import datetime, timedelta

import pytest
from mgp_core.policy.progress import (
    CLOCK_MARGIN,
    Listing,
    Progress,
    Question,
    StartPolicy,
    next_question,
)

POLLED = datetime(2026, 11, 20, 12, 0)


@pytest.mark.parametrize(
    ("policy", "question"),
    [
        (StartPolicy.ALL, Question(Listing.ABOVE, above=0)),
        (StartPolicy.UNREAD, Question(Listing.UNREAD)),
        (StartPolicy.NEW, Question(Listing.NOTHING)),
    ],
)
def test_first_contact_follows_the_start_policy(policy, question):
    assert next_question(Progress(), "7", policy) == question


@pytest.mark.parametrize("start_uid", [1, 42])
def test_first_poll_after_the_confirmation_asks_for_all_that_came_since(start_uid):
    progress = Progress(start_uidvalidity="7", start_uid=start_uid)

    question = next_question(progress, "7", StartPolicy.UNREAD)

    assert question == Question(Listing.UNREAD_OR_ABOVE, above=start_uid - 1)


def test_confirmation_under_another_uidvalidity_says_nothing():
    progress = Progress(start_uidvalidity="7", start_uid=42)

    question = next_question(progress, "8", StartPolicy.UNREAD)

    assert question == Question(Listing.UNREAD)


def test_later_only_what_is_above_the_last_uid_is_asked_for():
    progress = Progress("7", 41, polled_at=POLLED)

    question = next_question(progress, "7", StartPolicy.UNREAD)

    assert question == Question(Listing.ABOVE, above=41)


def test_new_uidvalidity_asks_for_what_came_since_the_last_poll():
    progress = Progress("7", 41, polled_at=POLLED)

    question = next_question(progress, "8", StartPolicy.ALL)

    assert question.listing is Listing.SINCE
    assert question.since == POLLED - CLOCK_MARGIN
    assert CLOCK_MARGIN >= timedelta(days=1), "SEARCH SINCE knows only days"


def test_new_uidvalidity_asks_also_for_what_was_not_handed_out_for_long():
    refused = POLLED - timedelta(days=30)
    progress = Progress("7", 41, ("3",), polled_at=POLLED, missing_since=refused)

    question = next_question(progress, "8", StartPolicy.ALL)

    assert question == Question(Listing.SINCE, since=refused - CLOCK_MARGIN)


def test_new_uidvalidity_before_the_first_poll_was_completed_is_a_first_contact():
    question = next_question(Progress("7", 3), "8", StartPolicy.UNREAD)

    assert question == Question(Listing.UNREAD)


def test_server_without_uidvalidity_is_always_at_first_contact():
    progress = Progress("7", 41, polled_at=POLLED)

    assert next_question(progress, "", StartPolicy.UNREAD).listing is Listing.UNREAD


def test_progress_follows_each_batch_only_where_uids_go_upward():
    assert Question(Listing.ABOVE).advances_by_uid
    assert not Question(Listing.UNREAD).advances_by_uid
    assert not Question(Listing.SINCE, since=POLLED).advances_by_uid
