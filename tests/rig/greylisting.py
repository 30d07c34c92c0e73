"""A greylisting policy server for Postfix: each sender and recipient waits once.

Postfix asks it at every RCPT (SMTPD_POLICY_README): lines of name=value, an empty one
at the end, and gets one line back. A pair that it has never heard of is deferred; the
next time it passes, so that a test decides how long the wait is.
"""

import socketserver
import threading


class GreylistingPolicy:
    """Listens on ``port`` of 127.0.0.1; use it as a context manager.

    In Postfix's settings: ``check_policy_service inet:127.0.0.1:<port>``.
    """

    def __init__(self) -> None:
        self.deferred: list[tuple[str, str]] = []
        policy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while request := policy.read(self.rfile):
                    action = policy.decide(request)
                    self.wfile.write(f"action={action}\n\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> "GreylistingPolicy":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def read(self, lines: object) -> dict[str, str]:
        """Return the attributes of the next question, none when Postfix has gone."""
        found = {}
        while line := lines.readline().decode().strip():  # type: ignore[attr-defined]
            name, _equals, value = line.partition("=")
            found[name] = value
        return found

    def decide(self, request: dict[str, str]) -> str:
        """Return what Postfix is to do with the recipient."""
        pair = request["sender"], request["recipient"]
        if pair in self.deferred:
            return "DUNNO"
        self.deferred.append(pair)
        return "DEFER 4.7.1 Greylisted, see you in a while"
