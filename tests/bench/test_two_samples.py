"""The arithmetic of two_samples.py, with values from tables and from samples done by hand."""

import math
import random
import unittest

from two_samples import chance, distance, least_shift, tail


class TwoSamples(unittest.TestCase):
    def test_the_distance_is_that_of_the_distribution_functions(self):
        self.assertEqual(distance([1, 2, 3], [1, 2, 3]), 0)
        self.assertEqual(distance([1, 2, 3], [4, 5, 6]), 1)
        self.assertEqual(distance([4, 5, 6], [1, 2, 3]), 1)
        self.assertAlmostEqual(distance([1, 2, 3, 4], [3, 4, 5, 6]), 0.5)
        self.assertAlmostEqual(distance([1, 4], [2, 3, 5]), 0.5)

    def test_equal_values_count_together(self):
        self.assertEqual(distance([1, 1, 1], [1]), 0)
        self.assertAlmostEqual(distance([1, 1, 2], [1, 2, 2]), 1 / 3)

    def test_the_tail_is_that_of_the_tables(self):
        # Smirnov's table (1948): the 10, 5, 1 and 0.1 % points.
        for x, p in ((1.2238, 0.1), (1.3581, 0.05), (1.6276, 0.01), (1.9495, 0.001)):
            self.assertAlmostEqual(tail(x), p, delta=p / 1000)
        self.assertAlmostEqual(tail(1.0), 0.2699996716773, places=12)
        self.assertAlmostEqual(tail(0.5), 0.9639452436648, places=12)
        self.assertEqual((tail(0), tail(0.1), tail(9)), (1, 1, tail(9)))
        self.assertLess(tail(9), 1e-60)

    def test_the_chance_of_a_distance(self):
        # 200 each: the scale is 10, so that a distance of 0.1 is Kolmogorov's 1.0.
        first, second = list(range(200)), list(range(20, 220))
        self.assertAlmostEqual(distance(first, second), 0.1)
        self.assertAlmostEqual(chance(first, second), tail(1.0))
        self.assertEqual(chance(first, first), 1)

    def test_samples_of_one_distribution_are_seldom_told_apart(self):
        chances = random.Random(1)
        draw = [[chances.gauss(0, 1) for _ in range(200)] for _ in range(400)]
        below = sum(chance(first, second) < 0.05 for first, second in zip(draw[::2], draw[1::2]))
        self.assertLess(abs(below - 0.05 * 200), 9)  # three standard deviations

    def test_a_shift_is_found(self):
        chances = random.Random(2)
        first, second = ([chances.gauss(0, 0.001) for _ in range(200)] for _ in range(2))
        self.assertGreater(chance(first, second), 0.01)
        found = least_shift(first, second, 0.01)
        self.assertLess(found, 0.0005)
        self.assertLess(chance(first, [value + found for value in second]), 0.01)
        self.assertGreater(chance(first, [value + found * 0.9 for value in second]), 0.01)
        self.assertEqual(least_shift([1, 2], [1, 2], 0.01), math.inf)


if __name__ == "__main__":
    unittest.main()
