"""Asking Microsoft for a token of an app: the client credentials grant."""

import json

from ..discovery.https import Refused
from .registration import Token, TokenFailed, TokenFault

# A token has some 2 kB; an error, a text with links.
MAX_ANSWER_BYTES = 64 * 1024
MAX_WORDS = 1000
MAX_TOKEN_CHARACTERS = 16 * 1024
HIDDEN = "•••"
# What a token is valid for where the answer does not say; a guess, as Microsoft's are
# valid for 60 to 90 minutes.
DEFAULT_SECONDS = 1800
MAX_SECONDS = 24 * 3600


def request_token(registration, web):
    """Return a new :class:`~.registration.Token`.

    :param web: a :class:`~..discovery.https.HttpsFetcher`, which bounds time and size
    :raises TokenFailed: with the provider's words, which never hold the secret
    """
    try:
        status, body = web.post(
            registration.token_url, registration.fields, MAX_ANSWER_BYTES
        )
    except Refused as error:
        words = f"{registration.host}: {error}"
        raise TokenFailed(TokenFault.UNAVAILABLE, words) from error
    answer = _answer(body)
    token = answer.get("access_token")
    if status == 200 and _is_token(token):
        return Token.of(token, _seconds(answer.get("expires_in")))
    # 429 and the fives are about the moment, everything else about the app.
    is_passing = status == 429 or status >= 500 or status == 200
    fault = TokenFault.UNAVAILABLE if is_passing else TokenFault.REFUSED
    raise TokenFailed(fault, _words(registration, status, answer))


def _answer(body):
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_token(token):
    """Say whether this can be said in a login: it must not end the line."""
    return (
        isinstance(token, str)
        and 0 < len(token) <= MAX_TOKEN_CHARACTERS
        and token.isascii()
        and token.isprintable()
        and " " not in token
    )


def _seconds(told):
    is_number = isinstance(told, int | float | str) and str(told).isdecimal()
    return min(int(told), MAX_SECONDS) if is_number else DEFAULT_SECONDS


def _words(registration, status, answer):
    """Return error and description (RFC 6749 section 5.2), whatever they quote."""
    told = [answer.get("error"), answer.get("error_description")]
    words = ": ".join(text for text in told if isinstance(text, str) and text)
    words = " ".join((words or f"status {status}").split())
    return words.replace(registration.secret or HIDDEN, HIDDEN)[:MAX_WORDS]
