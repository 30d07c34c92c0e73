"""The language of a text, from its most frequent words or its script."""

import re
from collections import Counter

# A language shows within a few lines; no more is looked at.
MAX_LENGTH = 4000
# Fewer known words than this are a coincidence.
LEAST_WORDS = 3
# How far the first language must be before the second, as a factor.
LEAST_LEAD = 1.2

# The words that no text of the language does without, those of close relatives told
# apart by as many of their own as there are. Codes of ISO 639-1.
_WORDS = {
    "en": "the of and to in is that it was for on are with as his they at be this have "
    "from or had by not but what we when your can an there my has been i you",
    "fr": "le la les de des du et en un une que qui dans pour est pas sur au avec ce "
    "je ne vous nous sont par plus mais cette votre mon ma été aux ou à j'ai",
    "es": "el la los las de del y en que un una por con no para es se lo su al como "
    "pero me mi ha está muy hay yo usted le esta este porque soy desde",
    "pt": "o a os as de do da dos das e em que um uma para com não por é se na no mais "
    "ao meu minha eu você está foi são muito há pelo pela até também",
    "it": "il lo la i gli le di del della e in che un una per con non è si sono da al "
    "alla nel ma come questo questa più mi mio mia ho hanno ci anche dei",
    "de": "der die das und in zu den ist nicht von sie mit sich des auf für dem ein "
    "als auch es an werden aus er hat dass wir ich haben bei nach uns mir",
    "nl": "de het een en van ik te dat die in is niet op voor met zijn er aan om ook "
    "maar dan wij we heb hebben naar bij uit mijn deze wordt geen",
    "pl": "i w na z do nie się to jest że o jak po ale za przez od dla czy są już tym "
    "jestem mam mnie moje proszę był tylko może być który oraz",
    "ro": "și în de la cu pe nu este un o care că din mai sunt pentru am fost ce dar "
    "acest această se au mea meu prin după vă mi-a sau ne",
    "tr": "ve bir bu da de için ile çok ne ben var daha ama gibi olarak değil sonra "
    "olan ki en benim bana yok mı mi şey her oldu olduğu",
    "sw": "na ya wa kwa ni katika la za hii huyo kuwa ambayo hiyo yangu sina mimi kama "
    "lakini hata sana siku yetu wetu hapa sasa bado tangu watu kwamba",
    "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada saya adalah ke "
    "juga ada kami bisa sudah karena oleh kepada telah atau tetapi belum",
    "so": "waa iyo oo in ku ka waxaan ma soo ayaa si u la aan ee waxaa inuu laakiin "
    "kale wax markii badan",
    "ru": "и в не на я что он с это как по но из у за от о же так для мы вы был меня "
    "мне только есть нет или если ещё уже его мой",
    "uk": "і в не на що я з та до це як у за від про для але ми ви він його мене мені "
    "є був немає або якщо ще вже який мій",
    "bg": "и на да за се от в е не с че са по като това си но или до аз съм ще ми ги "
    "има няма беше може който тази",
    "ar": "في من على إلى أن لا هذا التي الذي هذه مع عن لم كان ما هو هي أنا لي قد بعد "
    "بين لقد منذ ولم حتى غير",
    "fa": "از به که در این را با است برای آن من شما می یک تا هم ما اما بود نیست باید "
    "های هستم شده",
    "ur": "کے کی میں ہے کا اور سے کو یہ نے پر کہ نہیں ہیں اس بھی تھا ہو مجھے کر",
}
_LANGUAGES_OF = {}
for _language, _words in _WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)

# Scripts that, as good as always, write one language each.
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("bn", re.compile(r"[\u0980-\u09ff]")),
    ("am", re.compile(r"[\u1200-\u137f]")),
    ("ka", re.compile(r"[\u10a0-\u10ff]")),
    ("hy", re.compile(r"[\u0530-\u058f]")),
    ("my", re.compile(r"[\u1000-\u109f]")),
    ("km", re.compile(r"[\u1780-\u17ff]")),
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)?")
# What a person answers to is often in another language than the answer.
_QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)

LANGUAGES = (*_WORDS, *(language for language, _script in _SCRIPTS))


def language_of(text):
    """Return the ISO 639-1 code of a text's language, ``""`` where it does not show.

    A guess good enough to choose the words of an answer or the people who read it:
    on a close call it says nothing.
    """
    text = _QUOTED.sub("", text[: 2 * MAX_LENGTH])[:MAX_LENGTH]
    letters = sum(map(str.isalpha, text))
    for language, script in _SCRIPTS:
        # Japanese is written with Chinese letters as well: a fifth tells it apart.
        if letters and len(script.findall(text)) * 5 >= letters:
            return language
    return _by_words(_WORD.findall(text.lower().replace("’", "'")))


def _by_words(words):
    counts = Counter()
    for word in words:
        counts.update(_LANGUAGES_OF.get(word, ()))
    (first, hits), (_second, others) = (counts.most_common(2) + [("", 0)] * 2)[:2]
    if hits < LEAST_WORDS or hits < LEAST_LEAD * others:
        return ""
    return first
