"""What a server's answer means for the mail and for the server."""

# One reply a line reads as a table.
# ruff: noqa: E501

import smtplib
import socket
import ssl
from datetime import timedelta

import pytest
from mgp_core.policy.patterns import compile_pattern
from mgp_core.policy.replies import judge, one_line, read_reply
from mgp_core.policy.reply_rule import Rule, fits_code, is_within
from mgp_core.policy.reply_rules import BUILT_IN_RULES
from mgp_core.policy.verdict import Cause, Kind, Scope
from mgp_core.protocols.smtp import Phase, Reply

MINUTE = timedelta(minutes=1)


def untrusted():
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 20, "unable to get issuer certificate"
    return error


def judged(phase, code, text="", **more):
    verdict = judge(Phase(phase), Reply(code, text), **more)
    return verdict.kind.value, verdict.scope.value, verdict.cause


@pytest.mark.parametrize(
    ("phase", "code", "text", "expected"),
    [
        # before the mail: the server
        ("greet", 554, "5.7.1 No service", "permanent connection service_refused"),
        ("greet", 421, "4.3.2 Busy", "temporary connection server_trouble"),
        ("greet", 450, "Later", "temporary connection server_trouble"),
        ("tls", 454, "4.7.0 TLS not available", "temporary connection tls_unavailable"),
        # the login: the account
        ("auth", 535, "5.7.8 Bad credentials", "permanent account login_refused"),
        ("auth", 535, "5.7.3 Authentication unsuccessful", "permanent account login_refused"),
        ("auth", 534, "5.7.9 Too weak", "permanent account login_refused"),
        ("auth", 432, "4.7.12 Transition needed", "permanent account login_refused"),
        ("auth", 454, "4.7.0 Temporary failure", "temporary rate login_throttled"),
        ("auth", 454, "4.7.0 Too many login attempts", "temporary rate login_throttled"),
        ("auth", 535, "Too many failed login attempts", "temporary rate login_throttled"),
        ("mail", 530, "5.7.57 Client not authenticated", "permanent account login_required"),
        ("rcpt", 550, "5.7.1 Authentication required", "permanent account login_required"),
        # not the server, in words that servers use of themselves
        ("rcpt", 550, "5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", "permanent recipient recipient_refused"),
        ("rcpt", 550, "5.7.1 RESOLVER.RST.AuthRequired; authentication required", "permanent recipient recipient_refused"),
        ("rcpt", 550, "5.7.124 Sender not allowed to send to this group", "permanent recipient recipient_refused"),
        ("dot", 552, "5.3.4 Message exceeds outbound size limit", "permanent message too_big"),
        ("rcpt", 452, "4.2.2 Daily receiving limit, over quota", "temporary recipient mailbox_full"),
        ("rcpt", 450, "4.2.1 Recipient has exceeded its rate limit", "temporary recipient recipient_deferred"),
        ("rcpt", 550, "5.2.1 The user you are trying to contact is receiving mail too quickly", "temporary recipient recipient_deferred"),
        ("rcpt", 550, "5.2.1 Account inactive", "permanent recipient mailbox_disabled"),
        # how much
        ("mail", 421, "4.7.0 Too many messages per session", "temporary connection session_limit"),
        ("rcpt", 450, "4.2.1 Sending rate exceeded", "quota rate rate_limit"),
        ("dot", 454, "Throttling failure: Maximum sending rate exceeded.", "quota rate rate_limit"),
        ("rcpt", 550, "Connection frequency limited", "quota rate rate_limit"),
        ("mail", 550, "5.4.5 Daily user sending limit exceeded.", "quota rate sending_quota"),
        ("mail", 550, "5.7.1 Daily SMTP relay limit exceeded for customer", "quota rate sending_quota"),
        ("rcpt", 550, "5.4.5 Enough for today", "quota rate sending_quota"),
        # the server in the middle of a mail
        ("rcpt", 421, "4.3.0 Shutting down", "temporary connection server_trouble"),
        ("mail", 452, "4.3.1 Insufficient system storage", "temporary connection server_trouble"),
        ("dot", 451, "4.3.0 Queue file write error", "temporary connection server_trouble"),
        ("mail", 503, "5.5.1 Nested MAIL command", "temporary connection out_of_step"),
        # the sender
        ("mail", 553, "5.1.8 Sender domain not found", "permanent sender sender_refused"),
        ("mail", 451, "4.1.8 Domain not resolvable", "temporary sender sender_deferred"),
        ("rcpt", 554, "5.7.1 <a@b.c>: Relay access denied", "permanent sender relay_denied"),
        ("rcpt", 550, "5.7.1 Unable to relay", "permanent sender relay_denied"),
        ("rcpt", 553, "5.7.1 Sender address rejected: not owned by user x", "permanent sender sender_refused"),
        ("dot", 554, "Message rejected: Email address is not verified.", "permanent sender sender_refused"),
        # a recipient
        ("rcpt", 550, "5.1.1 User unknown", "permanent recipient recipient_unknown"),
        ("rcpt", 550, "No such user here", "permanent recipient recipient_unknown"),
        ("rcpt", 556, "5.1.10 Null MX", "permanent recipient domain_unknown"),
        ("rcpt", 550, "5.2.1 Mailbox disabled", "permanent recipient mailbox_disabled"),
        ("rcpt", 553, "Mailbox name not allowed", "permanent recipient recipient_refused"),
        ("rcpt", 450, "4.2.0 Greylisted, see https://x", "temporary recipient greylisted"),
        ("rcpt", 451, "4.7.1 Please try again later", "temporary recipient recipient_deferred"),
        ("rcpt", 451, "4.3.0 Temporary lookup failure", "temporary recipient recipient_deferred"),
        ("rcpt", 452, "4.5.3 Too many recipients", "temporary recipient too_many_recipients"),
        ("rcpt", 452, "4.2.2 Over quota", "temporary recipient mailbox_full"),
        ("dot", 550, "5.2.2 Mailbox full", "permanent recipient mailbox_full"),
        # the message
        ("mail", 552, "5.3.4 Message size exceeds fixed limit", "permanent message too_big"),
        ("rcpt", 552, "5.3.4 Message size exceeds fixed limit", "permanent message too_big"),
        ("dot", 552, "Too large", "permanent message too_big"),
        ("dot", 554, "5.7.1 Looks like spam", "permanent message spam"),
        ("rcpt", 550, "5.7.1 Blocked, see https://www.spamhaus.org/", "permanent message blocklisted"),
        ("dot", 550, "5.7.26 Unauthenticated email", "permanent message not_authenticated"),
        ("dot", 554, "5.6.0 Whatever", "permanent message message_refused"),
        ("dot", 451, "4.0.0 Hm", "temporary message message_deferred"),
        # nothing that can be read
        ("mail", 0, "", "temporary connection dropped"),
        ("rcpt", 999, "?", "temporary connection dropped"),
    ],
)  # fmt: skip
def test_reply_is_judged_by_kind_scope_and_cause(phase, code, text, expected):
    assert judged(phase, code, text) == tuple(expected.split())


def test_552_on_rcpt_is_temporary_as_RFC_5321_wants():
    assert judged("rcpt", 552, "5.2.2 Over quota")[0] == "temporary"


@pytest.mark.parametrize(
    ("phase", "error", "expected"),
    [
        ("resolve", socket.gaierror(-2, "unknown"), "temporary connection unknown_host"),
        ("connect", ConnectionRefusedError(111, "refused"), "temporary connection unreachable"),
        ("connect", TimeoutError("timed out"), "temporary connection timeout"),
        ("rcpt", smtplib.SMTPServerDisconnected("closed"), "temporary connection dropped"),
        ("tls", untrusted(), "permanent connection certificate"),
        ("tls", smtplib.SMTPNotSupportedError("STARTTLS not supported"), "permanent connection tls_unavailable"),
        ("auth", smtplib.SMTPNotSupportedError("SMTP AUTH not supported"), "permanent account login_unavailable"),
        ("mail", smtplib.SMTPNotSupportedError("No SMTPUTF8"), "permanent message not_ascii"),
        ("auth", UnicodeEncodeError("ascii", "ä", 0, 1, "x"), "permanent account login_refused"),
    ],
)  # fmt: skip
def test_network_error_is_judged_by_its_cause(phase, error, expected):
    assert judged(phase, 0, error=error) == tuple(expected.split())


def test_error_that_carries_a_reply_is_judged_by_the_reply():
    error = smtplib.SMTPAuthenticationError(454, b"4.7.0 Later")

    assert judged("auth", 0, error=error) == judged("auth", 454, "4.7.0 Later")


@pytest.mark.parametrize("code", [0, 354, 700])
def test_no_readable_reply_to_the_dot_is_uncertain(code):
    assert judged("dot", code)[0] == "uncertain"


def test_no_rule_makes_an_unanswered_dot_certain():
    rule = Rule("All is well", Kind.TEMPORARY, Scope.MESSAGE, "other")

    assert judged("dot", 0, rules=[rule])[0] == "uncertain"


def test_refusal_of_the_dot_is_certain():
    assert judged("dot", 554)[0] == "permanent"


def test_lost_connection_within_the_content_is_certain():
    error = smtplib.SMTPServerDisconnected("closed")

    assert judged("data", 0, error=error)[0] == "temporary"


@pytest.mark.parametrize(
    ("phase", "scope"), [("rcpt", "recipient"), ("dot", "message")]
)
def test_what_was_taken_is_ok(phase, scope):
    assert judged(phase, 250)[:2] == ("ok", scope)


def test_an_own_rule_comes_before_the_built_in_ones():
    rule = Rule("Ours", Kind.TEMPORARY, Scope.RECIPIENT, "greylisted", codes=(550, 550))

    verdict = judge(Phase.RCPT, Reply(550, "5.1.1 No"), rules=[rule])

    assert (verdict.kind, verdict.rule) == (Kind.TEMPORARY, "Ours")


def test_rule_is_tried_for_its_host_only():
    rule = Rule("Ours", Kind.QUOTA, Scope.RATE, "rate_limit", host="google.com")

    here = judge(Phase.RCPT, Reply(550, ""), [rule], host="smtp.google.com")
    elsewhere = judge(Phase.RCPT, Reply(550, ""), [rule], host="notgoogle.com")

    assert (here.rule, elsewhere.rule) == ("Ours", "Recipient refused")


def test_every_built_in_rule_has_a_known_cause():
    assert {rule.cause for rule in BUILT_IN_RULES} <= {cause.value for cause in Cause}


def test_built_in_rules_have_names_of_their_own():
    names = [rule.name for rule in BUILT_IN_RULES]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("4.2.0 Greylisted, please try again in 300 seconds", 5),
        ("Greylisting in action, please come back in 00:04:30", 4.5),
        ("retry after 10 minutes", 10),
        ("Try again in 1 hour.", 60),
        ("try again in about an hour", 60),
        ("wait 90s", 1.5),
        ("come back in 7 days", 24 * 60),
        ("try again in 0 seconds", 1 / 6),
        ("try again in 99999999999 seconds", None),
        ("try again later", None),
        ("in 3 steps", None),
    ],
)
def test_wait_named_in_a_reply_is_read_and_bounded(text, minutes):
    wait = judge(Phase.MAIL, Reply(451, text)).wait

    assert wait == (minutes and minutes * MINUTE)


def test_wait_named_in_a_final_refusal_counts_for_nothing():
    assert judge(Phase.RCPT, Reply(550, "5.1.1 Gone for 3 days")).wait is None


def test_named_wait_comes_before_the_rules_own():
    assert judge(Phase.RCPT, Reply(450, "Greylisted")).wait == 5 * MINUTE
    assert judge(Phase.RCPT, Reply(450, "Greylisted for 60 s")).wait == MINUTE


def test_lines_of_a_reply_are_joined_without_their_codes():
    assert one_line("5.7.1 Relaying\n5.7.1  is\r\ndenied") == "5.7.1 Relaying is denied"


def test_only_the_start_of_an_endless_reply_is_read():
    assert len(one_line("x " * 1_000_000)) <= 500


@pytest.mark.parametrize(
    ("code", "patterns", "fits"),
    [
        ("5.1.1", "5.1.1", True),
        ("5.1.10", "5.1.1", False),
        ("4.7.12", "x.7.12", True),
        ("5.7.26", "5.1.x, 5.7.x", True),
        ("", "5.7.x", False),
    ],
)
def test_enhanced_code_is_compared_number_by_number(code, patterns, fits):
    assert fits_code(code, patterns) is fits


@pytest.mark.parametrize(
    ("host", "suffix", "within"),
    [
        ("smtp.example.com", "example.com", True),
        ("EXAMPLE.com.", ".example.com", True),
        ("badexample.com", "example.com", False),
        ("mail.other.org", "example.com, other.org", True),
    ],
)
def test_host_is_compared_by_whole_labels(host, suffix, within):
    assert is_within(host, suffix) is within


def test_rule_needs_all_its_conditions():
    rule = Rule(
        "Ours",
        Kind.QUOTA,
        Scope.RATE,
        "rate_limit",
        phases=frozenset({Phase.RCPT}),
        text=compile_pattern("tarpit"),
    )

    names = [
        judge(phase, Reply(550, text), [rule]).rule == "Ours"
        for phase, text in (
            (Phase.RCPT, "Tarpit"),
            (Phase.DOT, "Tarpit"),
            (Phase.RCPT, "No"),
        )
    ]

    assert names == [True, False, False]


@pytest.mark.parametrize(
    ("pasted", "code", "text"),
    [
        ("550 5.1.1 User unknown", 550, "5.1.1 User unknown"),
        ("550-5.1.1 User\n550 5.1.1 unknown\n", 550, "5.1.1 User\n5.1.1 unknown"),
        ("421", 421, ""),
        ("Connection closed", 0, "Connection closed"),
        ("", 0, ""),
    ],
)
def test_pasted_reply_is_read(pasted, code, text):
    assert read_reply(pasted) == Reply(code, text)
