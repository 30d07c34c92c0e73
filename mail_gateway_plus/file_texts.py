"""What a person reads of a file that was held back or is to be taken with care."""

from odoo.tools import LazyTranslate

from .core.trust.file_policy import Finding

_lt = LazyTranslate(__name__)

FINDING_TEXT = {
    Finding.BLOCKED_NAME: _lt("files of the type .%(detail)s are not let in"),
    Finding.BLOCKED_KIND: _lt(
        "by its content it is a program, whatever it is called (%(detail)s)"
    ),
    Finding.BLOCKED_INSIDE: _lt("it is an archive with %(detail)s in it"),
    Finding.BOMB: _lt("it is an archive of a size or depth that nobody sends"),
    Finding.MACROS: _lt("it holds macros: programs that run when it is opened"),
    Finding.ENCRYPTED: _lt("it is encrypted, so nobody could look into it"),
    Finding.DISGUISED: _lt("it is not what a file of the type .%(detail)s should be"),
    Finding.TURNED_NAME: _lt("its name hides how it ends"),
    Finding.INFECTED: _lt("the virus scanner found %(detail)s in it"),
    Finding.NOT_SCANNED: _lt("the virus scanner could not look at it: %(detail)s"),
}


def tell_findings(env, findings):
    """Return findings as one line for a person."""
    return "; ".join(
        env._(FINDING_TEXT[finding]) % {"detail": detail}  # pylint: disable=W8301
        for finding, detail in findings
    )
