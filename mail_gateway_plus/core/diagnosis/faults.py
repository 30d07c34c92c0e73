"""What a failed connection means, whatever library reported it."""

import errno
import poplib
import smtplib
import socket
import ssl
from dataclasses import dataclass
from enum import Enum
from imaplib import IMAP4

from imapclient.exceptions import LoginError

from ..errors import FolderUnavailable, LoginRefused, OutOfTime, ProtocolViolation
from ..oauth.registration import TokenFailed
from ..parsing.storable import storable
from ..protocols.proxy import ProxyFailed
from ..protocols.smtp import is_login_failure


class FaultKind(str, Enum):
    """The causes that an administrator can tell apart and do something about."""

    UNKNOWN_HOST = "unknown_host"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TOO_SLOW = "too_slow"
    DROPPED = "dropped"
    TLS_MISMATCH = "tls_mismatch"
    TLS_MISSING = "tls_missing"
    TLS_FAILED = "tls_failed"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_HOST = "certificate_host"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    LOGIN_REFUSED = "login_refused"
    LOGIN_NEEDS_TLS = "login_needs_tls"
    TOKEN_REFUSED = "token_refused"
    TOKEN_UNAVAILABLE = "token_unavailable"
    FOLDER_UNAVAILABLE = "folder_unavailable"
    FEATURE_MISSING = "feature_missing"
    PROXY_UNREACHABLE = "proxy_unreachable"
    PROXY_NEEDS_LOGIN = "proxy_needs_login"
    PROXY_LOGIN_REFUSED = "proxy_login_refused"
    PROXY_FORBIDS = "proxy_forbids"
    PROXY_NO_WAY = "proxy_no_way"
    PROXY_NOT_SPOKEN = "proxy_not_spoken"
    REPLY = "reply"
    OTHER = "other"


@dataclass(frozen=True)
class Fault:
    """A cause, and the words of whoever reported it."""

    kind: FaultKind
    detail: str


# X509_V_ERR_* of OpenSSL's x509_vfy.h, as in SSLCertVerificationError.verify_code.
_CERTIFICATE_EXPIRED = {9, 10}  # not yet valid, has expired
_CERTIFICATE_HOST = {62, 64}  # hostname mismatch, IP address mismatch

# Reasons that OpenSSL gives when the other side does not speak TLS at all.
_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"}

# The first class that matches decides, so the special ones come first.
_KIND_OF_CLASS = (
    ((LoginRefused, LoginError), "LOGIN_REFUSED"),
    (FolderUnavailable, "FOLDER_UNAVAILABLE"),
    (OutOfTime, "TOO_SLOW"),
    (ProtocolViolation, "FEATURE_MISSING"),
    ((socket.gaierror, UnicodeError), "UNKNOWN_HOST"),
    (smtplib.SMTPNotSupportedError, "FEATURE_MISSING"),
    (TimeoutError, "TIMEOUT"),
    (ConnectionRefusedError, "REFUSED"),
    (
        (
            smtplib.SMTPServerDisconnected,
            IMAP4.abort,
            EOFError,
            ConnectionError,
            ssl.SSLEOFError,
            ssl.SSLZeroReturnError,
        ),
        "DROPPED",
    ),
    (ssl.SSLError, "TLS_FAILED"),
    ((smtplib.SMTPException, IMAP4.error, poplib.error_proto), "REPLY"),
)


def diagnose(error):
    """Return the :class:`Fault` behind an exception of a connection or a login."""
    return Fault(_kind(error), storable(_words(error)))


def _kind(error):
    if isinstance(error, ProxyFailed):
        return FaultKind(f"proxy_{error.fault.value}")
    if isinstance(error, TokenFailed):
        return FaultKind(f"token_{error.fault.value}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_kind(error.verify_code)
    if isinstance(error, ssl.SSLError) and error.reason in _NOT_TLS:
        return FaultKind.TLS_MISMATCH
    if isinstance(error, ProtocolViolation) and error.detail in ("STARTTLS", "STLS"):
        return FaultKind.TLS_MISSING
    if isinstance(error, ProtocolViolation) and error.detail == "LOGINDISABLED":
        return FaultKind.LOGIN_NEEDS_TLS
    if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
        return FaultKind.TLS_MISSING
    if is_login_failure(error):
        is_refusal = isinstance(error, smtplib.SMTPAuthenticationError | UnicodeError)
        return FaultKind.LOGIN_REFUSED if is_refusal else FaultKind.FEATURE_MISSING
    if isinstance(error.__context__, TimeoutError):
        return FaultKind.TIMEOUT  # smtplib says that the server hung up
    if isinstance(error, OSError) and error.errno in (
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    ):
        return FaultKind.UNREACHABLE
    if isinstance(error, poplib.error_proto) and "EOF" in str(error):
        return FaultKind.DROPPED
    for classes, name in _KIND_OF_CLASS:
        if isinstance(error, classes):
            return FaultKind[name]
    return FaultKind.OTHER


def _certificate_kind(verify_code):
    if verify_code in _CERTIFICATE_EXPIRED:
        return FaultKind.CERTIFICATE_EXPIRED
    if verify_code in _CERTIFICATE_HOST:
        return FaultKind.CERTIFICATE_HOST
    return FaultKind.CERTIFICATE_UNTRUSTED


def _words(error):
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply_words(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        return _reply_words(*list(error.recipients.values())[-1])
    if isinstance(error, UnicodeEncodeError):
        # Its text may quote the password that could not be encoded.
        return f"{error.encoding}: {error.reason}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, LoginError) and isinstance(error.__context__, IMAP4.error):
        error = error.__context__  # IMAPClient made text of the server's bytes
    words = error.args[0] if error.args else error
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return text or type(error).__name__


def _reply_words(code, text):
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {text}"
