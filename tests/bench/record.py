"""What was measured: how long each step of a dialogue took and what was answered, for each class
of clients; and how it comes to be, in an order of chance."""

import collections
import itertools
import random
import time
from concurrent.futures import ThreadPoolExecutor

AGAIN = ", again"  # behind a class: a second sample of it
WARM = 8  # dialogues for each class of which nothing is kept
BURST = 0.1  # seconds of silence between what is answered at two ticks
EITHER = "either"  # stands for words that come by chance


class Record:
    """`seconds` and `words`: {step: {class: list}} and {step: {class: Counter of texts}}."""

    def __init__(self):
        self.seconds = {}
        self.words = {}
        self._got = {}

    def note(self, step, whose, reply):
        self.seconds.setdefault(step, {}).setdefault(whose, []).append(reply.got - reply.asked)
        self._got.setdefault(step, {}).setdefault(whose, []).append(reply.got)
        self.words.setdefault(step, {}).setdefault(whose, collections.Counter())[reply.text] += 1

    def add_lags(self, step, name):
        """As a step of its own, how long after the first of its burst each answer came: where a
        server answers at its ticks, the time since the question hides what comes behind the
        tick."""
        moments = sorted((got, whose) for whose, all_got in self._got[step].items()
                         for got in all_got)
        lags, first, before = {whose: [] for whose in self._got[step]}, None, float("-inf")
        for got, whose in moments:
            if got - before > BURST:
                first = got
            before = got
            lags[whose].append(got - first)
        self.seconds[name] = lags
        self.words[name] = self.words[step]


class Addresses:
    """Of clients, each new."""

    def __init__(self):
        self._next = itertools.count(1)

    def __call__(self):
        number = next(self._next)
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def take(record, addresses, classes, dialogue, count, at_once, seconds, warm=WARM):
    """Has `count` dialogues of each class, `at_once` at a time, in an order of chance in which each
    class comes once before any comes twice. dialogue(whose, address) returns pairs of a step and
    a reply. After so many `seconds` no new one begins. The first class is warmed up alone before
    the others: the front may have to learn from it."""
    order = []
    for _ in range(count):
        order += random.sample(classes, len(classes))
    until = time.monotonic() + seconds

    def one(whose):
        return dialogue(whose, addresses()) if time.monotonic() < until else []
    with ThreadPoolExecutor(at_once) as pool:
        for cold in (classes[:1], classes):
            list(pool.map(one, list(cold) * warm))
        done = list(zip(order, pool.map(one, order)))
    for whose in classes:
        for step, reply in (pair for of, steps in done if of == whose for pair in steps):
            record.note(step, whose, reply)
