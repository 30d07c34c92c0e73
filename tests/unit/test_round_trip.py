"""Mail to ourselves: its mark, its way, and how long it may take."""

from datetime import datetime, timedelta

import pytest
from mgp_core.round_trip.hops import read_journey
from mgp_core.round_trip.mark import (
    HEADER,
    Letter,
    Mark,
    compose,
    find_mark,
    read_mark,
)
from mgp_core.round_trip.phase import (
    State,
    grown_old,
    next_look,
    plausible_delay,
)

MARK = Mark(42, "ab" * 16, "cd" * 32)
NOW = datetime(2026, 11, 28, 12, 0)


def letter():
    return compose(
        Letter(
            "Odoo <noreply@city.example>",
            "box@home.example",
            "Round-trip mail",
            "Hello",
            "<1@city.example>",
            "Sat, 28 Nov 2026 12:00:00 +0000",
            MARK,
        )
    ).as_bytes()


def report(about, kind="message/rfc822"):
    """Return a delivery report about a message (RFC 3464)."""
    return (
        b"From: MAILER-DAEMON@mx.example\r\nTo: noreply@city.example\r\n"
        b"Subject: Undelivered\r\nContent-Type: multipart/report;"
        b' report-type=delivery-status; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n"
        b"--x\r\nContent-Type: "
        + kind.encode()
        + b"\r\n\r\n"
        + about
        + b"\r\n--x--\r\n"
    )


# --------------------------------------------------------------------------- the mark


def test_mark_is_read_from_the_mail_that_carries_it():
    assert find_mark(letter()) == (MARK, False)


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_mark_is_read_from_a_report_about_the_mail(kind):
    assert find_mark(report(letter(), kind)) == (MARK, True)


def test_answer_that_quotes_the_mail_is_a_mail_of_its_own():
    answer = b"From: amina@home.example\r\nContent-Type: text/plain\r\n\r\n" + letter()

    assert find_mark(answer) == (None, False)


@pytest.mark.parametrize(
    "value",
    ["", "42", f"42 {'ab' * 16}", f"42 {'AB' * 16} {'cd' * 32}", "x" * 100_000, None],
)
def test_what_is_no_mark_is_none(value):
    assert read_mark(value) is None


def test_mark_is_read_as_it_is_written():
    assert read_mark(f" {MARK} ") == MARK


def test_machines_do_not_answer_it():
    assert b"Auto-Submitted: auto-generated" in letter()
    assert HEADER.encode() in letter()


# ---------------------------------------------------------------------------- the way

HEAD = (
    b"Return-Path: <noreply@city.example>\r\n"
    b"Received: from mx.home.example ([10.1.1.1]) by store.home.example with LMTP\r\n"
    b"\tid 1; Sat, 28 Nov 2026 12:00:07 +0000\r\n"
    b"Authentication-Results: mx.home.example; spf=pass smtp.mailfrom=city.example;\r\n"
    b"\tdkim=pass header.d=city.example\r\n"
    b"Received-SPF: Pass (mx.home.example: domain of noreply@city.example)\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; d=City.example; s=s1;\r\n"
    b"\th=From:To; bh=x; b=y\r\n"
    b"Received: from out.city.example (out.city.example [9.9.9.10])\r\n"
    b"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n"
    b"\tby mx.home.example (Postfix) with ESMTPS id 2;"
    b" Sat, 28 Nov 2026 13:00:05 +0100\r\n"
    b"Received: from [127.0.0.1] (client.isp.example [IPv6:2001:db8::7])\r\n"
    b"\tby out.city.example (Postfix) with ESMTPSA id 3;"
    b" Sat, 28 Nov 2026 12:00:01 +0000\r\n"
    b"\r\n"
)


def test_way_is_told_from_its_beginning():
    client, server, store = read_journey(HEAD).hops

    assert (client.address, client.receiver) == ("2001:db8::7", "out.city.example")
    assert (client.protocol, client.tls) == ("ESMTPSA", "TLS")
    assert (server.sender, server.address) == ("out.city.example", "9.9.9.10")
    assert server.tls == "TLS 1.3"
    assert (store.protocol, store.tls) == ("LMTP", "")


def test_time_of_delivery_is_that_of_the_last_server():
    assert read_journey(HEAD).delivered_at == datetime(2026, 11, 28, 12, 0, 7)


def test_addresses_are_those_that_the_servers_saw():
    journey = read_journey(HEAD)

    assert journey.client_address == "2001:db8::7"
    assert journey.sending_address == "9.9.9.10"


def test_findings_and_signatures_of_the_receiver_are_kept():
    journey = read_journey(HEAD)

    assert len(journey.results) == 2
    assert "dkim=pass" in journey.results[0]
    assert journey.signatures == (("city.example", "s1"),)


@pytest.mark.parametrize(
    "received, tls",
    [
        (
            "from a (a. [9.9.9.9]) by mx.google.com with ESMTPS id x"
            " (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);",
            "TLS 1.3",
        ),
        (
            "from A (9.9.9.9) by B with Microsoft SMTP Server (version=TLS1_2,"
            " cipher=TLS_ECDHE) id 15.20;",
            "TLS 1.2",
        ),
        ("from a by b with esmtps (TLS1.2:ECDHE:256) (Exim 4.96);", "TLS 1.2"),
        ("from a by b with ESMTP;", ""),
        ("from a by b with SMTP;", ""),
    ],
)
def test_encryption_is_read_as_servers_write_it(received, tls):
    (hop,) = read_journey(f"Received: {received} now\r\n\r\n".encode()).hops

    assert hop.tls == tls


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Received: \r\n\r\n",
        b"Received: ;;;;\r\nDKIM-Signature: x\r\n\r\n",
        b"Received: from [999.1.1.1] by\xff\xfe with\r\n\r\n",
        b"Received: " + b"from a by b [" * 20_000 + b"\r\n\r\n",
        b"Received: from a by b; 1\r\n" * 5_000 + b"\r\n",
    ],
)
def test_hostile_header_is_read_without_harm(head):
    journey = read_journey(head)

    assert len(journey.hops) <= 30
    assert journey.sending_address == ""


# --------------------------------------------------------------------------- the time


@pytest.mark.parametrize(
    "state, minutes, after",
    [
        (State.SENT, 14, State.SENT),
        (State.SENT, 15, State.LATE),
        (State.LATE, 60, State.LATE),
        (State.LATE, 24 * 60, State.LOST),
        (State.SENT, 48 * 60, State.LOST),
        (State.SENDING, 48 * 60, State.SENDING),
        (State.ARRIVED, 48 * 60, State.ARRIVED),
        (State.FAILED, 48 * 60, State.FAILED),
    ],
)
def test_mail_grows_late_and_lost_with_time(state, minutes, after):
    assert grown_old(state, timedelta(minutes=minutes)) is after


def test_older_mail_is_looked_for_less_often():
    waits = [next_look(timedelta(hours=hours)) for hours in (0, 2, 48)]

    assert waits == sorted(waits)
    assert waits[0] < waits[1]


@pytest.mark.parametrize(
    "delivered, found, delay",
    [
        (timedelta(seconds=7), timedelta(seconds=60), 7),
        (None, timedelta(seconds=60), 60),
        (timedelta(seconds=-30), timedelta(seconds=60), 0),  # its clock is behind
        (timedelta(hours=5), timedelta(seconds=60), 60),  # or ahead
        (timedelta(seconds=7), timedelta(seconds=-1), 0),
    ],
)
def test_delay_is_plausible_whatever_clocks_say(delivered, found, delay):
    delivered_at = delivered and NOW + delivered

    assert plausible_delay(NOW, delivered_at, NOW + found) == delay
