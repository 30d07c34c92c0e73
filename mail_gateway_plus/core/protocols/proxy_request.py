"""Asking a proxy for a connection: SOCKS5 (RFC 1928, RFC 1929) and CONNECT (RFC 9110).

Not a byte is read beyond the proxy's own answer: what comes then is the server's.
"""

import ipaddress
import re
import socket
import time

from .proxy import ProxyFailed, ProxyFault, ProxyType

# Of an answer to CONNECT; proxies send a page of HTML only where they refuse.
MAX_HEAD_BYTES = 16 * 1024
HEAD_END = b"\r\n\r\n"

_VERSION = 5
_NO_LOGIN, _PASSWORD, _NO_METHOD = 0x00, 0x02, 0xFF
_ADDRESS_BYTES = {1: 4, 4: 16}  # by the type of the address; 3 is a name
_NAME = 3
# RFC 1928 section 6: the reply's field REP.
_REPLIES = {
    1: (ProxyFault.NO_WAY, "general SOCKS server failure"),
    2: (ProxyFault.FORBIDS, "connection not allowed by ruleset"),
    3: (ProxyFault.NO_WAY, "network unreachable"),
    4: (ProxyFault.NO_WAY, "host unreachable"),
    5: (ProxyFault.NO_WAY, "connection refused"),
    6: (ProxyFault.NO_WAY, "TTL expired"),
    7: (ProxyFault.FORBIDS, "command not supported"),
    8: (ProxyFault.NO_WAY, "address type not supported"),
}
# Those that are about the server behind the proxy (RFC 9110 section 15.6).
_BAD_GATEWAY = (500, 502, 503, 504)
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (?P<code>\d{3})(?: (?P<reason>.*))?")
_SCHEME = re.compile(rb"\r\nProxy-Authenticate:[ \t]*(?P<scheme>[\w-]+)", re.IGNORECASE)
# What would end a line of the request, or a word of it.
_NO_HOST = re.compile(r"[\x00-\x20\x7f/?#@\\]")


def ask(sock, proxy, host, port, seconds):
    """Have the proxy behind ``sock`` connect it to a server.

    :param seconds: for all of it, however little comes at a time
    :raises ProxyFailed: if it does not; the socket is of no use then
    :raises UnicodeError: for what is no host name
    """
    if not host or _NO_HOST.search(host):
        raise UnicodeError("this is no host name")
    request = _Request(sock, proxy, seconds)
    try:
        if proxy.kind is ProxyType.SOCKS5:
            request.socks5(host, port)
        else:
            request.http(host, port)
    except ProxyFailed:
        raise
    except TimeoutError as error:
        raise ProxyFailed(request.fault_of_silence, "timed out") from error
    except OSError as error:
        words = error.strerror or str(error)
        raise ProxyFailed(request.fault_of_end, words) from error


class _Request:
    """One request to a proxy, with a deadline.

    ``fault_of_silence`` is what it means when the proxy says nothing any more,
    ``fault_of_end`` when it hangs up.
    """

    def __init__(self, sock, proxy, seconds):
        self._sock = sock
        self._proxy = proxy
        self._deadline = time.monotonic() + seconds
        self.fault_of_silence = self.fault_of_end = ProxyFault.NOT_SPOKEN

    # -------------------------------------------------------------------- SOCKS5

    def socks5(self, host, port):
        """Log in if the proxy wants that, and ask for the server by its name."""
        proxy = self._proxy
        methods = [_NO_LOGIN, _PASSWORD] if proxy.user else [_NO_LOGIN]
        self._send(bytes([_VERSION, len(methods), *methods]))
        version, method = self._read(2)
        if version != _VERSION:
            raise self._not_spoken(bytes([version, method]))
        if method == _NO_METHOD:
            self._fail(ProxyFault.NEEDS_LOGIN, "no acceptable authentication method")
        if method not in methods:
            self._fail(ProxyFault.NOT_SPOKEN, f"authentication method {method}")
        if method == _PASSWORD:
            self._log_in(_counted(proxy.user), _counted(proxy.password))
        # From here on it is the server that may not answer.
        self.fault_of_silence = self.fault_of_end = ProxyFault.NO_WAY
        self._send(bytes([_VERSION, 1, 0]) + _address(host) + port.to_bytes(2, "big"))
        self._read_reply()

    def _log_in(self, user, password):
        """Log in with user and password (RFC 1929)."""
        self._send(b"\x01" + user + password)
        _version, status = self._read(2)
        if status:
            self._fail(ProxyFault.LOGIN_REFUSED, f"status {status}")

    def _read_reply(self):
        version, reply, _reserved, kind = self._read(4)
        if version != _VERSION:
            raise self._not_spoken(bytes([version, reply]))
        if reply:
            self._fail(*_REPLIES.get(reply, (ProxyFault.NO_WAY, f"reply {reply}")))
        size = self._read(1)[0] if kind == _NAME else _ADDRESS_BYTES.get(kind)
        if size is None:
            self._fail(ProxyFault.NOT_SPOKEN, f"address type {kind}")
        self._read(size + 2)  # where the proxy connects from, which nobody asked

    # ---------------------------------------------------------------------- HTTP

    def http(self, host, port):
        """Ask for a tunnel (RFC 9110 section 9.3.6)."""
        proxy = self._proxy
        name = host.encode("idna").decode()
        place = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        if proxy.user:
            lines.append(f"Proxy-Authorization: Basic {proxy.basic_credentials}")
        self.fault_of_silence = ProxyFault.NO_WAY
        self._send("\r\n".join([*lines, "", ""]).encode())
        head = self._read_head()
        line = head.partition(b"\r\n")[0]
        found = _STATUS_LINE.fullmatch(line)
        if not found:
            raise self._not_spoken(line)
        code = int(found["code"])
        if 200 <= code < 300:
            return
        words = f"{code} {(found['reason'] or b'').decode('utf-8', 'replace')}".strip()
        if code == 407:
            schemes = [name.decode() for name in _SCHEME.findall(head)]
            fault = ProxyFault.LOGIN_REFUSED if proxy.user else ProxyFault.NEEDS_LOGIN
            self._fail(fault, f"{words} ({', '.join(schemes)})" if schemes else words)
        is_about_server = code in _BAD_GATEWAY
        self._fail(ProxyFault.NO_WAY if is_about_server else ProxyFault.FORBIDS, words)

    def _read_head(self):
        """Return status line and headers; not a byte of what comes after them."""
        head = b""
        while len(head) < MAX_HEAD_BYTES:
            known = max(len(head) - len(HEAD_END) + 1, 0)
            seen = head + self._receive(MAX_HEAD_BYTES, socket.MSG_PEEK)
            end = seen.find(HEAD_END, known)
            whole = len(seen) if end < 0 else end + len(HEAD_END)
            head += self._read(whole - len(head))
            if not head.startswith(b"HTTP/"[: len(head)]):
                raise self._not_spoken(head.partition(b"\r\n")[0])
            if end >= 0:
                return head
        self._fail(ProxyFault.NOT_SPOKEN, "the answer has no end")

    # --------------------------------------------------------------------- bytes

    def _send(self, data):
        self._sock.settimeout(self._left())
        self._sock.sendall(data)

    def _read(self, size):
        data = b""
        while len(data) < size:
            data += self._receive(size - len(data))
        return data

    def _receive(self, size, flags=0):
        self._sock.settimeout(self._left())
        data = self._sock.recv(size, flags)
        if not data:
            raise ConnectionResetError("the proxy closed the connection")
        return data

    def _left(self):
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def _fail(self, fault, words):
        raise ProxyFailed(fault, self._proxy.without_secrets(words))

    def _not_spoken(self, beginning):
        """Return the failure of what speaks something else, in its words."""
        words = beginning.decode("utf-8", "replace")
        words = words if words.isprintable() else beginning.hex(" ")
        return ProxyFailed(ProxyFault.NOT_SPOKEN, self._proxy.without_secrets(words))


def _counted(text):
    """Return a text with its length before it (RFC 1929 section 2)."""
    data = text.encode()
    if len(data) > 255:
        raise ProxyFailed(ProxyFault.LOGIN_REFUSED, "longer than 255 bytes")
    return bytes([len(data)]) + data


def _address(host):
    """Return a server as SOCKS5 wants it: by its name, unless it is an address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bytes([_NAME]) + _counted_name(host)
    return bytes([1 if address.version == 4 else 4]) + address.packed


def _counted_name(host):
    name = host.encode("idna")
    if len(name) > 255:
        raise UnicodeError("this host name is too long")
    return bytes([len(name)]) + name
