"""Regular expressions that people enter, kept from ever taking long."""

import re

try:
    from re import _parser as parser
except ImportError:  # Python 3.10
    import sre_parse as parser

# Characters of a reply that patterns are held against.
TEXT_LIMIT = 500
PATTERN_LIMIT = 200
# Ways to try a pattern at one place of the text. Measured: a pattern just below it
# takes less than two seconds against the worst text; two ".*" are allowed.
WAYS_LIMIT = 260_000


class PatternError(ValueError):
    """A pattern that is refused: ``is_slow``, or else not a pattern at all."""

    def __init__(self, text, is_slow=False):
        super().__init__(text)
        self.is_slow = is_slow


def compile_pattern(pattern):
    """Return the compiled pattern, for any case.

    :raises PatternError: when it is none, or when some text could make it run long
    """
    if len(pattern) > PATTERN_LIMIT:
        raise PatternError(f"longer than {PATTERN_LIMIT} characters", is_slow=True)
    try:
        ways = _ways(parser.parse(pattern))
        compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from error
    if ways > WAYS_LIMIT:
        raise PatternError("too many repetitions", is_slow=True)
    return compiled


def _ways(sequence):
    """Return in how many ways a parsed pattern can be tried at one place, at most.

    That is what a backtracking search may go through: ``a?a?`` in four, ``.*.*`` in
    the square of the text's length. Past the limit the exact number does not matter.
    """
    ways = 1
    for operation, argument in sequence:
        ways *= _ways_of(str(operation), argument)
        if ways > WAYS_LIMIT:
            return WAYS_LIMIT + 1
    return ways


def _ways_of(operation, argument):
    if operation == "BRANCH":
        return sum(_ways(branch) for branch in argument[1])
    if operation == "SUBPATTERN":
        return _ways(argument[3])
    if operation in ("ASSERT", "ASSERT_NOT"):
        return _ways(argument[1])
    if operation == "ATOMIC_GROUP":
        return _ways(argument)
    if operation.endswith("_REPEAT"):
        return _ways_of_repeat(*argument)
    if operation == "GROUPREF_EXISTS":
        return _ways(argument[1]) + (_ways(argument[2]) if argument[2] else 0)
    return 1


def _ways_of_repeat(low, high, body):
    low, high = min(int(low), TEXT_LIMIT), min(int(high), TEXT_LIMIT)
    if high > 1 and body.getwidth()[0] == 0:
        return WAYS_LIMIT + 1  # a repeated nothing
    each = _ways(body)
    if each == 1:
        return high - low + 1
    ways = 0
    for count in range(low, high + 1):
        ways += each**count
        if ways > WAYS_LIMIT:
            break
    return ways
