"""How to reach a mailbox is collected before it is reached."""

import pytest
from mgp_core.protocols.dial import Dial, LoginRecord
from mgp_core.protocols.endpoint import Endpoint

ENDPOINT = Endpoint("mail.example", 993)


class Login:
    """Notes how it is logged in; a login with "wrong" fails."""

    def __init__(self, calls):
        self.calls = calls

    def login(self, user, password):
        self.calls.append(("login", user, password))
        if password == "wrong":
            raise PermissionError

    def authenticate(self, mechanism, authobject):
        self.calls.append(("authenticate", mechanism, authobject))


class Connection:
    """A mailbox that notes what is done with it."""

    def __init__(self, endpoint, line):
        self.calls = [("connect", endpoint)]
        self.login = Login(self.calls)
        Connection.latest = self

    def abandon(self):
        self.calls.append(("abandon",))


def dial(hook):
    """Return the dial that a login hook makes."""
    record = LoginRecord()
    hook(record)
    return Dial(Connection, ENDPOINT, tuple(record.steps))


def test_login_is_done_as_the_hook_said_after_connecting():
    mailbox = dial(lambda connection: connection.login("jane", "secret")).connect()

    assert mailbox.calls == [("connect", ENDPOINT), ("login", "jane", "secret")]


def test_oauth_hook_of_odoo_is_understood():
    def answer(challenge):
        return "token"

    def hook(connection):  # google_gmail/models/fetchmail_server.py
        connection.authenticate("XOAUTH2", answer)
        connection.select("INBOX")

    mailbox = dial(hook).connect()

    assert mailbox.calls[1:] == [("authenticate", "XOAUTH2", answer)]


def test_connection_is_dropped_when_the_login_fails():
    with pytest.raises(PermissionError):
        dial(lambda connection: connection.login("jane", "wrong")).connect()

    assert Connection.latest.calls[-1] == ("abandon",)


def test_secret_is_not_shown():
    shown = repr(dial(lambda connection: connection.login("jane", "hidden-word")))

    assert "hidden-word" not in shown
