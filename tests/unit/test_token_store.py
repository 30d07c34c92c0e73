"""A token is kept for its time, had by one for all, and refused once."""

import threading
import time

import pytest
from mgp_core.oauth.login import log_in_with_token, xoauth2
from mgp_core.oauth.registration import AppRegistration, Token, TokenFailed, TokenFault
from mgp_core.oauth.store import TokenStore

from tests.rig.token_endpoint import CLIENT_ID, TENANT

MAILBOX = "desk@city.example"
HOUR = 3600


class Clock:
    """Monotonic time that a test sets."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


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
