"""The same test as lines for a shell, for whoever trusts only that.

Never with a password in it: ``swaks`` asks for it when it is not given, and who has
logged in by ``openssl`` types it.
"""

import shlex

from ..protocols.endpoint import Security
from ..protocols.proxy import ProxyType
from .steps import Protocol

# Whoever runs a line saves the server's Trusted Authorities under this name before.
AUTHORITIES_FILE = "authorities.pem"

_NAMES = {Protocol.SMTP: "smtp", Protocol.IMAP: "imap", Protocol.POP: "pop3"}


def command_lines(target):
    """Return the lines, the most telling one first."""
    if target.endpoint.proxy:
        return [shlex.join(_curl(target))]
    lines = [_openssl(target)]
    if target.protocol is Protocol.SMTP:
        lines.insert(0, _swaks(target))
    return [shlex.join(line) for line in lines]


def _swaks(target):
    endpoint = target.endpoint
    line = ["swaks", "--server", endpoint.host, "--port", str(endpoint.port)]
    if endpoint.security is Security.SSL:
        line.append("--tls-on-connect")
    elif endpoint.security is Security.STARTTLS:
        line.append("--tls")
    if endpoint.security is not Security.NONE and endpoint.verify:
        line.append("--tls-verify")
        if endpoint.trust.authorities:
            line += ["--tls-ca-path", AUTHORITIES_FILE]
    if target.login and target.user:
        line += ["--auth", "--auth-user", target.user]
    line += ["--from", target.sender, "--to", target.recipient]
    if target.content is None:
        line += ["--quit-after", "RCPT"]
    return line


def _curl(target):
    """Return the one tool that knows both kinds of proxy, and all three protocols.

    It asks for a password where it is given a user alone.
    """
    endpoint, proxy = target.endpoint, target.endpoint.proxy
    is_socks = proxy.kind is ProxyType.SOCKS5
    scheme = "socks5h" if is_socks else "http"  # h: the proxy looks the name up
    line = ["curl", "-v", "--proxy", f"{scheme}://{proxy.host}:{proxy.port}"]
    if not is_socks:
        line.append("--proxytunnel")
    if proxy.user:
        line += ["--proxy-user", proxy.user]
    if endpoint.security is Security.STARTTLS:
        line.append("--ssl-reqd")
    if not endpoint.verify:
        line.append("--insecure")
    elif endpoint.trust.authorities:
        line += ["--cacert", AUTHORITIES_FILE]
    if endpoint.trust.needs_tls_1_3:
        line.append("--tlsv1.3")
    if target.login and target.user:
        line += ["--user", target.user]
    name = _NAMES[target.protocol] + "s" * (endpoint.security is Security.SSL)
    return [*line, f"{name}://{endpoint.host}:{endpoint.port}"]


def _openssl(target):
    endpoint = target.endpoint
    address = f"{endpoint.host}:{endpoint.port}"
    if endpoint.security is Security.NONE:
        return ["nc", "-C", endpoint.host, str(endpoint.port)]
    line = ["openssl", "s_client", "-crlf", "-quiet", "-connect", address]
    line += ["-servername", endpoint.host]
    if endpoint.security is Security.STARTTLS:
        line += ["-starttls", _NAMES[target.protocol]]
    if endpoint.verify:
        line += ["-verify_return_error", "-verify_hostname", endpoint.host]
    if endpoint.verify and endpoint.trust.authorities:
        line += ["-CAfile", AUTHORITIES_FILE, "-no-CApath", "-partial_chain"]
    if endpoint.trust.needs_tls_1_3:
        line.append("-tls1_3")
    return line
