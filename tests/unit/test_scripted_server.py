"""The scripted server tells on itself: a test that relies on it can trust it."""

import socket

import pytest

from tests.rig.scripted_server import (
    Close,
    Expect,
    Reset,
    ScriptedServer,
    ScriptError,
    Send,
)


def connect(server):
    return socket.create_connection((server.host, server.port), timeout=2)


def test_answer_carries_the_tag_of_the_command():
    with ScriptedServer(Expect(rb"\w+ NOOP", b"<tag> OK")) as server:
        with connect(server) as client:
            client.sendall(b"A7 NOOP\r\n")
            assert client.recv(100) == b"A7 OK\r\n"


def test_lines_hold_what_came_after_the_last_step_too():
    with ScriptedServer(Send(b"hello")) as server:
        with connect(server) as client:
            client.sendall(b"one\r\ntwo\r\n")

    assert server.lines == [b"one", b"two"]


def test_unexpected_command_breaks_the_script():
    with pytest.raises(ScriptError, match="expected b'QUIT'"):
        with ScriptedServer(Expect(b"QUIT")) as server, connect(server) as client:
            client.sendall(b"NOOP\r\n")


def test_step_that_was_never_reached_breaks_the_script():
    with pytest.raises(ScriptError, match="hung up"):
        with ScriptedServer(Expect(b"QUIT")) as server:
            connect(server).close()


def test_script_without_a_client_is_told():
    with pytest.raises(ScriptError, match="no client"):
        with ScriptedServer(Send(b"hello")):
            pass


def test_close_ends_the_stream():
    with ScriptedServer(Close()) as server, connect(server) as client:
        assert client.recv(1) == b""


def test_reset_resets():
    with ScriptedServer(Expect(b"NOOP"), Reset()) as server:
        with connect(server) as client:
            client.sendall(b"NOOP\r\n")
            with pytest.raises(ConnectionResetError):
                client.recv(1)


def test_client_that_stays_does_not_hold_up_the_test():
    client = None
    with ScriptedServer(Send(b"hello")) as server:
        client = connect(server)
    assert client.recv(100) == b"hello\r\n"
    client.close()
