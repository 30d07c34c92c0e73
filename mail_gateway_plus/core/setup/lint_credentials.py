"""Linters of user name and password. No finding ever quotes a password."""

import base64
import hashlib
import hmac
import re

from .finding import Finding, FindingCode, Severity
from .hosts import is_address
from .preset import Authentication, UserForm
from .settings import Login

# Characters that are copied along and not seen: no-break and zero-width spaces.
_UNSEEN = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff"

# Key ids and secrets of AWS (IAM user guide, "IAM identifiers": AKIA lasts, ASIA is
# temporary) and a secret's 40 characters.
_AWS_KEY = re.compile(r"(AKIA|ASIA)[A-Z0-9]{12,}")
_AWS_SECRET = re.compile(r"[A-Za-z0-9/+]{40}")


def user_with_spaces(case):
    """A copied user name often brings a blank along."""
    user = case.settings.user
    if user != user.strip(_UNSEEN):
        yield Finding(
            FindingCode.USER_SPACES,
            Severity.ERROR,
            "user",
            remedy={"user": user.strip(_UNSEEN)},
        )


def user_form(case):
    """Providers differ in whether the user is the address, a part of it, or a word."""
    user = case.settings.user.strip(_UNSEEN)
    if not user or not case.half or case.settings.login is not Login.PASSWORD:
        return
    form = case.half.user_form
    if form is UserForm.LITERAL and user != case.preset.user_literal:
        literal = case.preset.user_literal
        yield Finding(
            FindingCode.USER_NOT_LITERAL,
            Severity.ERROR,
            "user",
            {"user": literal},
            {"user": literal},
        )
    elif form is UserForm.ADDRESS and not is_address(user):
        domains = case.preset.domains
        remedy = {"user": f"{user}@{domains[0]}"} if len(domains) == 1 else {}
        yield Finding(
            FindingCode.USER_NOT_ADDRESS, Severity.WARNING, "user", remedy=remedy
        )
    elif form is UserForm.LOCAL_PART and "@" in user:
        local = user.rpartition("@")[0]
        yield Finding(
            FindingCode.USER_NOT_LOCAL_PART,
            Severity.WARNING,
            "user",
            {"user": local},
            {"user": local},
        )


def aws_user(case):
    """The SMTP user of Amazon SES is the key id of an IAM user, and used nowhere else.

    See "Obtaining Amazon SES SMTP credentials" in the SES developer guide.
    """
    user = case.settings.user.strip(_UNSEEN)
    is_key = bool(_AWS_KEY.fullmatch(user))
    if not _is_ses(case):
        if is_key:
            yield Finding(FindingCode.USER_IS_AWS_KEY, Severity.WARNING, "user")
    elif user.startswith("ASIA") and is_key:
        yield Finding(FindingCode.USER_TEMPORARY_AWS_KEY, Severity.ERROR, "user")
    elif user and not is_key:
        yield Finding(FindingCode.USER_NOT_SES, Severity.WARNING, "user")


def aws_secret(case):
    """The SMTP password of Amazon SES is made from the secret key, but is another."""
    password = case.settings.password.strip(_UNSEEN)
    if not _is_ses(case) or not _AWS_SECRET.fullmatch(password):
        return
    region = case.preset.region_of(case.settings.host.strip())
    remedy = {"password": ses_password(password, region)} if region else {}
    yield Finding(
        FindingCode.PASSWORD_AWS_SECRET, Severity.ERROR, "password", remedy=remedy
    )


def ses_password(secret_key, region):
    """Return the SMTP password that belongs to an AWS secret key in a region.

    The algorithm of the SES developer guide, "Obtaining SES SMTP credentials by
    converting existing AWS credentials": a fixed date, and a version byte in front.
    """
    signature = f"AWS4{secret_key}".encode()
    for word in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, word.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + signature).decode()


def password_spaces(case):
    """A copied password often brings a blank along; an app password has some inside."""
    password = case.settings.password
    bare = password.strip(_UNSEEN)
    inner = re.sub(f"[{_UNSEEN}]", "", bare)
    length = case.preset.app_password_length if case.preset else 0
    if length and inner != bare and len(inner) == length and inner.isalnum():
        yield Finding(
            FindingCode.APP_PASSWORD_SPACES,
            Severity.WARNING,
            "password",
            {"length": length},
            {"password": inner},
        )
    elif bare != password:
        yield Finding(
            FindingCode.PASSWORD_SPACES,
            Severity.WARNING,
            "password",
            remedy={"password": bare},
        )


def app_password(case):
    """Where an app password has a known length, another one is the account's own."""
    length = case.preset.app_password_length if case.preset else 0
    bare = re.sub(f"[{_UNSEEN}]", "", case.settings.password)
    if not length or not bare or case.settings.login is not Login.PASSWORD:
        return
    if len(bare) != length or not bare.isalnum():
        yield Finding(
            FindingCode.APP_PASSWORD_NEEDED,
            Severity.WARNING,
            "password",
            {"length": length},
        )


def basic_authentication(case):
    """Providers give passwords up for OAuth 2.0."""
    if not case.preset or case.settings.login is not Login.PASSWORD:
        return
    if case.preset.region_of(case.settings.host.strip()) is None:
        return
    if case.preset.authentication is Authentication.OAUTH_ONLY:
        yield Finding(FindingCode.OAUTH_NEEDED, Severity.ERROR, "login")
    elif case.preset.authentication is Authentication.OAUTH:
        yield Finding(FindingCode.OAUTH_ADVISED, Severity.WARNING, "login")


def personal_mailbox(case):
    """A person's own mailbox is left, locked or given a new password one day."""
    user = case.settings.user.strip(_UNSEEN).lower()
    is_own = user in case.own_addresses
    if "@" in user and (is_own or user.rpartition("@")[2] in case.personal_domains):
        yield Finding(FindingCode.USER_PERSONAL, Severity.INFO, "user")


def _is_ses(case):
    host = case.settings.host.strip().lower()
    return host.startswith("email-smtp.") and host.endswith(".amazonaws.com")


LINTERS = (
    user_with_spaces,
    user_form,
    aws_user,
    aws_secret,
    password_spaces,
    app_password,
    basic_authentication,
    personal_mailbox,
)
