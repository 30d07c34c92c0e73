"""Logins with a token: a refused one is told as such, and shows nowhere."""

import base64

import pytest
from mgp_core.diagnosis.advice_keys import Advice
from mgp_core.diagnosis.ladder import Climb
from mgp_core.diagnosis.steps import Protocol, Step, Target
from mgp_core.protocols.dial import LoginStep
from mgp_core.protocols.endpoint import Endpoint, Security

from tests.rig.scripted_server import Expect, ScriptedServer, Send

USER = "me@city.example"
TOKEN = "ya29.a0AfH6SMB-token"
RESPONSE = f"user={USER}\1auth=Bearer {TOKEN}\1\1"
ENCODED = base64.b64encode(RESPONSE.encode()).decode()
# What Google and Microsoft say, as a challenge that wants an empty answer.
ERROR = base64.b64encode(b'{"status":"400","schemes":"Bearer"}')

SMTP_STEP = LoginStep("authenticate", ("XOAUTH2", ENCODED))
IMAP_STEP = LoginStep("authenticate", ("XOAUTH2", lambda _challenge: RESPONSE))
SMTP_REFUSAL = (
    Send(b"220 ready"),
    Expect(b"ehlo .*", b"250-rig", b"250 AUTH XOAUTH2"),
    Expect(b"AUTH XOAUTH2 .*", b"334 " + ERROR),
    Expect(b"", b"535 5.7.8 not accepted: " + ENCODED.encode() + b" " + TOKEN.encode()),
    Expect(b"quit", b"221 Bye"),
)
CAPABILITY = Expect(
    rb"\w+ CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2", b"<tag> OK done"
)
IMAP_REFUSAL = (
    Send(b"* OK ready"),
    CAPABILITY,
    Expect(rb"\w+ AUTHENTICATE XOAUTH2", b"+ "),
    Expect(rb".*", b"<tag> NO [AUTHENTICATIONFAILED] " + TOKEN.encode()),
)


@pytest.mark.parametrize(
    ("protocol", "step", "script"),
    [
        (Protocol.SMTP, SMTP_STEP, SMTP_REFUSAL),
        (Protocol.IMAP, IMAP_STEP, IMAP_REFUSAL),
    ],
    ids=["smtp", "imap"],
)
def test_refused_token_is_told_as_such_and_shows_nowhere(protocol, step, script):
    with ScriptedServer(*script) as server:
        endpoint = Endpoint("127.0.0.1", server.port, Security.NONE, timeout=3)
        one = Climb(Target(protocol, endpoint, user=USER, login=(step,)), seconds=10)
        results = {result.step: result for result in one.climb()}

    login = results[Step.LOGIN]
    assert login.advice is Advice.TOKEN_REFUSED
    told = f"{one.transcript}{results}"
    assert TOKEN not in told
    assert ENCODED not in told
    assert "AUTH" in told
