"""What a complainant's answer to a decision says is read off its first words."""

import importlib.util
import sys
from pathlib import Path

import pytest

ADDON = Path(__file__).parents[2] / "mail_gateway_plus_grievance"


def load(name):
    """Import a module of the addon that needs no Odoo."""
    spec = importlib.util.spec_from_file_location(
        f"grievance_plain.{name}",
        ADDON / f"{name}.py",
        submodule_search_locations=[str(ADDON)],
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


triage = load("triage")
answers = load("answers")
Answer, read_answer = answers.Answer, answers.read_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("APPEAL", Answer.APPEAL),
        ("Appel : je ne suis pas d'accord", Answer.APPEAL),
        ("\n\n  Apelación.\n", Answer.APPEAL),
        ("Satisfied, thank you", Answer.SATISFIED),
        ("SATISFAITE", Answer.SATISFIED),
        ("Not satisfied.", Answer.UNSATISFIED),
        ("Pas satisfait", Answer.UNSATISFIED),
        ("Não satisfeita", Answer.UNSATISFIED),
        ("غير راض", Answer.UNSATISFIED),
        ("راضية", Answer.SATISFIED),
        ("*Unsatisfied*", Answer.UNSATISFIED),
        ("I will not appeal", None),
        ("Thank you. Satisfied.", None),
        ("> APPEALING", None),
        ("", None),
        ("…", None),
    ],
)
def test_first_words_decide(text, answer):
    assert read_answer(text)[0] is answer


def test_no_is_no_answer_as_it_says_too_much_else():
    assert read_answer("No")[0] is None


@pytest.mark.parametrize(
    ("text", "goes_on"),
    [
        ("Satisfied, many thanks to you all", False),
        ("Satisfied\n\nAmina\n> We have decided on your grievance as follows", False),
        ("Satisfied with the pump, but now the roof of the school leaks", True),
    ],
)
def test_new_matter_shows_in_the_same_line(text, goes_on):
    assert read_answer(text) == (Answer.SATISFIED, goes_on)
