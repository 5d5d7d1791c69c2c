"""Reductions and the built-in rules against `statistics`, `math.fsum` and exact fractions."""

import math
import random
import statistics
import unittest
from fractions import Fraction

from local_processing import Context, Quality, Sample, Series, Window, builtin

NAN = math.nan


def random_series(source, count, missing=0.2, window=None, previous=None):
    """A Series at random times and the list of its good (time, value)."""
    times = sorted(source.sample(range(0, 3_600_000_000, 1000), count))
    scale = 10.0 ** source.randrange(-3, 9)
    values = [source.gauss(source.choice([0, 1, 100]), 1) * scale for _ in range(count)]
    qualities = [0] * count
    for i in range(count):
        draw = source.random()
        if draw < missing / 2:
            values[i] = source.choice([NAN, math.inf, -math.inf])
        elif draw < missing:
            qualities[i] = Quality.BAD
        elif draw < 2 * missing:
            qualities[i] = Quality.UNCERTAIN
    good = [(t, v) for t, v, q in zip(times, values, qualities) if math.isfinite(v) and q != Quality.BAD]
    return Series(times, values, qualities if missing else None, window=window, previous=previous), good


class Base(unittest.TestCase):
    def assert_close(self, got, wanted, scale=0.0):
        if math.isnan(wanted):
            self.assertTrue(math.isnan(got), got)
        else:
            self.assertLessEqual(abs(got - wanted), 1e-12 * max(abs(wanted), scale), (got, wanted))


class Reductions(Base):
    def test_random(self):
        source = random.Random(4)
        for count in [0, 1, 2, 3, 4, 5, 59, 60, 61, 1000] * 6:
            series, good = random_series(source, count, source.choice([0, 0.2, 1.0]))
            values = [value for _, value in good]
            self.assertEqual(series.count(), len(values))
            self.assert_close(series.sum(), math.fsum(values) if values else NAN)
            self.assert_close(series.mean(), math.fsum(values) / len(values) if values else NAN)
            for got, wanted in [
                (series.min(), min),
                (series.max(), max),
                (series.first(), lambda v: v[0]),
                (series.last(), lambda v: v[-1]),
                (series.median(), statistics.median),
            ]:
                self.assert_close(got, wanted(values) if values else NAN)
            self.assert_close(series.std(), statistics.stdev(values) if len(values) > 1 else NAN)
            self.assert_close(series.std(ddof=0), statistics.pstdev(values) if values else NAN)

    def test_cancellation(self):
        values = [1e16, 1.0, -1e16, 1e-3] * 25
        self.assertEqual(Series(range(100), values).sum(), math.fsum(values))
        values = [1e9 + i % 7 * 1e-6 for i in range(1001)]
        self.assert_close(Series(range(1001), values).std(), statistics.stdev(values))

    def test_sum_beyond_doubles(self):
        series = Series(range(8), [1e308] * 8)
        self.assertEqual(series.sum(), math.inf)
        self.assert_close(series.mean(), 1e308)

    def test_any_and_all(self):
        for values, some, every in [([], False, True), ([0], False, False), ([0, 1], True, False), ([1, NAN], True, True)]:
            series = Series(range(len(values)), values)
            self.assertEqual((series.any(), series.all()), (some, every))

    def test_wrong_arguments(self):
        series = Series([1], [1])
        for wrong in (
            lambda: series.integral("hour"),
            lambda: series.integral(per="week"),
            lambda: series.integral(method=1),
            lambda: series.integral(hold=-1),
            lambda: series.integral(hold=-2),
            lambda: series.time_weighted_mean(hold="x"),
            lambda: series.increase(modulus=-1),
            lambda: series.increase(tolerance=NAN),
            lambda: series.increase(reset=1.5),
            lambda: series.increase(reset=NAN),
            lambda: series.increase(glitch=1001),
            lambda: series.increase(glitch=0.5),
            lambda: series.std(1),
            lambda: series.std(ddo=1),
            lambda: series.mean(1),
        ):
            with self.assertRaises((TypeError, ValueError)):
                wrong()


def exact_area(good, start, end, previous, method, hold):
    """Integral and covered time by exact fractions, from points and not from formulas of segments."""
    points = ([previous] if previous else []) + good
    area = covered = Fraction(0)
    for (time, value), following in zip(points, [*points[1:], None]):
        stop = end if following is None else following[0]
        held = stop if hold is None else min(stop, time + hold)
        begin = max(time, start)
        if held <= begin:
            continue
        first = last = Fraction(value)
        if method == "linear" and following is not None and held == stop:
            slope = (Fraction(following[1]) - Fraction(value)) / (following[0] - time)
            first, last = Fraction(value) + slope * (begin - time), Fraction(following[1])
        area += (first + last) / 2 * (held - begin)
        covered += held - begin
    return area, covered


class TimeWeighted(Base):
    WINDOW = Window(0, 3_600_000_000)

    def test_random(self):
        source = random.Random(5)
        for count in [0, 1, 2, 3, 60, 500] * 20:
            before = source.choice([None, (-source.randrange(1, 10**9), source.gauss(5, 2))])
            series, good = random_series(
                source, count, source.choice([0, 0.3]), self.WINDOW, before and Sample(before[0], before[1])
            )
            hold = source.choice([None, None, 0, 60, 600])
            method = source.choice(["step", "linear"])
            microseconds = None if hold is None else hold * 1_000_000
            area, covered = exact_area(good, 0, 3_600_000_000, before, method, microseconds)
            scale = math.fsum(abs(v) for _, v in good) + abs(before[1] if before else 0)
            with self.subTest(count=count, before=before, hold=hold, method=method):
                for per, length in [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400)]:
                    got = series.integral(per=per, method=method, hold=hold)
                    if good or before and covered:
                        self.assert_close(got, float(area / 1_000_000 / length), scale * 3600 / length)
                    else:
                        self.assertTrue(math.isnan(got))
                mean = series.time_weighted_mean(method=method, hold=hold)
                if covered:
                    self.assert_close(mean, float(area / covered), scale)
                elif good:
                    self.assertEqual(mean, good[-1][1])
                else:
                    self.assertTrue(math.isnan(mean))

    def test_constant_power_is_energy(self):
        series = Series([0], [30.0], window=self.WINDOW, unit="kW")
        self.assertEqual(series.integral(), 30.0)
        self.assertEqual(series.time_weighted_mean(), 30.0)

    def test_held_from_before(self):
        series = Series([1_800_000_000], [10.0], window=self.WINDOW, previous=Sample(-1, 20.0))
        self.assertEqual(series.integral(), 15.0)
        empty = Series([], [], window=self.WINDOW, previous=Sample(-1, 20.0))
        self.assertEqual(empty.integral(), 20.0)

    def test_without_window_from_first_to_last(self):
        series = Series([0, 3_600_000_000], [10.0, 20.0])
        self.assertEqual((series.integral(), series.integral(method="linear")), (10.0, 15.0))
        self.assertEqual(Series([5], [7.0]).time_weighted_mean(), 7.0)
        self.assertEqual(Series([5], [7.0]).integral(), 0.0)


def exact_step(values, i, modulus, tolerance, reset, glitch):
    """What the step to values[i] counts, by exact fractions and by levels before falls."""

    def added(before, now):
        falls = before > 0 and now < before * reset and before - now > tolerance
        return Fraction(modulus or before) if falls else Fraction(0)

    before, now = values[i - 1], values[i]
    step = Fraction(now) - Fraction(before)
    if now < before:
        return step + added(before, now)
    level, wrong = before, Fraction(0)
    for j in range(i - 2, max(-1, i - 2 - glitch), -1):
        if level < 0.1 * values[j] and added(values[j], level):
            if now < 0.9 * values[j]:
                break
            level = values[j]
            wrong = sum((added(a, b) for a, b in zip(values[j:], values[j + 1 : i])), Fraction(0))
    return step - wrong


def exact_increase(values, modulus, tolerance, reset=0.5, glitch=1000, first=1):
    return sum(
        (exact_step(values, i, modulus, tolerance, reset, glitch) for i in range(first, len(values))), Fraction(0)
    )


class Counters(Base):
    def test_random(self):
        source = random.Random(6)
        for count in [0, 1, 2, 3, 60, 500] * 20:
            modulus, tolerance = source.choice([None, 1000.0]), source.choice([0.0, 0.5])
            reading, values = source.uniform(0, 900), []
            for _ in range(count + 1):
                reading += source.expovariate(0.1)
                if reading >= 1000 or source.random() < 0.05:
                    reading = reading % 1000 if modulus else 0.0
                values.append(reading - source.choice([0, 0, tolerance / 4]))
            known = source.random() < 0.5
            series = Series(
                range(1, count + 1), values[1:], previous=Sample(0, values[0]) if known else None
            )
            used = values if known else values[1:]
            wanted = NAN if count == 0 or len(used) < 2 else float(exact_increase(used, modulus, tolerance))
            self.assert_close(series.increase(modulus=modulus, tolerance=tolerance), wanted, 1000.0)

    def counted(self, *values, **parameters):
        """All at once, and in windows of which each knows what came before: they add up."""
        series = Series(range(len(values)), [float(v) for v in values], window=Window(0, len(values)))
        whole = series.increase(**parameters)
        for length in range(1, len(values)):
            parts = [
                series.between(i, min(i + length, len(values))).increase(**parameters)
                for i in range(0, len(values), length)
            ]
            known = [part for part in parts if not math.isnan(part)]
            self.assert_close(math.fsum(known), whole, 1e5)
        return whole

    def test_reset_counts_from_zero(self):
        self.assertEqual(Series(range(4), [10, 15, 2, 4]).increase(), 9)
        self.assertEqual(self.counted(98, 99, 0, 3), 4)

    def test_a_fall_by_the_last_digit_is_no_reset(self):
        for scale in (1.0, 0.1, 1e-3, 1e6):
            self.assert_close(self.counted(2156 * scale, 2157 * scale, 2156 * scale), 0.0, 3e3 * scale)
        self.assert_close(self.counted(0.3, 0.4, 0.3), 0.0, 1.0)
        self.assert_close(self.counted(0, 0.1, 0, 0.1), 0.1, 1.0)
        # A correction is none either; what is counted after it, is.
        self.assertEqual(self.counted(1000, 900, 950), -50)

    def test_one_wrong_reading_is_not_a_life(self):
        self.assert_close(self.counted(13423.6, 0, 13423.7), 0.1, 1e4)
        self.assert_close(self.counted(13423.6, 0, 13423.5), -0.1, 1e4)
        self.assert_close(self.counted(13423.6, 0, 0, 0, 13424.6), 1.0, 1e4)
        self.assert_close(self.counted(13423.6, 17, 13424.6), 1.0, 1e4)
        self.assert_close(self.counted(13423.6, 0, 3, 500, 1, 13424.6, 13425.6), 2.0, 1e4)
        self.assert_close(self.counted(13423.6, -1, 13424.6), 1.0, 1e4)
        # One after the other, and one of a counter that was reset indeed.
        self.assert_close(self.counted(10000, 0, 100, 0, 10001), 1.0, 1e4)
        self.assert_close(self.counted(10000, 0, 50, 100, 0, 101), 101.0, 1e4)
        self.assert_close(self.counted(99, 0, 99, modulus=100), 0.0, 100.0)

    def test_a_reset_that_grows_past_the_value_before_is_one(self):
        self.assertEqual(self.counted(10, 0, 3, 6, 9, 12), 12)
        self.assertEqual(self.counted(10, 0, 8), 8)
        # A counter that begins anew each day, seldom read.
        self.assertEqual(self.counted(0, 0.5, 5, 11.5, 0, 0.75, 5, 11.5, 0, 2, 13), 36)
        self.assertEqual(self.counted(*range(5), *range(10)), 13)
        self.assertEqual(self.counted(12, 0, 13, 0, 14, glitch=0), 27)
        self.assertEqual(self.counted(12, 11, reset=1), 11)
        self.assertEqual(self.counted(12, 1, reset=0), -11)
        self.assertEqual(self.counted(0.3, 0.1, tolerance=0.25), 0.1 - 0.3)

    def test_a_wrong_reading_lasts_a_thousand_samples(self):
        self.assertEqual(self.whole([500, *[0] * 1000, 501]), 1)
        self.assertEqual(self.whole([500, *[0] * 1001, 501]), 501)
        self.assertEqual(self.whole([500, *[0] * 3, 501], glitch=3), 1)
        self.assertEqual(self.whole([500, *[0] * 3, 501], glitch=2), 501)

    def whole(self, values, **parameters):
        """In one window, and the last sample in a window of its own."""
        series = Series(range(len(values)), values)
        last = series.between(len(values) - 1, len(values)).increase(**parameters)
        self.assertEqual(series.increase(**parameters), last)
        return last

    def test_what_came_before_is_converted_too(self):
        earlier = Series([1, 2, 3], [13423.0, math.nan, 0.0])
        series = Series([5], [13424.0], previous=earlier, unit="kWh", window=Window(4, 6))
        self.assertEqual(series.previous, Sample(3, 0.0))
        for made in (series * 1000, series.to("Wh"), series.good() * 1000, series / 2 * 2000):
            self.assert_close(made.increase(), 1000.0, 1e7)
        self.assertEqual(Series([5], [13424.0], previous=Sample(3, 0.0)).increase(), 13424)
        self.assertEqual(series.map(lambda value: 2 * value).increase(), 2)
        # Without its zeros; its first sample alone; a window within the window.
        kept = series.where(series > 0)
        self.assertEqual((kept.previous, kept.increase()), (Sample(1, 13423.0), 1))
        longer = Series([5, 6], [0.0, 13424.0], previous=earlier, window=Window(4, 8))
        self.assertEqual(longer.between(6, 8).increase(), 1)
        self.assertIsNone(Series([5], [1.0], previous=Series([1], [math.nan])).previous)
        with self.assertRaises(ValueError):
            Series([5], [1.0], previous=Series([5], [1.0]))

    def test_against_levels_before_falls(self):
        source = random.Random(8)
        for _ in range(300):
            reading, values = source.uniform(0, 2000), []
            for _ in range(60):
                reading = 0.0 if source.random() < 0.03 else reading + source.expovariate(0.1)
                wrong = source.choice([0, 0, 1, reading / 3, -1, source.uniform(0, 3000)])
                values.append(wrong if source.random() < 0.2 else reading - source.choice([0, 0, 0.1]))
            parameters = {
                "modulus": source.choice([None, None, 1000.0]),
                "tolerance": source.choice([0.0, 0.5]),
                "reset": source.choice([0.5, 0.5, 0, 0.2, 1]),
                "glitch": source.choice([1000, 1000, 0, 1, 5]),
            }
            with self.subTest(values=values, **parameters):
                self.assert_close(self.counted(*values, **parameters), float(exact_increase(values, **parameters)), 1e5)

    def test_rollover(self):
        self.assertEqual(Series(range(3), [998, 999, 3]).increase(modulus=1000), 5)

    def test_missing_samples_do_not_reset(self):
        series = Series(range(5), [10, NAN, 0, 12, 13], [0, 0, Quality.BAD, 0, 0])
        self.assertEqual(series.increase(), 3)

    def test_windows_add_up(self):
        source = random.Random(7)
        values = [float(v) for v in sorted(source.sample(range(10**6), 100))]
        whole = Series(range(100), values)
        parts = [whole.between(i, i + 10) for i in range(0, 100, 10)]
        self.assertEqual(sum(part.increase() for part in parts), whole.increase())

    def test_difference(self):
        self.assertEqual(Series([1, 2], [5, 3], previous=Sample(0, 10.0)).difference(), -7)
        self.assertEqual(Series([1, 2], [5, 3]).difference(), -2)
        self.assertTrue(math.isnan(Series([1], [5]).difference()))
        self.assertTrue(math.isnan(Series([], [], previous=Sample(0, 10.0)).difference()))


class BuiltIn(Base):
    def test_each_has_documentation_and_no_problem(self):
        rules = [f.__rule__ for f in vars(builtin).values() if hasattr(f, "__rule__")]
        self.assertEqual(
            {rule.name for rule in rules},
            {"convert", "mean", "time_weighted_mean", "min", "max", "sum", "count", "first", "last", "integral"}
            | {"increase", "difference"},
        )
        for rule in rules:
            self.assertEqual(rule.problems, [])
            self.assertGreater(len(rule.document), 20)

    def test_are_the_methods(self):
        series = Series(range(4), [1.0, 4.0, 2.0, 8.0], window=Window(0, 5))
        for name in ("mean", "sum", "min", "max", "count", "first", "last", "increase", "difference", "integral"):
            self.assertEqual(getattr(builtin, name)(series), getattr(series, name)())
        self.assertEqual(builtin.time_weighted_mean(series, method="linear"), series.time_weighted_mean(method="linear"))
        self.assertEqual(builtin.increase(series, modulus=10.0, reset=0.6, glitch=0), 3 + 8 + 6)

    def test_convert_scales(self):
        series = Series([1, 2, 3], [1.0, NAN, 3.0], [0, 0, 1], unit="V")
        result = builtin.convert(series, Context(units={"": "bar"}), scale=2.0, offset=1.0)
        self.assertEqual((result.values[0], result.values[2], result.unit), (3.0, 7.0, "bar"))
        self.assertEqual(list(result.qualities), [0, 0, 1])

    def test_convert_units(self):
        series = Series([1], [20.0], unit="degC")
        self.assert_close(builtin.convert(series, Context(units={"": "K"})).values[0], 293.15)
        self.assert_close(builtin.convert(series, Context(), to_unit="degF").values[0], 68.0)
        self.assert_close(builtin.convert(series, Context(), from_unit="kWh", to_unit="MJ").values[0], 72.0)
        self.assertEqual(builtin.convert(series, Context(units={"": ""})).values[0], 20.0)
        with self.assertRaisesRegex(ValueError, "different quantities"):
            builtin.convert(series, Context(units={"": "m3/h"}))
        with self.assertRaisesRegex(ValueError, "from_unit"):
            builtin.convert(Series([1], [1.0]), Context(), to_unit="K")


class Overflow(Base):
    """A sum that leaves the range of a float on its way is right; one that is beyond it is no NaN."""

    WINDOW = Window(0, 3_600_000_000)

    def test_on_the_way(self):
        for values in (
            [1.7e308, 1.7e308, -1.7e308, -1.7e308, 5.0],
            [1e308] * 4 + [-1e308] * 4 + [1.0] * 4,
            [-1.7e308, 1.7e308] * 10,
            [1.7e308, 1.6e308, 1.5e308, -1.7e308],
        ):
            series = Series([i * 60_000_000 for i in range(len(values))], values, window=self.WINDOW)
            exact = sum(map(Fraction, values))
            with self.subTest(values=values):
                if abs(exact) < 2**1023:
                    self.assert_close(series.sum(), float(exact))
                self.assert_close(series.mean(), float(exact / len(values)))
                mean = exact / len(values)
                variance = sum((Fraction(value) - mean) ** 2 for value in values) / len(values)
                self.assert_close(series.std(ddof=0), float(Fraction(math.isqrt(int(variance)))))
                last = 60 - len(values) + 1
                area = (exact - Fraction(values[-1]) + Fraction(values[-1]) * last) / 60
                self.assert_close(series.integral(), float(area), max(map(abs, values)))
                self.assert_close(series.time_weighted_mean(), float(area), max(map(abs, values)))

    def test_of_missing_ones_it_is_no_matter(self):
        series = Series([1, 2, 3, 4], [1e308, NAN, 1e308, -1e308], [0, 0, 0, 0])
        self.assertEqual((series.sum(), series.count()), (1e308, 3))

    def test_beyond(self):
        series = Series(range(3), [1e308] * 3, window=self.WINDOW)
        self.assertEqual((series.sum(), (-series).sum(), series.mean()), (math.inf, -math.inf, 1e308))
        self.assertEqual(series.integral(per="second"), math.inf)
        with self.assertRaises(OverflowError):
            Series(range(6), [0, 1e308] * 3).increase(glitch=0)
        self.assertEqual(Series(range(6), [0, 1e308] * 3).increase(), 1e308)
