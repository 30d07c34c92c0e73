"""What a stranger wrote becomes the name of a file that no system misreads."""

import pytest
from mgp_core.parsing.file_name import file_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Broken street light", "Broken street light.eml"),
        ("Éclairage cassé", "Éclairage cassé.eml"),
        ("../../etc/passwd", "etc passwd.eml"),
        ('a:b*c?"d"<e>|f\\g', "a b c d e f g.eml"),
        ("line\r\nSet-Cookie: x\x00", "line Set-Cookie x.eml"),
        ("photo\u202egpj.exe", "photo gpj.exe.eml"),
        ("  . ", "message.eml"),
        ("", "message.eml"),
        (None, "message.eml"),
        ("nul", "_nul.eml"),
        ("\ud800", "message.eml"),
    ],
)
def test_name_is_safe_everywhere(text, name):
    assert file_name(text, ".eml") == name


def test_name_fits_a_file_system_whatever_the_alphabet():
    assert len(file_name("😀" * 500, ".eml").encode()) <= 255
