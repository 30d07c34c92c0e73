"""An HTTPS server that answers what a test tells it, on 127.0.0.1.

    with HttpsServer(certificate, {"/mail/config-v1.1.xml": b"<clientConfig/>"}) as web:
        ...  # ask web.port; web.asked holds host and target of each request

An answer is the body, or a function of the handler that answers by itself.
"""

import http.server
import ssl
import threading
from collections.abc import Callable

from tests.rig.certificates import Certificate

Answer = bytes | Callable[[http.server.BaseHTTPRequestHandler], None]


class HttpsServer:
    """Serves from start to stop; a path without an answer is not found."""

    def __init__(self, certificate: Certificate, answers: dict[str, Answer]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answers = answers
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert_path, certificate.key_path)
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), self._handler()
        )
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )

    def __enter__(self) -> "HttpsServer":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        asked, answers = self.asked, self._answers

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.headers["Host"], self.path))
                answer = answers.get(self.path.partition("?")[0])
                if answer is None:
                    self.send_error(404)
                elif callable(answer):
                    answer(self)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_arguments: object) -> None:
                """Keep the test's output clean."""

        return Handler
