"""What an administrator reads of settings that come from the environment."""

from odoo.tools import LazyTranslate

from .core.setup.environment import Problem

_lt = LazyTranslate(__name__)

PROBLEM_TEXT = {
    Problem.NOT_A_NUMBER: _lt("%(variable)s is no number: “%(detail)s”."),
    Problem.OUT_OF_RANGE: _lt(
        "%(variable)s is out of range: “%(detail)s”. It may be %(bounds)s."
    ),
    Problem.NOT_A_SWITCH: _lt("%(variable)s is neither true nor false: “%(detail)s”."),
    Problem.NOT_A_CHOICE: _lt(
        "%(variable)s is “%(detail)s”, but has to be one of: %(choices)s."
    ),
    Problem.PATH_NOT_ABSOLUTE: _lt(
        "%(variable)s names the file “%(detail)s”. Write its whole path, such as "
        "file:/run/secrets/mail."
    ),
    Problem.FILE_MISSING: _lt(
        "%(variable)s names a file that does not exist: %(detail)s. Check the path, "
        "and that the secret is handed to Odoo's process."
    ),
    Problem.FILE_UNREADABLE: _lt(
        "%(variable)s names a file that Odoo cannot read: %(detail)s. Let the user "
        "that Odoo runs as read it."
    ),
    Problem.FILE_NOT_REGULAR: _lt(
        "%(variable)s names something that is no file: %(detail)s."
    ),
    Problem.FILE_TOO_LARGE: _lt(
        "%(variable)s names a file that is too large for a secret: %(detail)s."
    ),
    Problem.FILE_EMPTY: _lt("%(variable)s names a file that is empty: %(detail)s."),
    Problem.FILE_NOT_TEXT: _lt(
        "%(variable)s names a file that is no text in UTF-8: %(detail)s."
    ),
}


def problem_text(env, found):
    """Return what is wrong with a variable, in the user's words."""
    setting = found.setting
    bounds = f"{setting.least} – {'' if setting.most is None else setting.most}".strip()
    text = env._(PROBLEM_TEXT[found.problem])
    return text % {
        "variable": found.variable,
        "detail": found.detail,
        "bounds": bounds,
        "choices": ", ".join(setting.choices),
    }
