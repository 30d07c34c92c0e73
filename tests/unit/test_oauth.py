"""A token of an app: asked for once, kept for its time, refused once, shown nowhere."""

import base64
import json
import threading
import time

import pytest
from mgp_core.diagnosis.faults import FaultKind, diagnose
from mgp_core.discovery.https import HttpsFetcher, Refused
from mgp_core.discovery.names import SystemNames
from mgp_core.oauth.registration import (
    AppRegistration,
    Cloud,
    Token,
    TokenFailed,
    TokenFault,
    is_tenant,
)
from mgp_core.oauth.store import TokenSource, TokenStore
from mgp_core.policy.replies import judge
from mgp_core.protocols.smtp import Phase, Reply

from tests.rig.certificates import CertificateAuthority
from tests.rig.scripted_server import ScriptedServer
from tests.rig.token_endpoint import CLIENT_ID, SECRET, TENANT, TokenEndpoint

MAILBOX = "desk@city.example"
HOUR = 3600


@pytest.fixture
def microsoft(certificate_authority):
    with TokenEndpoint(certificate_authority.issue("localhost"), MAILBOX) as endpoint:
        yield endpoint


@pytest.fixture
def source(microsoft, certificate_authority):
    return source_of(microsoft, certificate_authority)


def source_of(microsoft, authority, timeout=3.0, context=None, **values):
    registration = AppRegistration(
        **{
            "tenant": TENANT,
            "client_id": CLIENT_ID,
            "secret": SECRET,
            "login_host": "localhost",
            **values,
        }
    )
    web = HttpsFetcher(
        SystemNames(),
        allow_private=True,
        timeout=timeout,
        context=context or authority.client_context(),
        port=microsoft.port,
    )
    return TokenSource(registration, web, TokenStore())


def failure(source):
    with pytest.raises(TokenFailed) as caught:
        source.token()
    return caught.value


# ------------------------------------------------------------------------ asking for it


def test_token_is_asked_for_as_microsoft_wants_it(microsoft, source):
    token = source.token()

    assert token.value == microsoft.issued[0]
    assert microsoft.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "scope": "https://outlook.office365.com/.default",
        }
    ]
    assert token.seconds == HOUR
    assert token.roles == ["IMAP.AccessAsApp", "SMTP.SendAsApp"]


@pytest.mark.parametrize(
    ("cloud", "host", "scope"),
    [
        (Cloud.GLOBAL, "login.microsoftonline.com", "outlook.office365.com"),
        (Cloud.US_GOVERNMENT, "login.microsoftonline.us", "outlook.office365.us"),
        (Cloud.CHINA, "login.partner.microsoftonline.cn", "partner.outlook.cn"),
    ],
)
def test_each_cloud_has_its_own_host_and_scope(cloud, host, scope):
    registration = AppRegistration(TENANT, CLIENT_ID, SECRET, cloud)

    assert registration.token_url == f"https://{host}/{TENANT}/oauth2/v2.0/token"
    assert registration.fields["scope"] == f"https://{scope}/.default"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("11111111-2222-3333-4444-555555555555", True),
        ("city.onmicrosoft.com", True),
        ("", False),
        ("../common", False),
        ("a/b", False),
        ("a?b", False),
        ("a b", False),
        ("city.example.", False),
        ("x" * 300, False),
    ],
)
def test_tenant_cannot_lead_to_another_page(text, expected):
    assert is_tenant(text) is expected


# ---------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"secret": "wrong-secret-9"}, "AADSTS7000215"),
        ({"client_id": "other"}, "AADSTS700016"),
        ({"tenant": "nowhere.example"}, "AADSTS90002"),
    ],
)
def test_refusal_is_in_microsofts_words(
    microsoft, certificate_authority, values, words
):
    error = failure(source_of(microsoft, certificate_authority, **values))

    assert error.fault is TokenFault.REFUSED
    assert words in error.detail
    assert diagnose(error).kind is FaultKind.TOKEN_REFUSED
    assert diagnose(error).detail == error.detail


def test_secret_that_the_answer_quotes_is_taken_out(microsoft, source):
    told = {"error": "invalid_client", "error_description": f"no: {SECRET}"}
    microsoft.answer = (401, json.dumps(told).encode())

    assert failure(source).detail == "invalid_client: no: •••"


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (503, b"<html>busy</html>"),
        (429, b"{}"),
        (200, b"no json"),
        (200, b"[]"),
        (200, b'{"access_token": ""}'),
        (200, b'{"access_token": 7}'),
        (200, b'{"access_token": "a\\r\\nMAIL FROM:<x>"}'),
        (200, b'{"access_token": "a b"}'),
        (200, json.dumps({"access_token": "x" * 20_000}).encode()),
        (200, b"x" * 100_000),
    ],
    ids=lambda answer: repr(answer)[:40],
)
def test_answer_without_a_token_is_tried_again_later(microsoft, source, answer):
    microsoft.answer = answer

    error = failure(source)

    assert error.fault is TokenFault.UNAVAILABLE
    assert diagnose(error).kind is FaultKind.TOKEN_UNAVAILABLE


def test_redirect_takes_the_secret_nowhere(microsoft, source):
    microsoft.answer = (302, b"")

    assert failure(source).fault is TokenFault.REFUSED
    assert len(microsoft.asked) == 1


def test_secret_is_sent_to_nobody_who_has_not_proven_who_he_is(
    microsoft, certificate_authority, tmp_path
):
    other = CertificateAuthority(tmp_path).client_context()
    source = source_of(microsoft, certificate_authority, context=other)

    error = failure(source)

    assert "certificate" in error.detail
    assert error.fault is TokenFault.UNAVAILABLE
    assert microsoft.asked == []


def test_endpoint_that_says_nothing_is_given_up_in_time(certificate_authority):
    with ScriptedServer() as silent:
        source = source_of(silent, certificate_authority, timeout=0.5)
        started = time.monotonic()
        error = failure(source)

    assert time.monotonic() - started < 3
    assert error.fault is TokenFault.UNAVAILABLE
    assert error.detail == "localhost: timed out"


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(1200, 1200), ("1200", 1200), (None, 1800), ("soon", 1800), (10**9, 86400)],
)
def test_life_of_a_token_is_what_the_answer_says_within_reason(
    microsoft, source, told, seconds
):
    answer = {"access_token": "token", "expires_in": told}
    microsoft.answer = (200, json.dumps(answer).encode())

    assert source.token().seconds == seconds


@pytest.mark.parametrize(
    "value", ["token", "a.b.c", "a.e30.c", "a." + "bm8" + ".c", "é.é.é"]
)
def test_token_that_tells_nothing_has_no_roles(value):
    assert Token.of(value, HOUR).roles in (None, [])


@pytest.mark.parametrize("roles", ["SMTP.SendAsApp", {"a": 1}, 7])
def test_roles_that_are_no_list_are_not_told(roles):
    claims = base64.urlsafe_b64encode(json.dumps({"roles": roles}).encode()).decode()

    assert Token.of(f"a.{claims}.c", HOUR).roles is None


def test_many_sessions_that_begin_together_ask_once(microsoft, source):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(source.token())) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(found) == 16
    assert len(microsoft.asked) == 1


def test_failure_is_not_held_against_who_comes_later(microsoft, source):
    microsoft.fault = "secret"
    failure(source)
    microsoft.fault = None

    assert source.token().value == microsoft.issued[0]


# ---------------------------------------------------------------- secrecy, and the mail


def test_secret_and_token_show_nowhere(source):
    token = source.token()

    shown = f"{source!r}{source.registration!r}{token!r}{source.store!r}"

    assert SECRET not in shown
    assert token.value not in shown


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (TokenFault.REFUSED, "permanent account login_refused"),
        (TokenFault.UNAVAILABLE, "temporary account login_unavailable"),
    ],
)
def test_mail_waits_or_goes_another_way_without_a_token(fault, expected):
    verdict = judge(Phase.AUTH, Reply(0, ""), error=TokenFailed(fault, "no"))

    assert f"{verdict.kind.value} {verdict.scope.value} {verdict.cause}" == expected
    assert verdict.is_fault_of_server


def test_form_goes_only_where_it_was_meant_to(source):
    with pytest.raises(Refused):
        source.web.post("http://localhost/token", {"secret": SECRET}, 100)
