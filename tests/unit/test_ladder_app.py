"""The ladder for a login as an app: its token, its rights, and what Exchange says."""

import base64
import json

import pytest
from mgp_core.diagnosis.advice_keys import Advice
from mgp_core.diagnosis.ladder import Climb
from mgp_core.diagnosis.steps import Protocol, Step, StepState, Target
from mgp_core.discovery.https import HttpsFetcher
from mgp_core.discovery.names import SystemNames
from mgp_core.oauth.registration import AppRegistration
from mgp_core.oauth.store import TokenSource, TokenStore
from mgp_core.protocols.dial import LoginStep
from mgp_core.protocols.endpoint import Endpoint, Security

from tests.rig.scripted_server import Expect, ScriptedServer, Send
from tests.rig.token_endpoint import CLIENT_ID, SECRET, TENANT, TokenEndpoint

USER = "desk@city.example"
# What Exchange says, as a challenge that wants an empty answer.
CHALLENGE = base64.b64encode(b'{"status":"400","schemes":"Bearer","scope":""}')
SMTP = (Send(b"220 ready"), Expect(b"ehlo .*", b"250-rig", b"250 AUTH XOAUTH2"))
IMAP = (
    Send(b"* OK ready"),
    Expect(rb"\w+ CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2", b"<tag> OK x"),
)


@pytest.fixture
def microsoft(certificate_authority):
    with TokenEndpoint(certificate_authority.issue("localhost"), USER) as endpoint:
        yield endpoint


@pytest.fixture
def climb(microsoft, certificate_authority):
    """Return a function that examines a server which follows a script."""
    web = HttpsFetcher(
        SystemNames(),
        allow_private=True,
        context=certificate_authority.client_context(),
        port=microsoft.port,
    )

    def climb(protocol, *script, **values):
        registration = AppRegistration(
            values.get("tenant", TENANT),
            values.get("client_id", CLIENT_ID),
            SECRET,
            login_host="localhost",
        )
        source = TokenSource(registration, web, TokenStore())
        with ScriptedServer(*script) as server:
            endpoint = Endpoint("127.0.0.1", server.port, Security.NONE, timeout=3)
            login = (LoginStep("app", (USER, source)),)
            target = Target(
                protocol, endpoint, user=USER, secrets=(SECRET,), login=login
            )
            one = Climb(target, seconds=20)
            results = {result.step: result for result in one.climb()}
        return one, results, server

    return climb


@pytest.mark.parametrize(
    ("protocol", "script"),
    [
        (
            Protocol.SMTP,
            (*SMTP, Expect(b"AUTH XOAUTH2 .*", b"235 2.7.0 Ok"), Expect(b"mail.*")),
        ),
        (
            Protocol.IMAP,
            (
                *IMAP,
                Expect(rb"\w+ AUTHENTICATE XOAUTH2", b"+ "),
                Expect(rb".*", b"<tag> OK done"),
            ),
        ),
    ],
    ids=["smtp", "imap"],
)
def test_token_is_fetched_shown_in_its_rights_and_used(
    climb, microsoft, protocol, script
):
    one, results, server = climb(protocol, *script)

    token = results[Step.TOKEN]
    assert token.state is StepState.OK
    assert token.details["minutes"] == 60
    assert token.details["role"] in token.details["roles"]
    assert results[Step.LOGIN].state is StepState.OK
    [issued] = microsoft.issued
    response = f"user={USER}\1auth=Bearer {issued}\1\1".encode()
    assert base64.b64encode(response) in server.received
    assert issued not in f"{one.transcript}{results}{one.target}"
    assert base64.b64encode(response).decode() not in str(one.transcript)


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("secret", Advice.APP_SECRET_WRONG),
        ("expired", Advice.APP_SECRET_EXPIRED),
        ("tenant", Advice.APP_TENANT_UNKNOWN),
        ("app", Advice.APP_UNKNOWN),
    ],
)
def test_app_that_microsoft_refuses_is_explained(climb, microsoft, fault, advice):
    microsoft.fault = fault

    one, results, _server = climb(Protocol.SMTP, *SMTP)

    assert (results[Step.TOKEN].state, results[Step.TOKEN].advice) == (
        StepState.FAILED,
        advice,
    )
    assert "AADSTS" in results[Step.TOKEN].words
    assert results[Step.LOGIN].state is StepState.SKIPPED
    assert SECRET not in f"{one.transcript}{results}{one.target}"


def test_right_that_was_not_granted_is_named(climb, microsoft):
    microsoft.roles = ("IMAP.AccessAsApp",)
    refused = Expect(b"AUTH XOAUTH2 .*", b"535 5.7.3 Authentication unsuccessful")

    _one, results, _server = climb(Protocol.SMTP, *SMTP, refused)

    token = results[Step.TOKEN]
    assert (token.state, token.advice) == (StepState.WARNING, Advice.APP_NO_CONSENT)
    assert token.details["role"] == "SMTP.SendAsApp"


@pytest.mark.parametrize(
    ("protocol", "script"),
    [
        (
            Protocol.SMTP,
            (
                *SMTP,
                Expect(
                    b"AUTH XOAUTH2 .*",
                    b"535 5.7.3 Authentication unsuccessful [FR0P281CA0123]",
                ),
            ),
        ),
        (
            Protocol.SMTP,
            (
                *SMTP,
                Expect(b"AUTH XOAUTH2 .*", b"334 " + CHALLENGE),
                Expect(b"", b"535 5.7.3 Authentication unsuccessful"),
            ),
        ),
        (
            Protocol.IMAP,
            (
                *IMAP,
                Expect(rb"\w+ AUTHENTICATE XOAUTH2", b"+ "),
                Expect(rb".+", b"+ " + CHALLENGE),
                Expect(rb"", b"<tag> NO AUTHENTICATE failed."),
            ),
        ),
        (
            Protocol.IMAP,
            (
                *IMAP,
                Expect(rb"\w+ AUTHENTICATE XOAUTH2", b"+ "),
                Expect(rb".+", b"<tag> BAD User is authenticated but not connected."),
            ),
        ),
    ],
    ids=["smtp", "smtp with a challenge", "imap with a challenge", "not connected"],
)
def test_mailbox_that_does_not_let_the_app_in_is_explained(
    climb, microsoft, protocol, script
):
    _one, results, _server = climb(protocol, *script)

    assert results[Step.TOKEN].state is StepState.OK
    login = results[Step.LOGIN]
    assert (login.state, login.advice) == (StepState.FAILED, Advice.APP_NO_MAILBOX)
    assert len(microsoft.issued) == 1  # another would fare no better


def test_token_that_the_server_quotes_is_hidden(climb, microsoft):
    seen = []

    class Quoting:
        def play(self, conversation):
            line = conversation.read_line()
            seen.append(line)
            token = microsoft.issued[0].encode()
            conversation.send(b"535 5.7.3 no: " + token + b" " + line[-20:] + b"\r\n")

    one, results, _server = climb(Protocol.SMTP, *SMTP, Quoting())

    told = f"{one.transcript}{results}"
    assert "535 5.7.3 no" in told
    assert microsoft.issued[0] not in told


def test_service_that_is_down_is_told_apart_from_a_refusal(climb, microsoft):
    microsoft.answer = (503, json.dumps({"error": "temporarily_unavailable"}).encode())

    _one, results, _server = climb(Protocol.SMTP, *SMTP)

    assert results[Step.TOKEN].advice is Advice.TOKEN_UNAVAILABLE
