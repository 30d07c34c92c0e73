"""A transcript shows what was said, and nothing that must stay secret."""

import base64

import pytest
from mgp_core.diagnosis.transcript import FIRST_LINES, LAST_LINES, Transcript

PASSWORD = "pass word-9"
PLAIN = base64.b64encode(b"\0me@city.example\0pass word-9").decode()
TOKEN = "ya29.a0AfH6SMB-token"
XOAUTH2 = base64.b64encode(
    f"user=me@city.example\1auth=Bearer {TOKEN}\1\1".encode()
).decode()


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("lines", "secret"),
    [
        ([f"AUTH PLAIN {PLAIN}"], PLAIN),
        (["AUTH LOGIN", encoded("me"), encoded(PASSWORD)], encoded(PASSWORD)),
        ([f"AUTH XOAUTH2 {XOAUTH2}"], XOAUTH2),
        ([f"ABCD1 LOGIN me@city.example {PASSWORD}"], PASSWORD),
        ([f'ABCD1 LOGIN "me@city.example" "{PASSWORD}"'], PASSWORD),
        (["ABCD1 AUTHENTICATE PLAIN", PLAIN], PLAIN),
        ([f"ABCD1 AUTHENTICATE PLAIN {PLAIN}"], PLAIN),
        ([f"PASS {PASSWORD}"], PASSWORD),
        (
            ["APOP me c4c9334bac560ecc979e58001b3e22fb"],
            "c4c9334bac560ecc979e58001b3e22fb",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.parametrize("echo", [False, True], ids=["said", "said back"])
def test_login_shows_its_command_only(lines, secret, echo):
    transcript = Transcript(public=["me@city.example"])

    for line in lines:
        transcript.sent(f"{line}\r\n".encode())
        if echo:
            transcript.received(f"334 what is {line}?\r\n".encode())
    transcript.received(f"535 no: {secret}\r\n".encode())

    assert secret not in str(transcript)
    assert lines[0].split()[0] in str(transcript)


@pytest.mark.parametrize("form", [str, encoded], ids=["plain", "base64"])
@pytest.mark.parametrize("secret", [PASSWORD, TOKEN])
def test_known_secret_is_hidden_wherever_it_shows(secret, form):
    transcript = Transcript(secrets=[secret])

    transcript.received(f"500 unknown: {form(secret)}".encode())

    assert form(secret) not in str(transcript)
    assert form(secret) not in transcript.scrubbed(f"it said {form(secret)}")


def test_what_a_sasl_response_holds_is_hidden_when_it_is_said_back_decoded():
    transcript = Transcript(public=["me@city.example"])
    transcript.sent(f"AUTH XOAUTH2 {XOAUTH2}\r\n")

    transcript.received(f"535 {TOKEN} of me@city.example is no good\r\n")

    assert TOKEN not in str(transcript)
    assert "me@city.example" in str(transcript)


def test_what_comes_after_the_login_shows_again():
    transcript = Transcript()
    transcript.sent("AUTH LOGIN")
    transcript.received("334 VXNlcm5hbWU6")
    transcript.sent("c2VjcmV0")
    transcript.received("235 2.7.0 Ok")

    transcript.sent("MAIL FROM:<a@b.example>")

    assert "MAIL FROM:<a@b.example>" in str(transcript)


def test_short_password_does_not_cover_other_words():
    transcript = Transcript(secrets=["ok"])

    transcript.received("250 token ok")

    assert str(transcript).endswith("250 token •••")


def test_lines_have_direction_and_time():
    moments = iter([10.0, 10.1, 10.25])
    transcript = Transcript(clock=lambda: next(moments))

    transcript.sent("QUIT\r\n")
    transcript.received("221 Bye\r\n")

    assert str(transcript) == "   100 > QUIT\n   250 < 221 Bye"


def test_of_endless_talk_the_beginning_and_the_end_are_kept():
    transcript = Transcript()

    for number in range(FIRST_LINES + LAST_LINES + 5):
        transcript.received(f"220-{number} " + "x" * 10_000)

    lines = str(transcript).splitlines()
    assert len(lines) == FIRST_LINES + 1 + LAST_LINES
    assert "220-0 x" in lines[0]
    assert lines[FIRST_LINES].endswith("… 5 …")
    assert f"220-{FIRST_LINES + LAST_LINES + 4} x" in lines[-1]
    assert max(map(len, lines)) < 600


def test_what_is_said_aside_is_not_written_down():
    transcript = Transcript()

    with transcript.aside("(the content of 2 messages)"):
        transcript.received("Dear Sir or Madam")
    transcript.sent("QUIT")

    assert "Dear Sir" not in str(transcript)
    assert "the content of 2 messages" in str(transcript)
    assert str(transcript).endswith("> QUIT")
