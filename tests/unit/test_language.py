"""The language of a letter shows by its frequent words, or does not."""

import pytest
from mgp_core.parsing.language import LANGUAGES, language_of


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "It has been dark in our street for weeks, and nobody does anything."),
        ("fr", "Il fait noir dans notre rue depuis des semaines et personne ne vient."),
        ("es", "La calle está a oscuras desde hace semanas y no hay nadie que venga."),
        ("pt", "A rua está às escuras há semanas e não há ninguém que venha até cá."),
        ("it", "La strada è al buio da settimane e non viene nessuno, è una vergogna."),
        ("de", "In unserer Straße ist es seit Wochen dunkel, und das ist nicht gut."),
        ("nl", "Het is al weken donker in onze straat en er is niemand die iets doet."),
        (
            "pl",
            "Na naszej ulicy od tygodni jest ciemno i nie ma nikogo, kto by pomógł.",
        ),
        ("ro", "Pe strada noastră este întuneric de săptămâni și nu vine nimeni."),
        ("tr", "Sokağımız haftalardır karanlık ve bu çok kötü, ama kimse gelmedi."),
        ("sw", "Mtaa wetu ni giza kwa wiki kadhaa sasa na hakuna mtu wa kusaidia."),
        ("id", "Jalan kami gelap sejak berminggu-minggu dan tidak ada yang datang."),
        ("ru", "На нашей улице уже несколько недель темно, и никто не приходит."),
        ("uk", "На нашій вулиці вже кілька тижнів темно, і ніхто не приходить до нас."),
        ("ar", "الشارع مظلم منذ أسابيع ولم يأت أحد من البلدية إلى هذا المكان"),
        ("fa", "خیابان ما هفته‌ها تاریک است و کسی برای تعمیر آن به این محل نمی آید"),
        ("hi", "हमारी सड़क पर हफ्तों से अंधेरा है"),
        ("ja", "何週間も通りが暗いままです"),
        ("zh", "我们的街道已经黑了好几个星期"),
        ("am", "መንገዳችን ለሳምንታት ጨለማ ነው"),
    ],
)
def test_language_of_a_short_letter(language, text):
    assert language_of(text) == language


def test_what_is_quoted_is_the_language_of_somebody_else():
    quoted = "> We have received your letter and will answer it in the next days.\n" * 9
    assert language_of(quoted + "Merci, je suis d'accord avec les dates.") == "fr"


@pytest.mark.parametrize(
    "text", ["", "12345 --", "OK", "FYI", "Amina Diallo", "\x00" * 99]
)
def test_too_little_tells_nothing(text):
    assert language_of(text) == ""


def test_two_languages_at_once_tell_nothing():
    assert language_of("the of and to is der die das und ist") == ""


def test_a_huge_text_is_read_from_its_beginning():
    assert language_of("the of and to is " * 2_000_000) == "en"


def test_codes_are_those_of_iso_639_1():
    assert len(set(LANGUAGES)) == len(LANGUAGES)
    assert all(len(code) == 2 and code.islower() for code in LANGUAGES)
