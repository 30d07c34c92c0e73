"""What a host name tells without asking the network."""

import ipaddress

# Names that never leave a network: RFC 6762, RFC 8375, RFC 6761, ICANN's "internal".
PRIVATE_ENDINGS = (".local", ".lan", ".internal", ".intranet", ".home.arpa", ".test")


def is_private_host(host):
    """Say whether a host is this machine or one of a closed network, by its name."""
    name = host.strip().lower().rstrip(".")
    try:
        return not ipaddress.ip_address(name.strip("[]")).is_global
    except ValueError:
        return _is_private_name(name)


def _is_private_name(name):
    is_local = name == "localhost" or name.endswith(".localhost")
    return is_local or "." not in name or name.endswith(PRIVATE_ENDINGS)


def split_host(text):
    """Return host and port of what was entered as a host: a URL, or host and port.

    The port is ``None`` where none was given.
    """
    rest = text.strip().partition("://")[2] or text.strip()
    rest = rest.partition("/")[0].rpartition("@")[2]
    host, colon, port = rest.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return rest.strip("[]").rstrip(":"), None


def is_address(text):
    """Say whether something is spelled as a mail address."""
    local, at, domain = text.rpartition("@")
    return bool(local and at and "." in domain.strip(".") and " " not in text)
