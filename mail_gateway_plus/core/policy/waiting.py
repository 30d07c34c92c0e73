"""How long a reply waits for the message that it answers."""

from datetime import timedelta

# Whatever keeps the other message from being processed: a reply is late, not lost.
LONGEST_WAIT = timedelta(hours=1)
# The other one is mostly next in the queue, or in another worker's batch, which takes
# about as long. The journal keeps whole seconds.
SHORTEST_LOOK = timedelta(seconds=1)
LONGEST_LOOK = timedelta(minutes=1)


def look_again_at(now, since, answered_at):
    """Return when to look again whether a reply can be processed.

    The longer it waits, the seldomer, and not before the other one's turn.

    :param since: when it began to wait
    :param answered_at: when the other one is processed next; may be past
    :returns: a moment in the future, or ``None`` when it has waited long enough
    """
    until = since + LONGEST_WAIT
    if now >= until:
        return None
    pause = min(max((now - since) / 2, SHORTEST_LOOK), LONGEST_LOOK)
    return min(max(now + pause, answered_at + SHORTEST_LOOK), until)


def answered_first(messages):
    """Return the keys of messages, each after those that it answers.

    Otherwise their order stays. Two that answer each other come in any order.

    :param messages: triples of a key, a Message-ID and those that it answers; so few
        that a chain of answers may be walked down by recursion
    """
    by_id = {}
    for key, message_id, answers in messages:
        by_id.setdefault(message_id, []).append((key, answers))
    ordered, begun = [], set()

    def place(key, answers):
        if key in begun:
            return
        begun.add(key)
        for answer in answers:
            for answered in by_id.get(answer, ()):
                place(*answered)
        ordered.append(key)

    for key, _message_id, answers in messages:
        place(key, answers)
    return ordered
