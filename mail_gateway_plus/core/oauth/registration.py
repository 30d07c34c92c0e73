"""An app that a Microsoft 365 administrator has registered, and the token it gets."""

import base64
import binascii
import json
import re
import time
from dataclasses import dataclass, field
from enum import Enum

from ..errors import GatewayError

# Seconds before its end from which a token is not begun with any more: a session that
# has logged in stays so, but the way to the login may take a while.
EARLY_SECONDS = 300


class Cloud(str, Enum):
    """Microsoft's clouds, which share neither customers nor servers."""

    GLOBAL = "global"
    US_GOVERNMENT = "us_government"
    CHINA = "china"


# learn.microsoft.com: "Microsoft Entra authentication & national clouds", and the hosts
# of Exchange Online in each of them. GCC, unlike GCC High, is in the global one.
LOGIN_HOSTS = {
    Cloud.GLOBAL: "login.microsoftonline.com",
    Cloud.US_GOVERNMENT: "login.microsoftonline.us",
    Cloud.CHINA: "login.partner.microsoftonline.cn",
}
_SCOPES = {
    Cloud.GLOBAL: "https://outlook.office365.com/.default",
    Cloud.US_GOVERNMENT: "https://outlook.office365.us/.default",
    Cloud.CHINA: "https://partner.outlook.cn/.default",
}
# An id or a domain of the customer's; nothing that could change the address of a page.
_TENANT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


class TokenFault(str, Enum):
    """Whether asking again can help."""

    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


class TokenFailed(GatewayError, ConnectionError):
    """The provider handed out no token.

    :param fault: a :class:`TokenFault`
    :param detail: the provider's words
    """

    def __init__(self, fault, detail=""):
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True)
class AppRegistration:
    """What an app is known by; ``login_host`` stands in for the cloud's own one."""

    tenant: str
    client_id: str
    secret: str = field(repr=False)
    cloud: Cloud = Cloud.GLOBAL
    login_host: str = ""

    @property
    def host(self):
        """Return the host that hands out tokens."""
        return self.login_host or LOGIN_HOSTS[self.cloud]

    @property
    def token_url(self):
        """Return the address of the token endpoint (RFC 6749 section 3.2)."""
        return f"https://{self.host}/{self.tenant}/oauth2/v2.0/token"

    @property
    def fields(self):
        """Return what is sent there (RFC 6749 section 4.4)."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret,
            "scope": _SCOPES[self.cloud],
        }


def is_tenant(text):
    """Say whether a text can be a tenant: its id, or one of its domains."""
    return _TENANT.fullmatch(text) is not None


@dataclass(frozen=True)
class Token:
    """A bearer token: who has it may use the app's rights. Times are monotonic."""

    value: str = field(repr=False)
    expires_at: float
    fetched_at: float

    @classmethod
    def of(cls, value, seconds, now=None):
        """Return the token that is valid for so many seconds from now on."""
        now = time.monotonic() if now is None else now
        return cls(value, now + seconds, now)

    def is_good(self, now):
        """Say whether a login may still begin with it."""
        # Of one with a short life, half of it.
        early = min(EARLY_SECONDS, (self.expires_at - self.fetched_at) / 2)
        return now < self.expires_at - early

    @property
    def seconds(self):
        """Return for how many seconds it was valid when it came."""
        return round(self.expires_at - self.fetched_at)

    @property
    def roles(self):
        """Return what the app may do, ``None`` where the token does not tell.

        Microsoft's are JSON Web Tokens (RFC 7519). Nobody here believes what they say:
        it is shown to whoever looks for the right that is missing.
        """
        try:
            payload = self.value.split(".")[1]
            padded = payload + "=" * (-len(payload) % 4)
            claims = json.loads(base64.urlsafe_b64decode(padded))
            roles = claims.get("roles", [])
        except (IndexError, ValueError, binascii.Error, AttributeError):
            return None
        if not isinstance(roles, list):
            return None
        return [role for role in roles if isinstance(role, str)]
