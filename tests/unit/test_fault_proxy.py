"""The fault proxy harms exactly as asked: a test that relies on it can trust it."""

import socket
import time
from contextlib import contextmanager

import pytest

from tests.rig.fault_proxy import FaultProxy
from tests.rig.scripted_server import Expect, ScriptedServer, Send


@contextmanager
def client_of(proxy):
    with socket.create_connection((proxy.host, proxy.port), timeout=2) as client:
        yield client


def read_all(client):
    return b"".join(iter(lambda: client.recv(100), b""))


def test_what_both_sides_say_is_passed_on():
    with ScriptedServer(Expect(b"hello", b"good day")) as server:
        with FaultProxy(server.port) as proxy, client_of(proxy) as client:
            client.sendall(b"hello\r\n")

            assert client.recv(100) == b"good day\r\n"


def test_bytes_of_the_server_are_counted():
    with ScriptedServer(Send(b"12345678")) as server:
        with FaultProxy(server.port) as proxy, client_of(proxy) as client:
            client.recv(100)

    assert (proxy.connections, proxy.bytes_from_server) == (1, 10)


@pytest.mark.parametrize("promised", [1, 6])
def test_cut_comes_after_exactly_the_promised_bytes(promised):
    with ScriptedServer(Send(b"12345678")) as server:
        with FaultProxy(server.port, cut_after_bytes=promised) as proxy:
            with client_of(proxy) as client:
                assert read_all(client) == b"12345678"[:promised]


def test_reset_resets():
    with ScriptedServer(Send(b"12345678")) as server:
        with FaultProxy(server.port, cut_after_bytes=3, reset=True) as proxy:
            with client_of(proxy) as client, pytest.raises(ConnectionResetError):
                read_all(client)


def test_stalled_server_stays_connected_and_silent():
    with ScriptedServer(Send(b"12345678")) as server:
        with FaultProxy(server.port, stall_after_bytes=3) as proxy:
            with client_of(proxy) as client:
                assert client.recv(100) == b"123"
                client.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    client.recv(100)


def test_answer_is_delayed():
    with ScriptedServer(Send(b"12345678")) as server:
        begun = time.monotonic()
        with FaultProxy(server.port, delay_seconds=0.1) as proxy:
            with client_of(proxy) as client:
                assert client.recv(100) == b"12345678\r\n"

    assert time.monotonic() - begun >= 0.1


def test_only_the_first_connections_are_harmed():
    with ScriptedServer(Send(b"12345678")) as server:
        with FaultProxy(server.port, cut_after_bytes=0, only_first=1) as proxy:
            # The server takes one connection only: the first never speaks to it.
            with client_of(proxy) as client:
                assert read_all(client) == b""
            with client_of(proxy) as client:
                assert client.recv(100) == b"12345678\r\n"
