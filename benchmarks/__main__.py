"""``make bench`` measures both ways, ``make bench ARGS="outgoing …"`` one of them."""

import sys

from benchmarks import incoming, outgoing

KINDS = {"incoming": incoming.main, "outgoing": outgoing.main}


def main() -> int:
    """Run what the first word names, or all; the rest is for it alone."""
    words = sys.argv[1:]
    if words and words[0] in KINDS:
        del sys.argv[1]
        return KINDS[words[0]]()
    return max(measure() for measure in KINDS.values())


if __name__ == "__main__":
    sys.exit(main())
