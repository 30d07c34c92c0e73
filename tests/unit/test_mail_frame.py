"""A server's own texts stand around the text of each mail, and around nothing else."""

from email.message import EmailMessage

import pytest
from mgp_core.policy.mail_frame import Frame, framed_html, framed_plain, put_frame

FRAME = Frame("<p>City</p>", "<p>Imprint</p>", "City", "Imprint")


def mail(html=None, plain="Hello", **attachment):
    message = EmailMessage()
    message["Subject"] = "Light"
    message.set_content(plain)
    if html:
        message.add_alternative(html, subtype="html")
    if attachment:
        message.add_attachment(b"Not a text", **attachment)
    return message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Hi</p>", "<p>City</p><p>Hi</p><p>Imprint</p>"),
        (
            '<html><BODY class="a">Hi</BODY></html>',
            '<html><BODY class="a"><p>City</p>Hi<p>Imprint</p></BODY></html>',
        ),
        ("<html>Hi</html>", "<p>City</p><html>Hi<p>Imprint</p></html>"),
        ("", "<p>City</p><p>Imprint</p>"),
    ],
)
def test_frame_is_inside_of_the_body(text, expected):
    assert framed_html(text, FRAME) == expected


def test_plain_text_has_it_in_paragraphs():
    assert framed_plain("Hi\n", FRAME) == "City\n\nHi\n\nImprint\n"
    assert framed_plain("Hi\n", Frame(plain_after="Imprint")) == "Hi\n\nImprint\n"


def test_both_forms_of_a_mail_have_it_and_its_headers_stay():
    message = mail("<p>Straße</p>", maintype="text", subtype="plain", filename="a.txt")

    put_frame(message, FRAME)

    assert message.get_body(("html",)).get_content().strip() == (
        "<p>City</p><p>Straße</p>\n<p>Imprint</p>"
    )
    assert "Imprint" in message.get_body(("plain",)).get_content()
    [attachment] = message.iter_attachments()
    assert attachment.get_content() == "Not a text"
    assert message["Subject"] == "Light"
    assert message.as_bytes()


def test_mail_of_one_text_has_it():
    message = mail()

    put_frame(message, FRAME)

    assert message.get_content() == "City\n\nHello\n\nImprint\n"


def test_what_is_signed_and_what_is_for_machines_stays_as_it_is():
    for subtype in ("signed", "encrypted", "report"):
        message = mail("<p>Hi</p>")
        message.replace_header("Content-Type", f"multipart/{subtype}; boundary=x")
        before = message.as_bytes()

        put_frame(message, FRAME)

        assert message.as_bytes() == before


def test_server_without_texts_changes_nothing():
    message = mail("<p>Hi</p>")
    before = message.as_bytes()

    put_frame(message, Frame())

    assert message.as_bytes() == before
