"""The lists of terms to translate are those of the code (``make pot`` writes them)."""

import io
from pathlib import Path
from unittest.mock import patch

import polib
import pytest

from odoo.tools.translate import code_translations, trans_export

from odoo.addons.mail_gateway_plus import (
    deliverability_texts,
    ladder_advice,
    outage_texts,
    sending_advice,
    setup_texts,
    step_texts,
)
from odoo.addons.mail_gateway_plus.core.diagnosis.advice_keys import Advice
from odoo.addons.mail_gateway_plus.core.diagnosis.steps import Protocol

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("addon", ["mail_gateway_plus", "mail_gateway_plus_grievance"])
def test_every_term_is_in_the_addons_list(env, addon):
    exported = io.BytesIO()
    trans_export(None, [addon], exported, "po", env)

    kept = polib.pofile(str(ROOT / addon / "i18n" / f"{addon}.pot"))

    expected = polib.pofile(exported.getvalue().decode())
    assert {entry.msgid for entry in kept} == {entry.msgid for entry in expected}


ADDON = "mail_gateway_plus"
TABLES = {
    "ladder": ladder_advice.LADDER_ADVICE,
    "labels": step_texts.LABELS,
    "causes": deliverability_texts.CAUSE_TEXT,
    "checks": deliverability_texts.CHECK_LABELS,
    "findings": setup_texts.FINDING_TEXT,
    "sending": sending_advice.CAUSE_ADVICE,
    "titles": sending_advice.CAUSE_TITLE,
    "outage": outage_texts.REASON_TEXT,
    "remedies": outage_texts.REMEDY_TEXT,
}


@pytest.fixture
def french_env(env):
    """An environment of a user who reads French."""
    env["res.lang"]._activate_lang("fr_FR")
    return env(context={"lang": "fr_FR"})


@pytest.mark.parametrize("name", TABLES)
def test_all_advice_is_told_in_the_users_language(french_env, name):
    french = {}
    lines = []
    for entry in TABLES[name].values():
        for text in entry if isinstance(entry, tuple) else [entry]:
            source = text._source
            french[source] = f"[fr] {source}"
            lines.append(text)
    known = {(ADDON, "fr_FR"): french}
    with patch.dict(code_translations.python_translations, known):
        told = [french_env._(text) for text in lines]

    assert lines
    assert told == [f"[fr] {text._source}" for text in lines]


def test_step_of_a_test_speaks_the_users_language(french_env):
    cause, remedy = ladder_advice.LADDER_ADVICE[Advice.WRONG_PASSWORD]
    french = {cause._source: "Mot de passe refusé.", remedy._source: "Vérifiez-les."}
    with patch.dict(code_translations.python_translations, {(ADDON, "fr_FR"): french}):
        texts = step_texts.StepTexts(french_env, Protocol.SMTP)
        told = texts.line(
            {
                "step": "login",
                "state": "failed",
                "details": {},
                "milliseconds": 3,
                "words": "535 5.7.8 No",
                "advice": Advice.WRONG_PASSWORD.value,
            }
        )

    assert (told["cause"], told["remedy"]) == ("Mot de passe refusé.", "Vérifiez-les.")
