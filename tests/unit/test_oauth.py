"""A token of an app: asked for once, kept for its time, refused once, shown nowhere."""

import base64
import json
import threading
import time

import pytest
from mgp_core.diagnosis.faults import FaultKind, diagnose
from mgp_core.discovery.https import HttpsFetcher, Refused
from mgp_core.discovery.names import SystemNames
from mgp_core.oauth.login import log_in_with_token, xoauth2
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


class Clock:
    """Monotonic time that a test sets."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


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


# --------------------------------------------------------------------------- keeping it


def kept(clock, seconds=HOUR):
    """Return a store's way to get a token, and the tokens that were fetched."""
    store, fetched = TokenStore(clock), []

    def fetch():
        fetched.append(Token.of(f"token {len(fetched)}", seconds, clock()))
        return fetched[-1]

    return store, fetch, fetched


def test_token_is_used_until_shortly_before_its_end():
    clock = Clock()
    store, fetch, fetched = kept(clock)
    for moment in (0, 100, HOUR - 301):
        clock.now = 1000.0 + moment
        assert store.get("app", fetch) is fetched[0]

    clock.now = 1000.0 + HOUR - 299

    assert store.get("app", fetch) is fetched[1]


def test_token_with_a_short_life_is_used_for_half_of_it():
    clock = Clock()
    store, fetch, fetched = kept(clock, seconds=60)
    store.get("app", fetch)
    clock.now += 29
    assert store.get("app", fetch) is fetched[0]
    clock.now += 2

    assert store.get("app", fetch) is fetched[1]


def test_other_secret_has_a_token_of_its_own():
    store, fetch, fetched = kept(Clock())
    one = AppRegistration(TENANT, CLIENT_ID, "one")
    other = AppRegistration(TENANT, CLIENT_ID, "other")

    assert store.get(one, fetch) is not store.get(other, fetch)


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


def test_those_who_stood_in_line_share_the_failure():
    store, asked, failures = TokenStore(), [], []
    begun = threading.Event()

    def fetch():
        asked.append(1)
        begun.wait(5)
        time.sleep(0.2)
        raise TokenFailed(TokenFault.UNAVAILABLE, "down")

    def get():
        try:
            store.get("app", fetch)
        except TokenFailed as error:
            failures.append(error.detail)

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)  # all of them stand in line
    begun.set()
    for thread in threads:
        thread.join(10)

    assert failures == ["down"] * 8
    assert len(asked) == 1


def test_failure_is_not_held_against_who_comes_later(microsoft, source):
    microsoft.fault = "secret"
    failure(source)
    microsoft.fault = None

    assert source.token().value == microsoft.issued[0]


# ------------------------------------------------------------------------ being refused


class Refusal(Exception):
    """The server does not take the token."""


def attempt(store, fetch, accepted, then=None):
    """Log in at a server that takes one token only; return what was said to it."""
    said = []

    class Source:
        def token(self):
            return store.get("app", fetch)

        def renewed(self, refused):
            return store.renewed("app", refused, fetch)

    def log_in(response):
        said.append(response)
        if len(said) > 1 and then:
            raise then
        if response != xoauth2(MAILBOX, accepted):
            raise Refusal(len(said))

    def is_refusal(error):
        return isinstance(error, Refusal)

    log_in_with_token(MAILBOX, Source(), log_in, is_refusal)
    return said


def test_refused_token_is_fetched_anew_once():
    clock = Clock()
    store, fetch, fetched = kept(clock)
    store.get("app", fetch)
    clock.now += 600

    said = attempt(store, fetch, accepted="token 1")

    assert said == [xoauth2(MAILBOX, "token 0"), xoauth2(MAILBOX, "token 1")]
    assert store.get("app", fetch) is fetched[1]


def test_token_that_is_refused_again_is_told():
    clock = Clock()
    store, fetch, fetched = kept(clock)
    store.get("app", fetch)
    clock.now += 600

    with pytest.raises(Refusal) as caught:
        attempt(store, fetch, accepted="none")

    assert caught.value.args == (2,)
    assert len(fetched) == 2


def test_token_that_just_came_is_not_fetched_anew():
    store, fetch, fetched = kept(Clock())

    with pytest.raises(Refusal):
        attempt(store, fetch, accepted="none")

    assert len(fetched) == 1


def test_server_that_hangs_up_after_a_refusal_is_quoted_with_the_refusal():
    clock = Clock()
    store, fetch, _fetched = kept(clock)
    store.get("app", fetch)
    clock.now += 600

    with pytest.raises(Refusal):
        attempt(store, fetch, accepted="none", then=ConnectionResetError())


def test_line_that_breaks_is_no_refusal():
    clock = Clock()
    store, fetch, fetched = kept(clock)
    store.get("app", fetch)
    clock.now += 600

    def break_off(_response):
        raise ConnectionResetError

    class Source:
        def token(self):
            return store.get("app", fetch)

    with pytest.raises(ConnectionResetError):
        log_in_with_token(MAILBOX, Source(), break_off, lambda _error: False)
    assert len(fetched) == 1


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
