"""Whether two samples may come from one distribution: the two-sample test of Kolmogorov and
Smirnov, which asks nothing about what the distribution is."""

import math


def distance(first, second):
    """The largest difference between the two empirical distribution functions, 0 to 1."""
    first, second = sorted(first), sorted(second)
    largest, i, j = 0.0, 0, 0
    while i < len(first) and j < len(second):
        value = min(first[i], second[j])
        # Equal values count together: between them there is nothing.
        while i < len(first) and first[i] == value:
            i += 1
        while j < len(second) and second[j] == value:
            j += 1
        largest = max(largest, abs(i / len(first) - j / len(second)))
    return largest


def tail(x):
    """The chance of Kolmogorov's distribution (1933; the asymptotic one) to be above x."""
    if x < 0.2:  # where the series needs many terms for what is 1 to twelve digits
        return 1.0
    terms = (math.exp(-2 * (k * x) ** 2) * (1 if k % 2 else -1) for k in range(1, 50))
    return min(1.0, max(0.0, 2 * math.fsum(terms)))


def chance(first, second):
    """p: how often two samples of one distribution are this far from one another. Asymptotic: good
    from some 30 values each on, and a little too large below."""
    scale = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    return tail(scale * distance(first, second))


def least_shift(first, second, limit):
    """The smallest that, added to all of `second`, makes chance() less than `limit`; infinite where
    the samples are too small for any."""
    def is_found(shift):
        return chance(first, [value + shift for value in second]) < limit
    low, high = 0.0, 1e-6
    while not is_found(high):
        low, high = high, high * 2
        if high > 1e4:
            return math.inf
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if is_found(middle) else (middle, high)
    return high
