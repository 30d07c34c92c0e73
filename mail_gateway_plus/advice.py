"""What an administrator reads: for each fault its cause and remedy, for each parked
message the reason, for each mended one what was done."""

from odoo.tools import LazyTranslate

from .core.diagnosis.faults import FaultKind
from .core.parsing.mender import Mend
from .core.policy.decision import Obstacle
from .core.policy.outcome import Reason

_lt = LazyTranslate(__name__)

FAULT_ADVICE = {
    FaultKind.UNKNOWN_HOST: _lt(
        "The host name is not known. Check its spelling, and that this machine's DNS "
        "can resolve it."
    ),
    FaultKind.REFUSED: _lt(
        "Nothing listens on that port. Check the port number; a firewall may also "
        "refuse the connection."
    ),
    FaultKind.UNREACHABLE: _lt(
        "There is no network path to that host. Check this machine's network and "
        "routing."
    ),
    FaultKind.TIMEOUT: _lt(
        "The server did not answer in time. Usually a firewall drops the connection, "
        "or the port belongs to another kind of encryption."
    ),
    FaultKind.TOO_SLOW: _lt(
        "The server is too slow: it sends something now and then, and did not come to "
        "an end in the time that the mailbox has. What came before is kept. If the "
        "line is slow, give the mailbox more time under Fetching."
    ),
    FaultKind.DROPPED: _lt(
        "The server closed the connection. Usually the encryption does not fit the "
        "port, or the server refuses this machine's address."
    ),
    FaultKind.TLS_MISMATCH: _lt(
        "The server does not speak TLS on this port. Choose STARTTLS, or the port for "
        "SSL/TLS (465 for SMTP, 993 for IMAP, 995 for POP3)."
    ),
    FaultKind.TLS_MISSING: _lt(
        "The server does not offer STARTTLS on this port. Choose SSL/TLS with its own "
        "port. If it should offer it, something on the way may have removed the offer."
    ),
    FaultKind.TLS_FAILED: _lt(
        "The encrypted connection could not be set up. The server may support only "
        "outdated versions of TLS."
    ),
    FaultKind.CERTIFICATE_EXPIRED: _lt(
        "The server's certificate is not valid today. Its administrator has to renew "
        "it; check this machine's clock as well."
    ),
    FaultKind.CERTIFICATE_HOST: _lt(
        "The server's certificate belongs to another name. Enter the host name that "
        "the certificate was issued for."
    ),
    FaultKind.CERTIFICATE_UNTRUSTED: _lt(
        "The server's certificate was not issued by an authority that this machine "
        "trusts. Enter its authority under Trusted Authorities on the server's form, "
        "or have the server use a public certificate."
    ),
    FaultKind.LOGIN_REFUSED: _lt(
        "The server does not accept the user name or the password. Check both; many "
        "providers want the full address as user name and an app password."
    ),
    FaultKind.LOGIN_NEEDS_TLS: _lt(
        "The server takes a password only over an encrypted connection. Choose "
        "STARTTLS, or SSL/TLS with its own port."
    ),
    FaultKind.TOKEN_REFUSED: _lt(
        "Microsoft hands out no token for the app. Check its tenant, client ID and "
        "client secret, and whether the secret has expired."
    ),
    FaultKind.TOKEN_UNAVAILABLE: _lt(
        "Microsoft's login service cannot be asked for a token at the moment. It has "
        "to be reachable by HTTPS from this machine, directly."
    ),
    FaultKind.FOLDER_UNAVAILABLE: _lt(
        "The login works, but the folder cannot be opened. Check its name, including "
        "the folders above it, and the account's rights."
    ),
    FaultKind.FEATURE_MISSING: _lt(
        "The server lacks something that the gateway needs, such as a way to log in "
        "or a lasting name for each message."
    ),
    FaultKind.PROXY_UNREACHABLE: _lt(
        "The proxy cannot be reached. Check its host name and port, and that it runs."
    ),
    FaultKind.PROXY_NEEDS_LOGIN: _lt(
        "The proxy wants a login. Enter a user and a password for it; no other kind "
        "of login is supported (NTLM, Kerberos)."
    ),
    FaultKind.PROXY_LOGIN_REFUSED: _lt(
        "The proxy does not accept its user name or password. They are those of the "
        "proxy, not of the mailbox."
    ),
    FaultKind.PROXY_FORBIDS: _lt(
        "The proxy does not allow a connection to this server. Its administrator has "
        "to allow the host and the port; many proxies allow port 443 only."
    ),
    FaultKind.PROXY_NO_WAY: _lt(
        "The proxy works, but does not get through to the server. Check the server's "
        "host name and port: both are tried from where the proxy is."
    ),
    FaultKind.PROXY_NOT_SPOKEN: _lt(
        "What answers in the place of the proxy does not speak its language. Check "
        "the proxy's port, and whether it is SOCKS5 or HTTP."
    ),
    FaultKind.REPLY: _lt("The server refused a command."),
    FaultKind.OTHER: _lt("The connection failed for a reason not seen before."),
}

REASON_TEXT = {
    Reason.DUPLICATE_ID: _lt("A message with this Message-ID was imported before."),
    Reason.LOOP_HEADERS: _lt("It answers one of Odoo's own error messages."),
    Reason.BOUNCE: _lt(
        "It is a delivery report; Odoo noted it on the message that it is about."
    ),
    Reason.NO_ROUTE: _lt(
        "Nothing says what it should become: no alias matches its recipients, it "
        "answers no known message, and its mailbox creates no records."
    ),
    Reason.NO_RECORD: _lt("It was accepted, but no record came of it."),
}

OBSTACLE_TEXT = {
    Obstacle.DONE: _lt("Done already and left alone"),
    Obstacle.DISCARDED: _lt("Discarded already and left alone"),
    Obstacle.NO_CONTENT: _lt("Left alone because the content is no longer kept"),
    Obstacle.NO_TYPE: _lt("Left alone because the mailbox names no type: choose one"),
    Obstacle.NO_RECORD: _lt("Left alone because they are on no record"),
    Obstacle.GONE: _lt("Left alone because the record no longer shows the message"),
    Obstacle.SAME: _lt("Left alone because they are on this record"),
    Obstacle.NOT_ALLOWED: _lt(
        "Left alone because you may not change the record, or it is sealed"
    ),
    Obstacle.BUSY: _lt("Left alone because somebody else is working on it"),
}

MEND_TEXT = {
    Mend.HEADER: _lt("A header that could not be read was written anew: %(detail)s."),
    Mend.NO_ID: _lt("It had no usable Message-ID and was given %(detail)s."),
    Mend.CHARSET: _lt("A text's charset was wrong: %(detail)s."),
    Mend.TEXT: _lt("Characters that cannot be stored were taken out: %(detail)s."),
    Mend.STRUCTURE: _lt("A part was not what it claims to be: %(detail)s."),
    Mend.LIMIT: _lt("A part is too large or too deep and was attached: %(detail)s."),
    Mend.ENCLOSED: _lt("It could not be read at all and is attached as it came."),
}
