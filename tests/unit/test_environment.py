"""Settings of a server that come from the environment of Odoo's process."""

import os

import pytest
from mgp_core.setup.environment import (
    MOST_BYTES,
    Kind,
    Problem,
    Setting,
    is_code,
    read_settings,
    unknown_variables,
    variable_name,
)

HOST = Setting("HOST")
PORT = Setting("PORT", Kind.NUMBER, least=1, most=65535)
SIZE = Setting("SIZE", Kind.DECIMAL)
VERIFY = Setting("VERIFY", Kind.SWITCH)
ENCRYPTION = Setting("ENCRYPTION", Kind.CHOICE, ("none", "ssl"))
PASSWORD = Setting("PASSWORD", Kind.SECRET)
SETTINGS = (HOST, PORT, SIZE, VERIFY, ENCRYPTION, PASSWORD)


def found(setting, text):
    """Return what one variable of the code MAIN comes to."""
    environ = {f"MAIL_GATEWAY_MAIN_{setting.name}": text}
    return read_settings(environ, "MAIN", SETTINGS)[setting.name]


@pytest.fixture
def secret_file(tmp_path):
    def write(content):
        path = tmp_path / "secret"
        path.write_bytes(content)
        return f"file:{path}"

    return write


@pytest.mark.parametrize("code", ["M", "MAIN", "MAIN_2", "A1_B2_C3"])
def test_code_is_what_a_variable_name_takes(code):
    assert is_code(code)


@pytest.mark.parametrize(
    "code", ["", "main", "1MAIN", "_MAIN", "MAIN_", "A__B", "A-B", "A B", "Ä", "A\n"]
)
def test_anything_else_is_no_code(code):
    assert not is_code(code)


def test_values_are_read_as_what_the_setting_is():
    environ = {
        "MAIL_GATEWAY_MAIN_HOST": "smtp.city.example",
        "MAIL_GATEWAY_MAIN_PORT": " 587 ",
        "MAIL_GATEWAY_MAIN_SIZE": "12.5",
        "MAIL_GATEWAY_MAIN_VERIFY": "Yes",
        "MAIL_GATEWAY_MAIN_ENCRYPTION": "ssl",
        "MAIL_GATEWAY_MAIN_PASSWORD": "s3cret",
        "MAIL_GATEWAY_OTHER_PORT": "25",
    }

    values = {
        name: one.value
        for name, one in read_settings(environ, "MAIN", SETTINGS).items()
    }

    assert values == {
        "HOST": "smtp.city.example",
        "PORT": 587,
        "SIZE": 12.5,
        "VERIFY": True,
        "ENCRYPTION": "ssl",
        "PASSWORD": "s3cret",
    }


def test_empty_variable_counts_as_none():
    assert read_settings({"MAIL_GATEWAY_MAIN_HOST": ""}, "MAIN", SETTINGS) == {}


@pytest.mark.parametrize(
    ("setting", "text", "problem"),
    [
        (PORT, "abc", Problem.NOT_A_NUMBER),
        (PORT, "5 87", Problem.NOT_A_NUMBER),
        (PORT, "٥٨٧", Problem.NOT_A_NUMBER),
        (PORT, "1e3", Problem.NOT_A_NUMBER),
        (PORT, "9" * 5000, Problem.NOT_A_NUMBER),
        (PORT, "0", Problem.OUT_OF_RANGE),
        (PORT, "65536", Problem.OUT_OF_RANGE),
        (SIZE, "nan", Problem.NOT_A_NUMBER),
        (SIZE, "-1", Problem.NOT_A_NUMBER),
        (VERIFY, "maybe", Problem.NOT_A_SWITCH),
        (ENCRYPTION, "SSL", Problem.NOT_A_CHOICE),
        (ENCRYPTION, "tls", Problem.NOT_A_CHOICE),
    ],
)
def test_value_that_cannot_be_used_is_a_problem_and_never_raises(
    setting, text, problem
):
    one = found(setting, text)

    assert (one.problem, one.value) == (problem, None)
    assert one.detail == text[:40]
    assert one.variable == variable_name("MAIN", setting.name)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\n", "s3cret"),
        (b"s3cret\n\n", "s3cret\n"),
        (b" s3cret ", " s3cret "),
        (b"\xef\xbb\xbfs3cret\n", "s3cret"),
        ("pä§swort\n".encode(), "pä§swort"),
    ],
)
def test_secret_of_a_file_is_its_text_without_the_last_newline(
    secret_file, content, secret
):
    assert found(PASSWORD, secret_file(content)).value == secret


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", Problem.FILE_EMPTY),
        (b"\n", Problem.FILE_EMPTY),
        (b"\xff\xfe\x00", Problem.FILE_NOT_TEXT),
        (b"x" * (MOST_BYTES + 1), Problem.FILE_TOO_LARGE),
    ],
)
def test_file_that_holds_no_secret_is_a_problem(secret_file, content, problem):
    one = found(PASSWORD, secret_file(content))

    assert (one.problem, one.value) == (problem, None)


def test_missing_file_is_a_problem(tmp_path):
    one = found(PASSWORD, f"file:{tmp_path}/gone")

    assert one.problem is Problem.FILE_MISSING
    assert one.detail == f"{tmp_path}/gone"


def test_file_that_may_not_be_read_says_why(monkeypatch, secret_file):
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "denied")

    reference = secret_file(b"s3cret")
    monkeypatch.setattr(os, "open", refuse)  # root may read everything

    one = found(PASSWORD, reference)

    assert one.problem is Problem.FILE_UNREADABLE
    assert "Permission denied" in one.detail


def test_path_is_whole():
    assert found(PASSWORD, "file:secret").problem is Problem.PATH_NOT_ABSOLUTE


def test_folder_device_and_pipe_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: reading would wait for ever

    for path in (tmp_path, "/dev/zero", tmp_path / "pipe"):
        assert found(PASSWORD, f"file:{path}").problem is Problem.FILE_NOT_REGULAR


def test_only_secrets_come_from_files(secret_file):
    reference = secret_file(b"smtp.city.example")

    assert found(HOST, reference).value == reference


def test_secret_is_in_no_representation(secret_file):
    for text in ("s3cret", secret_file(b"s3cret")):
        assert "s3cret" not in repr(found(PASSWORD, text))


def test_misspelt_variables_are_noticed_but_not_those_of_other_codes():
    environ = {
        "MAIL_GATEWAY_MAIN_PASWORD": "x",
        "MAIL_GATEWAY_MAIN_HOST": "x",
        "MAIL_GATEWAY_MAIN_2_HOST": "x",
        "MAIL_GATEWAY_OTHER": "x",
    }
    known = {"MAIL_GATEWAY_MAIN_HOST", "MAIL_GATEWAY_MAIN_2_HOST"}

    assert unknown_variables(environ, "MAIN", known) == ["MAIL_GATEWAY_MAIN_PASWORD"]
