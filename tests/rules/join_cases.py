"""Two Series whose times differ: joined where a raster has gaps, known over time elsewhere, held by at()."""

import math
import operator
import random
import sys
import unittest

from local_processing import Sample, Series, Window

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86400 * SECOND


def minutes(times, values, **more):
    return Series([round(time * MINUTE) for time in times], values, **more)

# In an interpreter of the user's a Series gives its columns, and no buffer of its own.
GIVES_BUFFER = sys.executable.endswith("local-processing")

class Raster(unittest.TestCase):
    """A lost sample does not stop a calculation: the times that both have are joined."""

    def test_a_lost_sample_on_either_side(self):
        a = minutes([t for t in range(60) if t != 7], [1.0] * 59)
        b = minutes([t for t in range(60) if t not in (30, 31)], [2.0] * 58)
        self.assertEqual(((a + b).count(), (a + b).sum()), (57, 171.0))
        self.assertEqual((a > b).count(), 57)
        self.assertEqual(a.where(b > 1).count(), 57)

    def test_written_at_the_same_irregular_times(self):
        times = [60 * t + (t * 7 % 5) / 10 for t in range(20)]
        a = minutes(times, [1.0] * 20)
        b = minutes([time for t, time in enumerate(times) if t % 6 != 1], [2.0] * 16)
        self.assertEqual(((a + b).count(), a.where(b > 0).count()), (16, 16))

    def test_what_a_condition_left_out_is_no_gap(self):
        a, b = minutes(range(60), range(60)), minutes(range(60), [1.0] * 60)
        few = a.where(a > 57)
        self.assertEqual(list((few + b).values), [59.0, 60.0])
        self.assertEqual(list((b - few).times), [58 * MINUTE, 59 * MINUTE])
        self.assertEqual(len(few * b.where(a < 59)), 1)
        self.assertEqual(len((few * 2 + b).where(b > 0)), 2)
        self.assertEqual(len(a[10:12] + b), 2)
        self.assertEqual(len(a[::20] + b), 3)
        self.assertEqual(len(a.between(5 * MINUTE, 8 * MINUTE) + b), 3)
        missing = minutes(range(60), [math.nan] * 59 + [1.0])
        self.assertEqual(len(missing.good() + b), 1)

    def test_nothing_is_known_of_one(self):
        a = minutes(range(60), range(60))
        self.assertEqual(len(a + Series([], [])), 0)
        self.assertEqual(len(Series([], []) * a), 0)


class Held(unittest.TestCase):
    """Never silently the few moments that both have: each holds until its next sample, or there is a refusal."""

    WINDOW = Window(0, 10 * MINUTE)
    CASES = {
        "a limit that is stored when it changes": (minutes(range(10), range(10)), minutes([0, 7], [7.5, 12.5])),
        "that changes in two minutes, one after the other": (minutes(range(10), range(10)), minutes([6, 7], [1, 2])),
        "that was stored before the window alone": (
            minutes(range(10), range(10)),
            Series([], [], previous=Sample(-MINUTE, 7.5)),
        ),
        "two meters that do not tick together": (minutes([0, 5], [2, 2]), minutes([0.1, 5.1], [3, 3])),
        "the same raster, another phase": (minutes(range(10), range(10)), minutes([t + 0.5 for t in range(10)], [1] * 10)),
        "another raster": (minutes(range(60), range(60)), minutes(range(0, 60, 5), range(12))),
        "of two samples one": (minutes([0, 5], [1, 2]), minutes([0], [1])),
    }
    SAMPLES = (
        "sum", "mean", "count", "median", "std", "min", "max", "first", "last", "any", "all", "increase", "difference",
        "__len__",
    )  # fmt: skip

    def test_every_operation_is_that_of_what_both_hold(self):
        for name, (a, b) in self.CASES.items():
            for symbol in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "eq", "ne", "gt", "ge"):
                for one, other in ((a, b), (b, a)):
                    with self.subTest(case=name, operation=symbol):
                        function = getattr(operator, symbol)
                        got, wanted = function(one, other), function(one.at(one, other), other.at(one, other))
                        if wanted.count() > 1:
                            self.assertAlmostEqual(got.time_weighted_mean(), wanted.time_weighted_mean(), delta=1e-9)
                        self.assertEqual(list(got.at(one, other).good().values), list(wanted.good().values))

    def test_its_samples_are_refused(self):
        for name, (a, b) in self.CASES.items():
            for made in (a + b, (a > b) * 2, abs(b - a).where(a > 0), (a - b).map(lambda value: value), (a + b).good()):
                for method in self.SAMPLES:
                    with self.subTest(case=name, method=method), self.assertRaisesRegex(ValueError, "times differ"):
                        getattr(made, method)()
                for wrong in (
                    lambda made: made.values,
                    lambda made: made.times,
                    lambda made: made.qualities,
                    lambda made: memoryview(made) if GIVES_BUFFER else made.values,
                    lambda made: made[0],
                    lambda made: made[1:],
                    list,
                    lambda made: Series(made, [1.0]),
                    lambda made: made.integral(method="linear"),
                    lambda made: made.time_weighted_mean(hold=60),
                ):
                    with self.subTest(case=name), self.assertRaisesRegex(ValueError, "times differ"):
                        wrong(made)
                self.assertIn("<Series", repr(made))

    def test_says_what_to_write(self):
        a = minutes(range(10), range(10), name="p1/power")
        with self.assertRaises(ValueError) as caught:
            (a > minutes([0, 7], [7.5, 12.5], name="p1/limit")).sum()
        self.assertIn("> of two Series, a = 'p1/power' and b = 'p1/limit', whose times differ", str(caught.exception))
        self.assertIn("a has 10 samples, b 2, at times that both have 2", str(caught.exception))
        self.assertIn("a > b.at(a), or a.at(a, b) > b.at(a, b)", str(caught.exception))

    def test_a_limit_that_changes_between_samples(self):
        x = minutes([0, 5], [5.0, 10.0], window=self.WINDOW)
        limit = minutes([0, 7], [7.5, 12.5], window=self.WINDOW)
        self.assertAlmostEqual((x > limit).time_weighted_mean(), 0.2, delta=1e-12)
        self.assertAlmostEqual((limit < x).time_weighted_mean(), 0.2, delta=1e-12)
        self.assertEqual((x > limit).integral(per="minute"), 2.0)
        self.assertEqual(((x > limit) * (x < 100)).integral(per="minute"), 2.0)
        self.assertEqual((x * (x > limit)).integral(per="minute"), 20.0)
        self.assertEqual((x > limit).between(5 * MINUTE, 8 * MINUTE).integral(per="minute"), 2.0)
        self.assertEqual((x - limit).where(x > limit).time_weighted_mean(), 2.5)
        before = Series([], [], window=self.WINDOW, previous=Sample(-3 * MINUTE, 7.5))
        self.assertEqual((x > before).integral(per="minute"), 5.0)

    def test_two_meters_that_do_not_tick_together(self):
        a = minutes([0, 5], [2.0, 2.0], window=self.WINDOW, previous=Sample(-5 * MINUTE, 2.0))
        b = minutes([0.1, 5.1], [3.0, 3.0], window=self.WINDOW, previous=Sample(round(-4.9 * MINUTE), 3.0))
        self.assertEqual(((a + b).time_weighted_mean(), (a + b).integral(per="minute")), (5.0, 50.0))
        self.assertEqual((a + b - a).time_weighted_mean(), 3.0)

    def test_a_tariff(self):
        power = minutes([0, 4], [6.0, 3.0], window=self.WINDOW)
        tariff = minutes([2], [0.5], window=self.WINDOW, previous=Sample(-60 * MINUTE, 0.25))
        self.assertEqual((power * tariff).integral(per="minute"), 6 * 0.25 * 2 + 6 * 0.5 * 2 + 3 * 0.5 * 6)

    def test_nothing_is_added_beyond_what_a_value_holds(self):
        window = Window(0, 3 * DAY)
        a = Series([0, DAY // 2, DAY, 3 * DAY // 2, 2 * DAY, 5 * DAY // 2], [1.0] * 6, window=window)
        dead = Series([DAY // 4], [1.0], window=window)
        for both in (a + dead, dead + a):
            self.assertAlmostEqual(both.integral(per="day"), 2.0, delta=1e-9)
            self.assertEqual(both.time_weighted_mean(), 2.0)
        again = Series([DAY // 4, 9 * DAY // 4], [1.0, 3.0], window=window)
        self.assertAlmostEqual((a + again).integral(per="day"), 2.0 + 4.0 * 0.75, delta=1e-9)
        old = Series([], [], window=window, previous=Sample(-2 * DAY, 1.0))
        self.assertTrue(math.isnan((a + old).time_weighted_mean()))

    def test_random_times_against_an_integral_piece_by_piece(self):
        source = random.Random(7)
        for case in range(200):
            span = source.choice((10, 100, 4 * 24 * 60)) * MINUTE
            window = Window(0, span)
            one, other = (self.random_series(source, span, window) for _ in range(2))
            area = covered = 0.0
            changes = {0, span} | {t for x in (one, other) for t in self.changes(x, span)}
            moments = sorted(changes)
            for start, end in zip(moments, moments[1:]):
                a, b = self.held(one, start), self.held(other, start)
                if a is not None and b is not None:
                    area += (a - b) * (end - start)
                    covered += end - start
            made = one - other
            if not one.count() + (one.previous is not None) or not other.count() + (other.previous is not None):
                continue
            with self.subTest(case=case):
                if not covered:
                    self.assertTrue(math.isnan(made.time_weighted_mean()))
                else:
                    self.assertAlmostEqual(made.time_weighted_mean(), area / covered, delta=1e-9)
                    self.assertAlmostEqual(made.integral(per="second"), area / SECOND, delta=1e-6 * span / SECOND)

    @staticmethod
    def random_series(source, span, window):
        """At odd moments, so that no two have one in common and no raster is seen."""
        times = sorted({source.randrange(1, span // 7) * 7 + source.randrange(1, 7) for _ in range(source.randrange(6))})
        values = [source.choice((math.nan, 1.0, 2.0, 5.0, 8.0)) for _ in times]
        before = -source.choice((1, 60, 1400, 2000)) * MINUTE
        previous = Sample(before, source.random()) if source.random() < 0.6 else None
        return Series(times, values, window=window, previous=previous)

    @staticmethod
    def good(series):
        before = [(round(series.previous.time.timestamp() * SECOND), series.previous.value)] if series.previous else []
        return before + [(t, v) for t, v in zip(series.times, series.values) if not math.isnan(v)]

    def changes(self, series, span):
        """Where what it holds may change: at each sample, and a day after it."""
        return [t for time, _ in self.good(series) for t in (time, time + DAY + 1) if 0 <= t < span]

    def held(self, series, moment):
        known = [(t, v) for t, v in self.good(series) if t <= moment]
        return known[-1][1] if known and moment - known[-1][0] <= DAY else None

    def test_where_asks_for_what_holds(self):
        x = minutes(range(10), range(10), window=self.WINDOW)
        valve = minutes([2.5, 6.5], [1, 0], window=self.WINDOW, previous=Sample(-MINUTE, 0.0))
        self.assertEqual(list(x.where(valve > 0).values), [3, 4, 5, 6])
        self.assertEqual(x.where(x > minutes([0, 7], [4.5, 99], window=self.WINDOW)).count(), 2)

    def test_other_windows(self):
        x = minutes([0, 5], [5.0, 10.0], window=self.WINDOW)
        with self.assertRaisesRegex(ValueError, "their windows too"):
            x - minutes([-10, -5], [5.0, 10.0], window=Window(-10 * MINUTE, 0))


class At(unittest.TestCase):
    WINDOW = Window(0, 10 * MINUTE)

    def test_a_limit_that_changes_between_samples(self):
        x = minutes([0, 5], [5.0, 10.0], window=self.WINDOW)
        limit = minutes([0, 7], [7.5, 12.5], window=self.WINDOW)
        above = x.at(x, limit) > limit.at(x, limit)
        self.assertEqual([(t // MINUTE, v) for t, v in zip(above.times, above.values)], [(0, 0), (5, 1), (7, 0)])
        self.assertAlmostEqual(above.time_weighted_mean(), 0.2, delta=1e-12)

    def test_what_was_before_the_window_holds(self):
        x = minutes([0, 5], [10.0, 10.0], window=self.WINDOW)
        limit = Series([], [], window=self.WINDOW, previous=Sample(-3 * MINUTE, 12.5), unit="bar", name="limit")
        held = limit.at(x)
        self.assertEqual((list(held.times), list(held.values)), (list(x.times), [12.5, 12.5]))
        self.assertEqual((held.unit, held.name, held.window), ("bar", "limit", x.window))
        self.assertEqual((x > held).time_weighted_mean(), 0.0)

    def test_two_meters_that_do_not_tick_together(self):
        a = minutes([0, 5], [2.0, 2.0], window=self.WINDOW, previous=Sample(-5 * MINUTE, 2.0))
        b = minutes([0.1, 5.1], [3.0, 3.0], window=self.WINDOW, previous=Sample(round(-4.9 * MINUTE), 3.0))
        both = a.at(a, b) + b.at(a, b)
        self.assertEqual((both.time_weighted_mean(), both.previous.value), (5.0, 5.0))
        self.assertEqual(both.integral(per="minute"), 50.0)

    def test_a_tariff_of_energies(self):
        energy = minutes([0, 15, 30, 45], [1.0, 2.0, 3.0, 4.0])
        tariff = minutes([10, 30], [0.2, 0.4], previous=Sample(-MINUTE, 0.1))
        self.assertAlmostEqual((energy * tariff.at(energy)).sum(), 0.1 + 0.4 + 1.2 + 1.6, delta=1e-12)

    def test_previous_is_that_of_the_times(self):
        x = minutes([1], [1.0], window=self.WINDOW, previous=Sample(-MINUTE, 1.0))
        for before, wanted in ((-5, Sample(-MINUTE, 7.0)), (-0.5, Sample(round(-0.5 * MINUTE), 7.0))):
            limit = Series([], [], window=self.WINDOW, previous=Sample(round(before * MINUTE), 7.0))
            self.assertEqual(limit.at(x).previous, wanted)
        self.assertIsNone(Series([], [], window=self.WINDOW).at(x).previous)

    def test_what_came_before_stays_with_its_own_times(self):
        counter = minutes([1], [5.0], window=self.WINDOW, previous=minutes([-3, -2, -1], [1.0, 2.0, 3.0]))
        times = minutes([0, 1, 2], [0, 0, 0], window=self.WINDOW)
        held = counter.at(times)
        self.assertEqual((list(held.values), held.previous.value, held.increase()), ([3.0, 5.0, 5.0], 3.0, 2.0))

    def test_missing_samples_hold_nothing_and_take_nothing_away(self):
        limit = minutes([0, 1, 2], [1.0, math.nan, 3.0], qualities=[1, 0, 2])
        held = limit.at(minutes([0, 1, 2], [0, 0, 0]))
        self.assertEqual((list(held.values), list(held.qualities)), ([1.0] * 3, [1] * 3))

    def test_unknown_before_the_first(self):
        held = minutes([5], [1.0]).at(minutes([1, 5, 9], [0, 0, 0]))
        self.assertEqual((held.count(), math.isnan(held.values[0])), (2, True))

    def test_holds_a_day_and_no_longer_unless_asked(self):
        limit = Series([0], [1.0])
        late = Series([DAY, DAY + 1], [0, 0])
        self.assertEqual(limit.at(late).count(), 1)
        self.assertEqual(limit.at(late, hold=math.inf).count(), 2)
        self.assertEqual(limit.at(late, hold=60).count(), 0)
        for hold in (-1, -2, math.nan):
            with self.assertRaises(ValueError):
                limit.at(late, hold=hold)

    def test_arguments(self):
        x = Series([0], [1.0])
        for wrong in ((), (5,), (x, None)):
            with self.assertRaises(TypeError):
                x.at(*wrong)
        self.assertEqual(len(x.at(Series([], []))), 0)
        self.assertEqual(list(x.at(Series([2, 4], [0, 0]), Series([1, 2, 3], [0] * 3)).times), [1, 2, 3, 4])


class Where(unittest.TestCase):
    """What a condition leaves out does not come back as the last sample before the window."""

    WINDOW = Window(0, 60 * MINUTE)

    def test_an_error_value_before_the_window(self):
        x = minutes([30], [2.0], window=self.WINDOW, previous=Sample(-MINUTE, 9999.0))
        clean = x.where(x < 1000)
        self.assertIsNone(clean.previous)
        self.assertEqual((clean.time_weighted_mean(), clean.integral()), (2.0, 1.0))
        counter = minutes([10, 20], [500.0, 501.0], window=self.WINDOW, previous=Sample(-MINUTE, 0.0))
        self.assertEqual((counter.where(counter > 0).increase(), counter.where(counter > 0).difference()), (1.0, 1.0))

    def test_another_series_before_the_window(self):
        power = minutes([30], [2.0], window=self.WINDOW, previous=Sample(-MINUTE, 4.0))
        for time, flow, kept in ((-1, 0.0, False), (-1, 1.0, True), (-5, 1.0, True), (-0.5, 1.0, False), (-1500, 1.0, False)):
            condition = minutes([30], [1.0], window=self.WINDOW, previous=Sample(round(time * MINUTE), flow)) > 0
            with self.subTest(time=time, flow=flow):
                self.assertEqual(power.where(condition).previous is not None, kept)
        self.assertIsNone(power.where(minutes([30], [1.0])).previous)
