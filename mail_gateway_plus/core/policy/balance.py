"""Sharing load between servers of the same priority."""


def weighted(items, weight, random):
    """Return the items in a random order in which each leads by its weight.

    One of weight 2 comes first twice as often as one of weight 1; those of weight 0
    come last. Efraimidis and Spirakis, "Weighted random sampling with a reservoir"
    (2006): sort by the weight-th root of a random number.

    :param weight: tells an item's weight, 0 or more
    :param random: returns a number from 0 up to 1 at each call
    """

    def key(item):
        share = weight(item)
        return random() ** (1 / share) if share > 0 else -random()

    return sorted(items, key=key, reverse=True)
