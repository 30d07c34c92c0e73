"""A policy that takes a header apart once, however often it is asked for.

``email.policy.SMTP`` parses a header anew at each access, and Odoo asks for the content
type of each part a dozen times. Parsed headers are strings that nobody changes.
"""

from email.headerregistry import HeaderRegistry
from email.policy import SMTP
from functools import lru_cache

# A longer value is seldom asked for again, and its parse tree is many times as large.
MAX_REMEMBERED_LENGTH = 256
# Of about 5 kB each.
REMEMBERED_HEADERS = 512

_parse = lru_cache(REMEMBERED_HEADERS)(SMTP.header_factory)


class _RememberingRegistry(HeaderRegistry):
    """Makes headers as its parent does, and the same one once."""

    def __call__(self, name, value):
        if len(value) > MAX_REMEMBERED_LENGTH:
            return super().__call__(name, value)
        return _parse(name, value)


REMEMBERING = SMTP.clone(header_factory=_RememberingRegistry())


def remember_headers(message):
    """Have a message that was read with ``SMTP``, and its parts, remember theirs."""
    for part in message.walk():
        part.policy = REMEMBERING
