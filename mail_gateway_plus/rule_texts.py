"""How rules read: their conditions, and what is wrong with one."""

from odoo.tools import LazyTranslate

from .core.policy.rules.condition import Aspect, Mistake, Operator
from .core.policy.rules.rule import Action

_lt = LazyTranslate(__name__)

ASPECT_TEXT = {
    Aspect.SENDER: _lt("From"),
    Aspect.SENDER_NAME: _lt("From (name)"),
    Aspect.RECIPIENT: _lt("To, Cc or Delivered-To"),
    Aspect.SUBJECT: _lt("Subject"),
    Aspect.TEXT: _lt("Text"),
    Aspect.HEADER: _lt("Header"),
    Aspect.FILE_NAME: _lt("Attachment's name"),
    Aspect.FILE_TYPE: _lt("Attachment's type"),
    Aspect.FILE_SIZE: _lt("Attachment's size"),
    Aspect.FILE_COUNT: _lt("Number of attachments"),
    Aspect.SIZE: _lt("Size of the message"),
    Aspect.VERDICT: _lt("Verdict on the sender"),
    Aspect.MACHINE: _lt("Kind of machine"),
    Aspect.LANGUAGE: _lt("Language"),
    Aspect.STANDING: _lt("Sender known as"),
    Aspect.WEEKDAY: _lt("Weekday of receipt"),
    Aspect.TIME: _lt("Time of receipt"),
}

OPERATOR_TEXT = {
    Operator.EQUAL: _lt("is"),
    Operator.CONTAINS: _lt("contains"),
    Operator.STARTS: _lt("starts with"),
    Operator.ENDS: _lt("ends with"),
    Operator.REGEX: _lt("matches the pattern"),
    Operator.ONE_OF: _lt("is one of"),
    Operator.GREATER: _lt("is greater than"),
    Operator.LESS: _lt("is less than"),
    Operator.IS_SET: _lt("is set"),
}
NEGATED_TEXT = {
    Operator.EQUAL: _lt("is not"),
    Operator.CONTAINS: _lt("does not contain"),
    Operator.STARTS: _lt("does not start with"),
    Operator.ENDS: _lt("does not end with"),
    Operator.REGEX: _lt("does not match the pattern"),
    Operator.ONE_OF: _lt("is none of"),
    Operator.GREATER: _lt("is not greater than"),
    Operator.LESS: _lt("is not less than"),
    Operator.IS_SET: _lt("is not set"),
}

ACTION_TEXT = {
    Action.GO_ON: _lt("Go on as usual"),
    Action.CREATE: _lt("Create a record"),
    Action.ATTACH: _lt("Add to a record of your choice"),
    Action.FIND: _lt("Add to the record with a reference"),
    Action.PARK: _lt("Park for a person to decide"),
    Action.IGNORE: _lt("Ignore"),
}

MISTAKE_TEXT = {
    Mistake.MISFIT: _lt("it cannot be compared in this way"),
    Mistake.NO_HEADER: _lt("say which header"),
    Mistake.NO_VALUE: _lt("say what to compare with"),
    Mistake.NO_NUMBER: _lt(
        "a number is needed, such as 3 or 2 MB, instead of “%(detail)s”"
    ),
    Mistake.NO_TIME: _lt("a time is needed, such as 17:30, instead of “%(detail)s”"),
    Mistake.NO_WEEKDAY: _lt(
        "a weekday is needed, such as Mon, instead of “%(detail)s”"
    ),
    Mistake.NO_WORD: _lt("use one of %(detail)s"),
    Mistake.LONG_LIST: _lt("a list has at most %(detail)s entries"),
    Mistake.BAD_PATTERN: _lt("it is no regular expression (%(detail)s)"),
}


def condition_text(env, condition):
    """Return a :class:`~.core.policy.rules.condition.Condition` in words."""
    aspect = env._(ASPECT_TEXT[condition.aspect])
    if condition.aspect is Aspect.HEADER:
        aspect = f"{aspect} {condition.header}"
    table = NEGATED_TEXT if condition.is_negated else OPERATOR_TEXT
    words = [aspect, env._(table[condition.operator])]
    if condition.operator is not Operator.IS_SET:
        value = condition.value.strip()
        words.append(f"“{value if len(value) <= 60 else value[:59] + '…'}”")
    return " ".join(words)


def mistake_text(env, error):
    """Return why something is no condition, from its ``ConditionError``."""
    text = env._(MISTAKE_TEXT[error.mistake])
    return text % {"detail": error.detail}
