"""What a record says: its tables, and whether two classes are told apart in it."""

import statistics
from itertools import combinations

from record import AGAIN, EITHER
from two_samples import chance, distance, least_shift

LEVEL = 0.01  # of all the pairs of a record together (Bonferroni)
ALIKE, APART, NO_POWER = 0, 1, 3  # exit statuses; 2 is for who calls it wrong


def milliseconds(seconds):
    return f"{seconds * 1000:.3f}" if seconds < 1 else f"{seconds * 1000:.0f}"


def row(*cells):
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def pairs_of(classes):
    """Those to be compared: a second sample of a class with that class alone."""
    return [pair for pair in combinations(classes, 2)
            if AGAIN not in pair[1] or pair[1] == pair[0] + AGAIN]


def told_apart(title, record, planted):
    """Prints the tables; returns the exit status. The answers must be equal too. In each step a
    difference of `planted` seconds (a number, or by step) must be found: that is added to the
    second sample of a class and compared with the first."""
    print(f"\n## {title}\n")
    row("step", "class", "n", "5 %", "median, ms", "95 %", "answers")
    row(*["---"] * 7)
    for step, by_class in record.seconds.items():
        for whose, values in by_class.items():
            low, *_, high = statistics.quantiles(values, n=20)
            row(step, whose, len(values), milliseconds(low),
                milliseconds(statistics.median(values)), milliseconds(high),
                ", ".join(f"{number} x {text[:3]}"
                          for text, number in record.words[step][whose].most_common()))
    tests = [(step, *pair) for step, by_class in record.seconds.items()
             for pair in pairs_of(list(by_class))]
    print(f"\n{len(tests)} pairs, of all of which together the last p is.\n")
    row("step", "pair", "difference of medians, ms", "D", "p alone", "p", "")
    row(*["---"] * 7)
    status, again_differs = ALIKE, False
    for step, first, second in tests:
        one, other = record.seconds[step][first], record.seconds[step][second]
        alone = chance(one, other)
        p = min(1, alone * len(tests))
        words = record.words[step]
        verdict = ""
        if set(words[first]) - {EITHER} != set(words[second]) - {EITHER}:
            verdict = "OTHER WORDS"
        if p < LEVEL:
            verdict = "TOLD APART"
        if verdict and AGAIN in second:
            again_differs = True
        elif verdict:
            status = APART
        row(step, f"{first} / {second}",
            f"{(statistics.median(other) - statistics.median(one)) * 1000:+.3f}",
            f"{distance(one, other):.3f}", f"{alone:.3g}", f"{p:.3g}", verdict)
    powerless = without_power(record, planted, len(tests))
    if again_differs:
        print("no power: two samples of one class are told apart, so this says nothing")
        return NO_POWER
    return APART if status == APART else NO_POWER if powerless else ALIKE


def without_power(record, planted, tests):
    """The steps in which the planted difference is not found; says what is found in each."""
    print()
    powerless = []
    for step, by_class in record.seconds.items():
        shift = planted[step] if isinstance(planted, dict) else planted
        again, = (whose for whose in by_class if whose.endswith(AGAIN))
        once = by_class[again.removesuffix(AGAIN)]
        found = chance(once, [value + shift for value in by_class[again]]) * tests < LEVEL
        least = least_shift(once, by_class[again], LEVEL / tests)
        print(f"{step}: a planted {milliseconds(shift)} ms is {'found' if found else 'NOT FOUND'}; "
              f"the smallest found is {milliseconds(least)} ms")
        if not found:
            powerless.append(step)
    if powerless:
        print("no power: " + "; ".join(powerless))
    return powerless
