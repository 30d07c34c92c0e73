"""What automatic answers call themselves in their subjects, by language.

Weak evidence: a person may write about an absence too. It counts only together with
something that a program left (see :mod:`.machine`).
"""

import re

_BEGINNINGS = {
    "en": r"auto(?:matic|mated)?[ -]?(?:reply|response|answer)|out of (?:the )?office"
    r"|vacation(?: reply| message|:)|on (?:vacation|leave)|away from (?:my|the)",
    "de": r"automatische (?:antwort|rückantwort)|abwesenheit|abwesend"
    r"|außer haus|(?:ich bin )?im urlaub",
    "fr": r"r[eé]ponse automatique|absen(?:ce|t)\b|message d'absence|en cong[eé]s?\b",
    "es": r"respuesta autom[aá]tica|fuera de (?:la )?oficina|autorespuesta|ausencia",
    "pt": r"resposta autom[aá]tica|fora do escrit[oó]rio|aus[eê]ncia|ausente",
    "it": r"risposta automatica|fuori (?:sede|ufficio)|assenza|assente",
    "nl": r"automatisch (?:antwoord|bericht)|afwezig|niet op kantoor",
    "pl": r"automatyczna odpowiedź|odpowiedź automatyczna|poza biurem|nieobecność",
    "sv da no": r"autosvar|automatiskt? svar|fr[aå]nvaro|frav[aæ]r",
    "fi": r"automaattinen vastaus|poissa",
    "cs sk": r"automatická odpověď|nepřítomnost|neprítomnosť|mimo kancelář",
    "hu": r"automatikus válasz|házon kívül",
    "ro": r"răspuns automat",
    "el": r"αυτ[οό]ματη απ[αά]ντηση|εκτ[οό]ς γραφείου",
    "ru": r"автоматический ответ|автоответ|вне офиса|я в отпуске|отпуск",
    "uk": r"автоматична відповідь|поза офісом|відпустк",
    "tr": r"otomatik (?:yanıt|cevap)|ofis dışı|izinde",
    "ar": r"رد تلقائي|الرد التلقائي|خارج المكتب|إجازة",
    "fa": r"پاسخ خودکار",
    "he": r"מענה אוטומטי|תשובה אוטומטית|מחוץ למשרד",
    "hi": r"स्वचालित (?:उत्तर|जवाब)",
    "zh": r"自动(?:回复|答复)|自動(?:回覆|回复)|不在办公室|外出",
    "ja": r"自動(?:返信|応答)|不在",
    "ko": r"자동 ?(?:회신|응답)|부재",
    "vi": r"trả lời tự động|tự động trả lời",
    "id ms": r"balasan otomatis|jawapan automatik|di luar kantor",
    "th": r"ตอบกลับอัตโนมัติ",
    "sw": r"jibu (?:la )?(?:otomatiki|kiotomatiki|moja kwa moja)|nje ya ofisi|likizoni",
}
# Small words that programs put before it: "Re:", "AW:", "[Ticket 7]".
_BEFORE = r"^(?:\s*(?:re|aw|sv|vs|odp|ref)\s*:|\s*\[[^\]]{0,60}\])*\s*"
_SUBJECT = re.compile(_BEFORE + "(?:" + "|".join(_BEGINNINGS.values()) + ")", re.I)


def is_absence(subject):
    """Say whether a subject is one that automatic answers have."""
    return bool(_SUBJECT.match(subject))
