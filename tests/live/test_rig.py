"""The rig itself: its servers do what real ones do, good and bad."""

import imaplib
import os
import poplib
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.paths import ROOT
from tests.rig.certificates import Certificate, CertificateAuthority
from tests.rig.dovecot import Dovecot
from tests.rig.postfix import Postfix
from tests.rig.processes import (
    ManagedProcess,
    RigError,
    accepts,
    free_port,
    wait_until,
)
from tests.rig.pytest_fixtures import HOME, Mailbox

MESSAGE = b"Subject: a lamp is out\r\n\r\nIn Mill Lane.\r\n"


@pytest.fixture
def trust(trust_rig_ca: None) -> ssl.SSLContext:
    """What Python trusts by default while the rig runs."""
    return ssl.create_default_context()


@pytest.fixture
def complainant(dovecot: Dovecot) -> str:
    """The address of somebody in the other domain."""
    address = f"complainant@{HOME}"
    dovecot.add_user(address, "secret")
    dovecot.empty(address)
    return address


def test_imap_in_every_security_mode(mailbox: Mailbox, trust: ssl.SSLContext) -> None:
    mailbox.deliver(MESSAGE)
    server = mailbox.server
    plain = imaplib.IMAP4("localhost", server.imap_port)
    starttls = imaplib.IMAP4("localhost", server.imap_port)
    starttls.starttls(trust)
    implicit = imaplib.IMAP4_SSL("localhost", server.imaps_port, ssl_context=trust)
    for client in (plain, starttls, implicit):
        client.login(mailbox.address, mailbox.password)
        assert client.select() == ("OK", [b"1"])
        client.logout()


def test_pop3_in_every_security_mode(mailbox: Mailbox, trust: ssl.SSLContext) -> None:
    mailbox.deliver(MESSAGE)
    server = mailbox.server
    plain = poplib.POP3("localhost", server.pop3_port)
    starttls = poplib.POP3("localhost", server.pop3_port)
    starttls.stls(trust)
    implicit = poplib.POP3_SSL("localhost", server.pop3s_port, context=trust)
    for client in (plain, starttls, implicit):
        client.user(mailbox.address)
        client.pass_(mailbox.password)
        assert client.stat()[0] == 1
        client.quit()


def test_a_wrong_password_is_refused_at_once(mailbox: Mailbox) -> None:
    client = imaplib.IMAP4("localhost", mailbox.server.imap_port)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login(mailbox.address, "wrong")
    client.shutdown()


def test_numbers_follow_the_order_of_delivery(mailbox: Mailbox) -> None:
    for number in range(200):
        mailbox.deliver(b"Subject: %d\r\n\r\n" % number)
    client = imaplib.IMAP4("localhost", mailbox.server.imap_port)
    client.login(mailbox.address, mailbox.password)
    client.select()
    _, parts = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    subjects = [int(part[1].split()[1]) for part in parts if isinstance(part, tuple)]
    assert subjects == list(range(200))
    client.logout()


def test_what_a_client_does_is_seen_on_disk(mailbox: Mailbox) -> None:
    mailbox.deliver(MESSAGE)
    mailbox.deliver(MESSAGE, folder="Archive/2026")
    client = imaplib.IMAP4("localhost", mailbox.server.imap_port)
    client.login(mailbox.address, mailbox.password)
    client.select()
    client.store("1", "+FLAGS", r"\Seen")
    assert client.select("Archive/2026") == ("OK", [b"1"])
    client.logout()
    assert mailbox.messages("Archive/2026") == [MESSAGE]
    assert mailbox.server.flags(mailbox.address) == ["S"]
    mailbox.server.empty(mailbox.address)
    assert mailbox.messages() == []


def bad_certificates(ca: CertificateAuthority) -> dict[str, Certificate]:
    """Return one certificate for each word that OpenSSL refuses it with."""
    return {
        "expired": ca.issue("localhost", expired=True),
        "Hostname mismatch": ca.issue("mail.elsewhere.example"),
        "self-signed": ca.self_signed("localhost"),
    }


@pytest.mark.parametrize("reason", ["expired", "Hostname mismatch", "self-signed"])
def test_bad_certificates_are_bad(
    reason: str,
    rig_directory: Path,
    certificate_authority: CertificateAuthority,
    trust: ssl.SSLContext,
) -> None:
    certificate = bad_certificates(certificate_authority)[reason]
    server = Dovecot(
        rig_directory / f"bad-{reason[:4]}",
        certificate_authority,
        certificate=certificate,
    ).start()
    try:
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            imaplib.IMAP4_SSL("localhost", server.imaps_port, ssl_context=trust)
    finally:
        server.stop()


@pytest.fixture(params=["starttls", "implicit TLS"])
def submission(
    request: pytest.FixtureRequest,
    postfix: Postfix,
    trust: ssl.SSLContext,
    mailbox: Mailbox,
    complainant: str,
) -> Iterator[smtplib.SMTP]:
    """A connection to either of the ports for people with a password.

    The addresses come first: an open connection knows only those that were there.
    """
    if request.param == "starttls":
        client = smtplib.SMTP("localhost", postfix.submission_port)
        client.starttls(context=trust)
    else:
        client = smtplib.SMTP_SSL("localhost", postfix.smtps_port, context=trust)
    with client:
        yield client


def test_submission_delivers(
    submission: smtplib.SMTP, mailbox: Mailbox, complainant: str
) -> None:
    submission.login(mailbox.address, mailbox.password)
    submission.sendmail(mailbox.address, [complainant], MESSAGE)
    wait_until(lambda: mailbox.server.messages(complainant), what="delivery")
    assert b"a lamp is out" in mailbox.server.messages(complainant)[0]


def test_submission_refuses_a_wrong_password(
    submission: smtplib.SMTP, mailbox: Mailbox
) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submission.login(mailbox.address, "wrong")


def test_submission_refuses_without_login(
    submission: smtplib.SMTP, complainant: str
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        submission.sendmail("anybody@far.example", [complainant], MESSAGE)


def test_mail_to_elsewhere_bounces(submission: smtplib.SMTP, mailbox: Mailbox) -> None:
    submission.login(mailbox.address, mailbox.password)
    submission.sendmail(mailbox.address, ["somebody@far.example"], MESSAGE)
    wait_until(mailbox.messages, what="the bounce")
    assert b"Content-Type: message/delivery-status" in mailbox.messages()[0]


def test_the_internet_reaches_mailboxes_and_nothing_else(
    postfix: Postfix, mailbox: Mailbox
) -> None:
    with smtplib.SMTP("localhost", postfix.smtp_port) as client:
        client.ehlo()
        assert not client.has_extn("auth")
        refused = client.sendmail(
            "complainant@far.example",
            [mailbox.address, f"nobody@{HOME}", "someone@far.example"],
            MESSAGE,
        )
    assert refused[f"nobody@{HOME}"][1].startswith(b"5.1.1")
    assert b"Relay access denied" in refused["someone@far.example"][1]
    wait_until(mailbox.messages, what="delivery")


def test_a_catch_all_leaves_mailboxes_their_mail(
    postfix: Postfix, mailbox: Mailbox, complainant: str
) -> None:
    postfix.add_alias(f"@{HOME}", mailbox.address)
    with smtplib.SMTP("localhost", postfix.smtp_port) as client:
        for recipient in (complainant, f"whoever+1@{HOME}"):
            client.sendmail("a@far.example", [recipient], MESSAGE)
    wait_until(mailbox.messages, what="delivery to the catch-all")
    wait_until(lambda: mailbox.server.messages(complainant), what="delivery")
    assert len(mailbox.messages()) == 1
    del postfix.aliases[f"@{HOME}"]
    postfix.add_alias(complainant, complainant)


def test_a_server_that_cannot_start_says_why(rig_directory: Path) -> None:
    log = rig_directory / "broken.log"
    broken = ManagedProcess("Broken", ["sh", "-c", "echo no disk; exit 3"], log)
    with pytest.raises(RigError, match="(?s)Broken could not start.*no disk"):
        broken.start(ready=lambda: False)


def test_servers_end_when_their_program_is_killed(rig_directory: Path) -> None:
    port = free_port()
    log = rig_directory / "orphan.log"
    program = f"""
import sys, signal
from pathlib import Path
from tests.rig.processes import ManagedProcess, accepts
server = [sys.executable, "-m", "http.server", "-b", "127.0.0.1", "{port}"]
process = ManagedProcess("Orphan", server, Path("{log}"))
process.start(ready=lambda: accepts({port}))
signal.pause()
"""
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    wait_until(lambda: accepts(port), what="the start")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not accepts(port), what="the end of the server")


def test_a_changed_password_counts_at_once(mailbox: Mailbox) -> None:
    mailbox.server.add_user(mailbox.address, "second")
    client = imaplib.IMAP4("localhost", mailbox.server.imap_port)
    client.login(mailbox.address, "second")
    client.logout()
