"""The virus scanner: what it is sent, what it answers, and when it is not there."""

import socket
import socketserver
import struct
import threading
import time

import pytest
from mgp_core.protocols import clamd
from mgp_core.protocols.clamd import Clamd, ScannerUnavailable

from tests.rig.processes import free_port


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        script = self.server.script
        if script == "hang up":
            return
        if script == "silent":
            self.server.done.wait(5)
            return
        received = self._read(len(b"zINSTREAM\0"))
        content = b""
        while size := struct.unpack("!L", self._read(4))[0]:
            content += self._read(size)
        self.server.seen.append((received, content))
        for piece in script:
            self.request.sendall(piece)
            time.sleep(0.05)

    def _read(self, size):
        data = b""
        while len(data) < size:
            piece = self.request.recv(size - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data


@pytest.fixture
def daemon():
    """Start a scanner that answers by a script; returns it and its address."""
    servers = []

    def start(script, path=None):
        kind = socketserver.ThreadingTCPServer
        if path:
            kind = socketserver.ThreadingUnixStreamServer
        server = kind(path or ("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        server.script, server.seen, server.done = script, [], threading.Event()
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server, path or f"127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.done.set()
        server.shutdown()
        server.server_close()


def test_clean_file(daemon):
    server, address = daemon([b"stream: OK\0"])
    content = b"x" * (clamd.CHUNK * 2 + 5)
    assert Clamd(address).scan(content) == ""
    assert server.seen == [(b"zINSTREAM\0", content)]


def test_infected_file_by_pieces(daemon):
    _server, address = daemon([b"stream: Eicar-", b"Signature FOUND", b"\0"])
    assert Clamd(address).scan(b"X5O!") == "Eicar-Signature"


def test_socket_of_this_machine(daemon, tmp_path):
    _server, address = daemon([b"stream: OK\0"], str(tmp_path / "clamd.ctl"))
    assert Clamd(address).scan(b"") == ""


@pytest.mark.parametrize(
    "script",
    [
        "hang up",
        [b"INSTREAM size limit exceeded. ERROR\0"],
        [b""],
        [b"\xff" * 5000],
        [b"OK\0"],
    ],
)
def test_what_is_no_answer_is_no_clean_file(daemon, script):
    _server, address = daemon(script)
    with pytest.raises(ScannerUnavailable):
        Clamd(address).scan(b"x" * 10_000_000)


def test_silent_scanner_is_left_in_time(daemon):
    _server, address = daemon("silent")
    started = time.monotonic()
    with pytest.raises(ScannerUnavailable):
        Clamd(address, seconds=0.3).scan(b"x")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "address", ["/no/such/socket", "no host at all", "127.0.0.1:x"]
)
def test_scanner_that_is_not_there(address, monkeypatch):
    monkeypatch.setattr(clamd, "DEFAULT_PORT", free_port())
    monkeypatch.setattr(socket, "has_ipv6", False)
    with pytest.raises(ScannerUnavailable):
        Clamd(address).scan(b"x")
