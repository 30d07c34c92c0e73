"""Each real reply and each kind of failure gets the advice that helps."""

import pytest
from mgp_core.diagnosis.advice_keys import Advice
from mgp_core.diagnosis.catalogue import Problem, advise
from mgp_core.diagnosis.faults import FaultKind
from mgp_core.diagnosis.steps import Protocol, Step, Target
from mgp_core.protocols.dial import LoginStep
from mgp_core.protocols.endpoint import Endpoint, Security

from tests.rig.token_endpoint import WORDS
from tests.unit.recorded_replies import REPLIES

# What no reply is about: what the ladder sees by itself.
FAULTS = [
    (Step.RESOLVE, FaultKind.UNKNOWN_HOST, "", {}, Advice.UNKNOWN_HOST),
    (Step.CONNECT, FaultKind.REFUSED, "", {}, Advice.REFUSED),
    (Step.CONNECT, FaultKind.UNREACHABLE, "", {}, Advice.UNREACHABLE),
    (Step.CONNECT, FaultKind.TIMEOUT, "", {}, Advice.TIMEOUT),
    (Step.LOGIN, FaultKind.TIMEOUT, "", {}, Advice.TIMEOUT),
    (Step.CAPABILITIES, FaultKind.DROPPED, "", {}, Advice.DROPPED),
    (Step.TLS, FaultKind.TLS_MISMATCH, "", {}, Advice.TLS_MISMATCH),
    (Step.TLS, FaultKind.TIMEOUT, "", {}, Advice.TLS_MISMATCH),
    (Step.TLS, FaultKind.TLS_MISSING, "", {}, Advice.TLS_MISSING),
    (Step.TLS, FaultKind.TLS_FAILED, "", {}, Advice.TLS_FAILED),
    (
        Step.GREETING,
        FaultKind.TIMEOUT,
        "",
        {"security": Security.STARTTLS, "port": 465},
        Advice.PLAIN_ON_TLS_PORT,
    ),
    (Step.GREETING, FaultKind.TIMEOUT, "", {"port": 25}, Advice.TIMEOUT),
    (Step.TLS, FaultKind.CERTIFICATE_EXPIRED, "", {}, Advice.CERTIFICATE_EXPIRED),
    (Step.TLS, FaultKind.CERTIFICATE_HOST, "", {}, Advice.CERTIFICATE_HOST),
    (
        Step.TLS,
        FaultKind.CERTIFICATE_UNTRUSTED,
        "self-signed certificate",
        {},
        Advice.CERTIFICATE_SELF_SIGNED,
    ),
    (
        Step.TLS,
        FaultKind.CERTIFICATE_UNTRUSTED,
        "unable to get local issuer certificate",
        {},
        Advice.CERTIFICATE_UNTRUSTED,
    ),
    (
        Step.LOGIN,
        FaultKind.LOGIN_NEEDS_TLS,
        "LOGINDISABLED",
        {},
        Advice.LOGIN_NEEDS_TLS,
    ),
    (
        Step.LOGIN,
        FaultKind.FEATURE_MISSING,
        "SMTP AUTH extension not supported by server.",
        {"security": Security.NONE},
        Advice.LOGIN_NEEDS_TLS,
    ),
    (Step.PROXY, FaultKind.PROXY_UNREACHABLE, "", {}, Advice.PROXY_UNREACHABLE),
    (Step.PROXY, FaultKind.PROXY_NEEDS_LOGIN, "407", {}, Advice.PROXY_NEEDS_LOGIN),
    (Step.PROXY, FaultKind.PROXY_LOGIN_REFUSED, "", {}, Advice.PROXY_LOGIN_REFUSED),
    (
        Step.PROXY,
        FaultKind.PROXY_FORBIDS,
        "403 Mail relay blocked",
        {},
        Advice.PROXY_FORBIDS,
    ),
    (Step.PROXY, FaultKind.PROXY_NO_WAY, "", {}, Advice.PROXY_NO_WAY),
    (Step.PROXY, FaultKind.PROXY_NOT_SPOKEN, "220", {}, Advice.PROXY_NOT_SPOKEN),
    (Step.TOKEN, FaultKind.TOKEN_UNAVAILABLE, "", {}, Advice.TOKEN_UNAVAILABLE),
    (
        Step.TOKEN,
        FaultKind.TOKEN_REFUSED,
        "invalid_grant: AADSTS53003: Access has been blocked by Conditional Access "
        "policies.",
        {},
        Advice.APP_REFUSED,
    ),
    (Step.FOLDERS, FaultKind.OTHER, "a surprise", {}, Advice.OTHER),
]
# What a step says by itself, whatever the catalogue knows.
OF_STEPS = {
    Advice.ADDRESS_DEAD,
    Advice.APP_NO_CONSENT,
    Advice.BANNER_REWRITTEN,
    Advice.CERTIFICATE_ENDS,
    Advice.DIRECT_WORKS,
    Advice.FOLDER_READ_ONLY,
    Advice.NOT_ENCRYPTED,
    Advice.NOT_VERIFIED,
    Advice.TLS_STRIPPED,
    Advice.TOKEN_MISSING,
    Advice.WAYS_DIFFER,
}
# What only a login as an app is told.
OF_APPS = [
    ("smtp", "535 5.7.3 Authentication unsuccessful [FR0P281CA0123.DEUP281]"),
    ("imap", "AUTHENTICATE failed."),
    ("imap", "User is authenticated but not connected."),
]
OAUTH_REPLY = "535 5.7.8 Username and Password not accepted - gsmtp"


def problem(protocol, host, step, kind, words, port=0, security=Security.SSL, login=()):
    target = Target(protocol, Endpoint(host, port, security), login=login)
    return Problem.of(step, target, kind, Exception(words), words)


@pytest.mark.parametrize(
    ("protocol", "host", "step", "kind", "words", "advice"),
    REPLIES,
    ids=[words[:60] for *_, words, _advice in REPLIES],
)
def test_reply_gets_its_advice(protocol, host, step, kind, words, advice):
    assert advise(problem(protocol, host, step, kind, words)) is advice


@pytest.mark.parametrize(("step", "kind", "words", "values", "advice"), FAULTS)
def test_failure_without_a_reply_gets_its_advice(step, kind, words, values, advice):
    found = problem(Protocol.SMTP, "mail.city.example", step, kind, words, **values)

    assert advise(found) is advice


def test_refused_token_is_not_told_to_be_a_wrong_password():
    login = (LoginStep("authenticate", ("XOAUTH2", "token")),)

    found = problem(
        Protocol.SMTP,
        "smtp.gmail.com",
        Step.LOGIN,
        FaultKind.LOGIN_REFUSED,
        OAUTH_REPLY,
        login=login,
    )

    assert advise(found) is Advice.TOKEN_REFUSED


@pytest.mark.parametrize(("protocol", "words"), OF_APPS)
def test_app_that_a_mailbox_does_not_let_in_is_told_what_exchange_needs(
    protocol, words
):
    found = problem(
        Protocol(protocol),
        "outlook.office365.com",
        Step.LOGIN,
        FaultKind.LOGIN_REFUSED,
        words,
        login=(LoginStep("app", ("desk@city.example", None)),),
    )

    assert advise(found) is Advice.APP_NO_MAILBOX


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (WORDS["secret"], Advice.APP_SECRET_WRONG),
        (WORDS["expired"], Advice.APP_SECRET_EXPIRED),
        (WORDS["tenant"], Advice.APP_TENANT_UNKNOWN),
        (WORDS["app"], Advice.APP_UNKNOWN),
        (
            (
                "invalid_request",
                "AADSTS900023: Specified tenant identifier 'x' is neither a valid DNS "
                "name, nor a valid external domain.",
            ),
            Advice.APP_TENANT_UNKNOWN,
        ),
        (
            (
                "invalid_client",
                "AADSTS7000229: The client application x is missing service principal "
                "in the tenant y.",
            ),
            Advice.APP_UNKNOWN,
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_refused_app_is_told_by_microsofts_code(words, advice):
    told = ": ".join(words)
    found = problem(
        Protocol.SMTP, "smtp.office365.com", Step.TOKEN, FaultKind.TOKEN_REFUSED, told
    )

    assert advise(found) is advice


def test_every_advice_is_tested():
    tested = {advice for *_, advice in [*REPLIES, *FAULTS]}
    of_apps = {
        Advice.APP_NO_MAILBOX,
        Advice.APP_SECRET_EXPIRED,
        Advice.APP_SECRET_WRONG,
        Advice.APP_TENANT_UNKNOWN,
        Advice.APP_UNKNOWN,
    }

    assert tested | OF_STEPS | of_apps | {Advice.TOKEN_REFUSED} == set(Advice)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("kind", FaultKind)
def test_every_failure_gets_some_advice(step, kind):
    assert advise(problem(Protocol.IMAP, "mail.city.example", step, kind, "")) in Advice
