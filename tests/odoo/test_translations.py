"""The lists of terms to translate are those of the code (``make pot`` writes them)."""

import io
from pathlib import Path

import polib
import pytest

from odoo.tools.translate import trans_export

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("addon", ["mail_gateway_plus", "mail_gateway_plus_grievance"])
def test_every_term_is_in_the_addons_list(env, addon):
    exported = io.BytesIO()
    trans_export(None, [addon], exported, "po", env)

    kept = polib.pofile(str(ROOT / addon / "i18n" / f"{addon}.pot"))

    expected = polib.pofile(exported.getvalue().decode())
    assert {entry.msgid for entry in kept} == {entry.msgid for entry in expected}
