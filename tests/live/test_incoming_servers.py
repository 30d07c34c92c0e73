"""Incoming servers against a real Dovecot: every protocol, every security."""

import pytest

from odoo.exceptions import UserError

from tests.live.live_case import (
    fetch,
    incoming,
    incoming_at,
    letter,
    process,
    rows_of,
)
from tests.rig.dovecot import Dovecot
from tests.rig.lying_servers import LyingImap
from tests.rig.processes import free_port
from tests.rig.pytest_fixtures import Mailbox

READ_ONLY = (
    *(b"* 1 EXISTS", b"* OK [UIDVALIDITY 42] ok", b"* OK [UIDNEXT 2] ok"),
    b"<tag> OK [READ-ONLY] done",
)
EVERY_WAY = [
    (kind, security)
    for kind in ("imap", "pop")
    for security in ("none", "starttls", "ssl")
]


@pytest.mark.parametrize(("kind", "security"), EVERY_WAY)
def test_good_server_is_confirmed(env, mailbox, kind, security):
    mailbox.deliver(letter("One"))
    server = incoming(env, mailbox, kind, security)

    action = server.button_confirm_login()

    assert server.state == "done"
    assert "Messages in it: 1" in action["params"]["message"]


@pytest.mark.parametrize(("kind", "security"), EVERY_WAY)
def test_mail_becomes_tickets_once(odoo_case, env, mailbox, kind, security):
    mailbox.deliver(letter("First", "<1@home.example>"))
    mailbox.deliver(letter("Second", "<2@home.example>"))
    server = incoming(env, mailbox, kind, security, state="done")

    for _run in range(2):
        assert fetch(odoo_case, server) is None
        process(odoo_case)

    rows = rows_of(server)
    assert rows.mapped("state") == ["done", "done"]
    assert [row._visible_record().subject for row in rows] == ["First", "Second"]
    assert all(row.acknowledged_at for row in rows)


def test_imap_message_is_marked_read_and_stays(odoo_case, env, mailbox):
    mailbox.deliver(letter("One"))

    fetch(odoo_case, incoming(env, mailbox, "imap", "ssl", state="done"))

    assert mailbox.server.flags(mailbox.address) == ["S"]


def test_pop_message_leaves_the_server(odoo_case, env, mailbox):
    mailbox.deliver(letter("One"))

    fetch(odoo_case, incoming(env, mailbox, "pop", "ssl", state="done"))

    assert mailbox.messages() == []


def test_L1_pop_message_whose_processing_raises_is_in_the_journal(
    odoo_case, env, mailbox
):
    raw = letter("Nobody knows where to").replace(b"\n", b"\r\n")
    mailbox.deliver(raw)
    server = incoming(env, mailbox, "pop", "ssl", state="done", object_id=False)

    fetch(odoo_case, server)
    process(odoo_case)

    assert mailbox.messages() == []
    row = rows_of(server)
    assert row.state == "quarantined"
    assert env["mail.gateway.raw"]._read(row.id) == raw


def test_journal_holds_what_the_mailbox_held(odoo_case, env, mailbox):
    raw = letter("Bytes").replace(b"\n", b"\r\n") + b"caf\xe9 end\r\n"
    mailbox.deliver(raw)
    server = incoming(env, mailbox, "imap", "ssl", state="done")

    fetch(odoo_case, server)

    assert env["mail.gateway.raw"]._read(rows_of(server).id) == raw


def test_message_of_two_megabytes_is_kept_whole(odoo_case, env, mailbox):
    raw = (letter("Big") + b"0123456789abcde\n" * 131_072).replace(b"\n", b"\r\n")
    mailbox.deliver(raw)
    server = incoming(env, mailbox, "imap", "ssl", state="done")

    fetch(odoo_case, server)

    assert env["mail.gateway.raw"]._read(rows_of(server).id) == raw


def test_other_folder_is_read(odoo_case, env, mailbox):
    mailbox.deliver(letter("In the inbox"))
    mailbox.deliver(letter("In the folder"), folder="Beschwerden/Strasse")
    server = incoming(env, mailbox, "imap", "ssl", folder="Beschwerden/Strasse")
    server.button_confirm_login()

    fetch(odoo_case, server)

    assert rows_of(server).mapped("subject") == ["In the folder"]


def test_more_messages_than_a_batch_all_arrive(odoo_case, env, mailbox):
    for number in range(45):
        mailbox.deliver(letter(f"No. {number}", f"<{number}@home.example>"))
    server = incoming(env, mailbox, "imap", "ssl", state="done")

    fetch(odoo_case, server)

    assert rows_of(server).mapped("subject") == [f"No. {n}" for n in range(45)]
    assert mailbox.server.flags(mailbox.address) == ["S"] * 45


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_wrong_password_is_explained(env, mailbox, kind):
    server = incoming(env, mailbox, kind, "ssl", password="wrong")

    with pytest.raises(UserError, match="does not accept the user name or"):
        server.button_confirm_login()

    assert server.state == "draft"


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_S9_password_beyond_ascii_logs_in(env, mailbox, kind):
    mailbox.server.add_user(mailbox.address, "Schlüssel")
    server = incoming(env, mailbox, kind, "ssl", password="Schlüssel")

    server.button_confirm_login()

    assert server.state == "done"


def test_S10_missing_folder_is_explained(env, mailbox):
    server = incoming(env, mailbox, "imap", "ssl", folder="No such folder")

    with pytest.raises(UserError, match="the folder cannot be opened"):
        server.button_confirm_login()


@pytest.mark.parametrize(
    "values",
    [{"after_fetch": "read"}, {"delete_from_server": True}, {"failed_folder": "Bad"}],
)
def test_S10_folder_in_which_nothing_may_be_changed_is_refused(env, values):
    leave = {"after_fetch": "leave", "state": "draft"}
    with LyingImap({1: letter("One")}) as imap:
        imap.lie(rb"SELECT|EXAMINE", instead=READ_ONLY)
        server = incoming_at(env, "imap", imap.port, **leave)
        server.button_confirm_login()
        server.write({"state": "draft", **values})

        with pytest.raises(UserError, match="can be read but not written"):
            server.button_confirm_login()

    assert server.state == "draft"


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_closed_port_is_explained(env, mailbox, kind):
    server = incoming(env, mailbox, kind, "ssl", port=free_port())

    with pytest.raises(UserError, match="Nothing listens on that port"):
        server.button_confirm_login()


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_tls_on_the_port_without_is_explained(env, mailbox, kind):
    plain = incoming(env, mailbox, kind, "none").port
    server = incoming(env, mailbox, kind, "ssl", port=plain)

    with pytest.raises(UserError, match="does not speak TLS on this port"):
        server.button_confirm_login()


@pytest.fixture(scope="module", params=["expired", "other host", "self-signed"])
def distrusted(request, rig_directory, certificate_authority, trust_rig_ca):
    """A Dovecot with a bad certificate, and what is said about it."""
    issue = certificate_authority.issue
    certificate, words = {
        "expired": lambda: (issue("localhost", expired=True), "is not valid today"),
        "other host": lambda: (issue("other.example"), "belongs to another name"),
        "self-signed": lambda: (
            certificate_authority.self_signed("localhost"),
            "not issued by an authority",
        ),
    }[request.param]()
    directory = rig_directory / request.param.replace(" ", "-")
    server = Dovecot(directory, certificate_authority, certificate=certificate)
    server.add_user("box", "secret")
    server.start()
    yield Mailbox("box", "secret", server), words
    server.stop()


@pytest.mark.parametrize(
    ("kind", "security"),
    [way for way in EVERY_WAY if way[1] != "none"],
)
class TestBadCertificate:
    def test_is_refused_and_explained(self, env, distrusted, kind, security):
        mailbox, words = distrusted
        server = incoming(env, mailbox, kind, security)

        with pytest.raises(UserError, match=words):
            server.button_confirm_login()

        assert server.state == "draft"

    def test_is_accepted_where_it_is_not_checked(self, env, distrusted, kind, security):
        mailbox, _words = distrusted
        server = incoming(env, mailbox, kind, security, verify_certificate=False)

        server.button_confirm_login()

        assert server.state == "done"


def test_S1_fetching_refuses_a_bad_certificate_too(odoo_case, env, distrusted):
    mailbox, words = distrusted
    mailbox.deliver(letter("Not to be read"))
    server = incoming(env, mailbox, "imap", "ssl", state="done")

    fetch(odoo_case, server)

    assert not rows_of(server)
    assert words in server.error_message


def with_token(env, mailbox, kind):
    """Return a server of google_gmail or microsoft_outlook that has its token."""
    token = "google_gmail" if kind == "gmail" else "microsoft_outlook"
    return incoming(
        env,
        mailbox,
        "imap",
        "ssl",
        server_type=kind,
        password=False,
        **{
            f"{token}_access_token": "token",
            f"{token}_access_token_expiration": 2_000_000_000,
            f"{token}_refresh_token": "token",
        },
    )


@pytest.mark.parametrize("kind", ["gmail", "outlook"])
def test_oauth_server_with_a_bad_certificate_gets_no_token(env, distrusted, kind):
    mailbox, words = distrusted
    server = with_token(env, mailbox, kind)

    with pytest.raises(UserError, match=words):
        server.button_confirm_login()


@pytest.mark.parametrize("kind", ["gmail", "outlook"])
def test_oauth_server_logs_in_with_its_token(env, mailbox, kind):
    # The rig's Dovecot knows no XOAUTH2, and says so only after the verified TLS
    # connection stands and the addon's own login hook was called.
    server = with_token(env, mailbox, kind)

    with pytest.raises(UserError, match="(?i)unsupported authentication mechanism"):
        server.button_confirm_login()
