"""A rehearsal says when mails would go out, by the limits that hold in earnest."""

from mgp_core.policy.quota import Limit, Use, used
from mgp_core.policy.rehearsal import MAX_PORTIONS, rehearse

HOUR, DAY = 3600.0, 86400.0
NOW = 1_700_000_000.0


def counts(rehearsal):
    return [portion.messages for portion in rehearsal.portions]


def test_nothing_holds_mail_back_without_a_limit():
    rehearsal = rehearse([], NOW, 5)

    assert [(p.at, p.messages) for p in rehearsal.portions] == [(NOW, 5)]
    assert (rehearsal.left, rehearsal.never_fits) == (0, False)


def test_rest_waits_for_the_next_window():
    rehearsal = rehearse([(Limit(HOUR, max_messages=100), [])], NOW, 250)

    assert counts(rehearsal) == [100, 100, 50]
    waits = [portion.at - NOW for portion in rehearsal.portions]
    assert waits[0] == 0
    assert HOUR <= waits[1] <= HOUR * 61 / 60
    assert 2 * HOUR <= waits[2] <= 2 * HOUR * 61 / 60


def test_what_was_sent_already_counts():
    limit = Limit(HOUR, max_messages=100)
    before = [Use(limit.bucket_end(NOW), 90, 90)]

    assert counts(rehearse([(limit, before)], NOW, 20)) == [10, 10]


def test_tightest_of_several_limits_decides():
    limits = [(Limit(60.0, max_messages=10), []), (Limit(DAY, max_messages=25), [])]

    rehearsal = rehearse(limits, NOW, 30)

    assert counts(rehearsal) == [10, 10, 5, 5]
    assert rehearsal.portions[2].at < NOW + HOUR
    assert rehearsal.portions[3].at >= NOW + DAY


def test_recipients_count_for_each_mail():
    assert counts(rehearse([(Limit(HOUR, max_recipients=10), [])], NOW, 4, 5)) == [2, 2]


def test_mail_with_more_recipients_than_the_limit_never_goes():
    rehearsal = rehearse([(Limit(HOUR, max_recipients=10), [])], NOW, 4, 11)

    assert (rehearsal.portions, rehearsal.left, rehearsal.never_fits) == ((), 4, True)


def test_no_window_ever_holds_more_than_the_limit():
    limit = Limit(HOUR, max_messages=7)
    rehearsal = rehearse([(limit, [])], NOW, 40)
    uses = [
        Use(limit.bucket_end(p.at), p.messages, p.messages) for p in rehearsal.portions
    ]

    for portion in rehearsal.portions:
        before = [use for use in uses if use.ends_at <= limit.bucket_end(portion.at)]
        assert used(limit, before, portion.at)[0] <= 7


def test_rehearsal_of_years_ends():
    rehearsal = rehearse([(Limit(DAY, max_messages=1), [])], NOW, 100_000)

    assert len(rehearsal.portions) == MAX_PORTIONS
    assert rehearsal.left == 100_000 - MAX_PORTIONS
