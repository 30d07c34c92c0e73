"""A file is fetched from the internet only, encrypted, small and soon."""

import time

import pytest
from mgp_core.discovery.https import HttpsFetcher, Refused
from mgp_core.discovery.names import is_public

from tests.rig.https_server import HttpsServer

HOST = "autoconfig.city.example"


class Names:
    """Resolves everything to this machine, but for what a test says."""

    def __init__(self, **addresses):
        self.addresses_of = {"default": ["127.0.0.1"], **addresses}

    def addresses(self, host):
        return self.addresses_of.get(host, self.addresses_of["default"])


@pytest.fixture
def serve(certificate_authority):
    """A function that starts a server; the fetcher it returns reaches that one."""
    servers = []

    def start(answers, certificate=None, allow_private=True, timeout=3.0, names=None):
        certificate = certificate or certificate_authority.issue(HOST, "other.example")
        server = HttpsServer(certificate, answers)
        servers.append(server.__enter__())
        fetcher = HttpsFetcher(
            names or Names(),
            allow_private,
            timeout,
            certificate_authority.client_context(),
            server.port,
        )
        return server, fetcher

    yield start
    for server in servers:
        server.__exit__()


def redirect(place):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def test_file_is_fetched_by_its_name(serve):
    server, fetcher = serve({"/file": b"content"})

    assert fetcher.fetch(f"https://{HOST}/file?a=1", 100) == b"content"
    assert server.asked == [(f"{HOST}:{server.port}", "/file?a=1")]


def test_redirect_is_followed(serve):
    server, fetcher = serve({"/a": redirect("/b"), "/b": b"content"})

    assert fetcher.fetch(f"https://{HOST}/a", 100) == b"content"


@pytest.mark.parametrize(
    "place",
    [
        "http://other.example/",
        "file:///etc/passwd",
        "ftp://other.example/",
        "https://other.example:22/",
        "https://user:password@other.example/",
        "https://",
        "https://[::1",
        "",
    ],
)
def test_redirect_to_something_else_is_refused(serve, place):
    server, fetcher = serve({"/a": redirect(place), "/": b"secret"})

    with pytest.raises(Refused):
        fetcher.fetch(f"https://{HOST}/a", 100)

    assert all(target == "/a" for _host, target in server.asked)


def test_redirect_without_end_is_refused(serve):
    server, fetcher = serve({"/a": redirect("/a")})

    with pytest.raises(Refused):
        fetcher.fetch(f"https://{HOST}/a", 100)

    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fd00::1"],
        ["fe80::1%eth0"],
        ["0.0.0.0"],
        ["100.64.0.1"],
        ["224.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        [],
    ],
)
def test_address_of_the_own_network_is_never_connected_to(serve, addresses):
    names = Names(default=addresses)
    server, fetcher = serve({"/": b"secret"}, allow_private=False, names=names)

    with pytest.raises(Refused):
        fetcher.fetch(f"https://{HOST}/", 100)

    assert not server.asked


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_address_of_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("trouble", ["self-signed", "expired", "other name"])
def test_server_without_a_valid_certificate_is_refused(
    serve, certificate_authority, trouble
):
    certificate = {
        "self-signed": lambda: certificate_authority.self_signed(HOST),
        "expired": lambda: certificate_authority.issue(HOST, expired=True),
        "other name": lambda: certificate_authority.issue("other.example"),
    }[trouble]()
    server, fetcher = serve({"/": b"content"}, certificate)

    with pytest.raises(Refused, match="SSLCertVerificationError"):
        fetcher.fetch(f"https://{HOST}/", 100)

    assert not server.asked


def test_large_file_is_refused(serve):
    _server, fetcher = serve({"/": b"x" * 101})

    with pytest.raises(Refused, match="too large"):
        fetcher.fetch(f"https://{HOST}/", 100)


def test_missing_file_is_refused(serve):
    _server, fetcher = serve({})

    with pytest.raises(Refused, match="404"):
        fetcher.fetch(f"https://{HOST}/", 100)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_server_that_drips_is_cut_off(serve, part):
    def drip(handler):
        if part == "body":
            handler.send_response(200)
            handler.end_headers()
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    _server, fetcher = serve({"/": drip}, timeout=0.7)
    started = time.monotonic()

    with pytest.raises(Refused):
        fetcher.fetch(f"https://{HOST}/", 10_000)

    assert time.monotonic() - started < 3
