"""A virus scanner that finds in a file what a test wants it to find."""

import socketserver
import struct
import threading


class ScriptedClamd:
    """Speaks INSTREAM on a free port of 127.0.0.1 from start to stop.

    Whatever holds one of ``signatures`` (bytes, by their name) is infected. ``scanned``
    are the files that it was sent.
    """

    def __init__(self, **signatures: bytes) -> None:
        self.signatures = signatures
        self.scanned: list[bytes] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens, as the setting has it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "ScriptedClamd":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def find(self, content: bytes) -> str:
        """Return the reply to a file."""
        self.scanned.append(content)
        for name, signature in self.signatures.items():
            if signature in content:
                return f"stream: {name} FOUND"
        return "stream: OK"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        owner = self.server.owner  # type: ignore[attr-defined]
        self.wfile.write(owner.find(content).encode() + b"\0")
