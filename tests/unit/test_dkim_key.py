"""A DKIM key in the DNS (RFC 6376 section 3.6.1)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mgp_core.deliverability.dkim_key import KeyState, is_key, parse_key


def rsa_key(bits):
    """Return the text of a key of so many bits."""
    key = rsa.generate_private_key(65537, bits).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


@pytest.mark.parametrize("bits, state", [(2048, KeyState.GOOD), (1024, KeyState.SHORT)])
def test_length_of_a_key_is_judged(bits, state):
    key = parse_key(f"v=DKIM1; k=rsa; p={rsa_key(bits)}")

    assert (key.state, key.bits) == (state, bits)


def test_key_that_verifiers_do_not_take_is_useless():
    # A key of 512 bits, which today's libraries refuse to make.
    short = (
        "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALvJk5Pl0Y0eRLcPZ6mLJm3zT3uWnq5Xc9b0aQk8"
        "0X6d4N9mI4kq1cY2m3wq2tq7w0l1n4c5c8bqk0V2Z2yqv0kCAwEAAQ=="
    )

    assert parse_key(f"p={short}").state is KeyState.USELESS


def test_key_may_be_broken_over_blanks_and_be_on_trial():
    data = rsa_key(2048)

    key = parse_key(f"v=DKIM1; t=y:s; p={data[:100]} {data[100:]}")

    assert key.state is KeyState.GOOD
    assert key.is_testing


def test_edwards_key_is_known():
    data = base64.b64encode(bytes(32)).decode()

    assert parse_key(f"k=ed25519; p={data}").state is KeyState.GOOD


@pytest.mark.parametrize("text", ["p=", "v=DKIM1; p= ; t=s"])
def test_empty_key_is_revoked(text):
    assert parse_key(text).state is KeyState.REVOKED


@pytest.mark.parametrize("data", ["!!!!", "AAAA", "é", "A" * 60000])
def test_what_is_no_key_is_unreadable(data):
    assert parse_key(f"v=DKIM1; p={data}").state is KeyState.UNREADABLE


def test_other_text_is_no_key():
    assert not is_key("v=spf1 -all")
    assert not is_key("v=DKIM2; p=AAAA")
