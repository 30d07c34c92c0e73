"""Microsoft's token endpoint and the mailbox that its tokens open, on 127.0.0.1.

    with TokenEndpoint(certificate, mailbox="desk@city.example") as microsoft:
        ...  # ask https://localhost:PORT/TENANT/oauth2/v2.0/token, PORT: microsoft.port
    assert len(microsoft.issued) == 1

It knows one tenant and one app, and refuses in Microsoft's words. Its tokens look like
Microsoft's, and are good for one mailbox until they are revoked: a Dovecot with
``tokeninfo_url`` asks it by plain HTTP.
"""

import base64
import http.server
import itertools
import json
import ssl
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.rig.certificates import Certificate

TENANT = "city.example"
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
SECRET = "app~secret/of+the=city"
ROLES = ("IMAP.AccessAsApp", "SMTP.SendAsApp")
# learn.microsoft.com/entra/identity-platform/reference-error-codes, and what stands
# around it in a real answer.
_TAIL = (
    " Trace ID: 5e5f4c3a-0000 Correlation ID: 9b1d2c3e-0000"
    " Timestamp: 2026-11-28 16:00:00Z"
)
WORDS = {
    "secret": (
        "invalid_client",
        "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent "
        "in the request is the client secret value, not the client secret ID, for a "
        f"secret added to app '{CLIENT_ID}'.",
    ),
    "expired": (
        "invalid_client",
        f"AADSTS7000222: The provided client secret keys for app '{CLIENT_ID}' are "
        "expired. Visit the Azure portal to create new keys for your app.",
    ),
    "tenant": (
        "invalid_request",
        "AADSTS90002: Tenant 'nowhere.example' not found. Check to make sure you have "
        "the correct tenant ID and are signing into the correct cloud.",
    ),
    "app": (
        "unauthorized_client",
        "AADSTS700016: Application with identifier 'x' was not found in the directory "
        "'City'.",
    ),
}


class TokenEndpoint:
    """Serves from start to stop.

    ``asked`` are the forms that were sent. ``fault`` is None or a key of ``WORDS``;
    ``answer`` is None or a whole answer, as status and body.
    """

    def __init__(
        self, certificate: Certificate, mailbox: str, roles: tuple[str, ...] = ROLES
    ) -> None:
        self.mailbox = mailbox
        self.roles = roles
        self.lifetime = 3600
        self.secret = SECRET
        self.fault: str | None = None
        self.answer: tuple[int, bytes] | None = None
        self.asked: list[dict[str, str]] = []
        self.issued: list[str] = []
        self._good: set[str] = set()
        self._numbers = itertools.count(1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert_path, certificate.key_path)
        self._tokens = _serving(self._handler("do_POST", self._hand_out))
        self._tokens.socket = context.wrap_socket(
            self._tokens.socket, server_side=True, do_handshake_on_connect=False
        )
        self._info = _serving(self._handler("do_GET", self._tell))
        self.port = self._tokens.server_address[1]
        self.tokeninfo_url = (
            f"http://127.0.0.1:{self._info.server_address[1]}/tokeninfo?access_token="
        )

    def __enter__(self) -> "TokenEndpoint":
        for server in (self._tokens, self._info):
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            ).start()
        return self

    def __exit__(self, *exception: object) -> None:
        for server in (self._tokens, self._info):
            server.shutdown()
            server.server_close()

    def issue(self) -> str:
        """Return a new token that opens the mailbox."""
        token = self._token()
        self.issued.append(token)
        self._good.add(token)
        return token

    def revoke(self) -> None:
        """Take back what was handed out so far."""
        self._good.clear()

    def _hand_out(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append(form)
        if self.answer:
            return self.answer
        if fault := self.fault or self._found_fault(path, form):
            error, words = WORDS[fault]
            told = {"error": error, "error_description": words + _TAIL}
            status = 401 if error == "invalid_client" else 400
            return status, json.dumps(told).encode()
        told = {
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "access_token": self.issue(),
        }
        return 200, json.dumps(told).encode()

    def _found_fault(self, path: str, form: dict[str, str]) -> str | None:
        if path != f"/{TENANT}/oauth2/v2.0/token":
            return "tenant"
        if form.get("client_id") != CLIENT_ID:
            return "app"
        return None if form.get("client_secret") == self.secret else "secret"

    def _token(self) -> str:
        claims = {
            "aud": "https://outlook.office365.com",
            "roles": list(self.roles),
            "jti": next(self._numbers),
        }
        parts = [{"alg": "none"}, claims]
        encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()) for p in parts]
        return ".".join([*(part.decode().rstrip("=") for part in encoded), "signature"])

    def _tell(self, path: str, _form: dict[str, str]) -> tuple[int, bytes]:
        token = parse_qs(urlsplit(path).query).get("access_token", [""])[0]
        if token not in self._good:
            return 401, b'{"error": "invalid_token"}'
        told = {"email": self.mailbox, "expires_in": self.lifetime}
        return 200, json.dumps(told).encode()

    def _handler(self, method: str, answer: Any) -> type:
        def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
            size = int(handler.headers.get("Content-Length") or 0)
            form = parse_qs(handler.rfile.read(size).decode())
            flat = {name: values[0] for name, values in form.items()}
            status, body = answer(handler.path, flat)
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        members = {method: respond, "log_message": lambda *_arguments: None}
        return type("Handler", (http.server.BaseHTTPRequestHandler,), members)


def _serving(handler: type) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server
