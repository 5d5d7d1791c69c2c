"""Arithmetic and comparisons of Series against the same of Python's floats, sample by sample."""

import math
import operator
import random
import unittest
from fractions import Fraction

from local_processing import Quality, Sample, Series, Window

BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}
NAN = math.nan


def python_says(function, left, right):
    """What Python makes of two floats; NaN where it raises or the result is complex."""
    if not (math.isfinite(left) and math.isfinite(right)):
        return NAN
    try:
        result = function(left, right)
    except ZeroDivisionError:
        return NAN
    except OverflowError:
        return math.inf
    return NAN if isinstance(result, complex) else float(result)


def same(one, other):
    return (math.isnan(one) and math.isnan(other)) or one == other or math.isclose(one, other, rel_tol=1e-15)


class Against(unittest.TestCase):
    """Random numbers, special ones among them."""

    SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -2.5, 1e300, 1e-300, 3.0, NAN, math.inf, -math.inf)

    def numbers(self, source, count):
        return [
            source.choice(self.SPECIAL) if source.random() < 0.4 else source.uniform(-10, 10) for _ in range(count)
        ]

    def assert_same(self, name, result, expected, operands):
        for got, wanted, operand in zip(result.values, expected, operands, strict=True):
            if not same(got, wanted) and not (math.isinf(wanted) and math.isinf(got)):
                self.fail(f"{operand} {name}: {got!r}, and Python says {wanted!r}")

    def test_series_with_series(self):
        source = random.Random(1)
        for count in (0, 1, 7, 1000):
            left, right = self.numbers(source, count), self.numbers(source, count)
            for name, function in BINARY.items():
                result = function(Series(range(count), left), Series(range(count), right))
                self.assert_same(
                    name, result, [python_says(function, a, b) for a, b in zip(left, right)], list(zip(left, right))
                )

    def test_series_with_number_on_either_side(self):
        source = random.Random(2)
        values = self.numbers(source, 600)
        for number in (0.0, 1.0, -3.5, 2, 7, True, Fraction(1, 3)):
            for name, function in BINARY.items():
                series = Series(range(600), values)
                with self.subTest(operation=name, number=number):
                    self.assert_same(
                        name,
                        function(series, number),
                        [python_says(function, a, float(number)) for a in values],
                        values,
                    )
                    self.assert_same(
                        name,
                        function(number, series),
                        [python_says(function, float(number), a) for a in values],
                        values,
                    )

    def test_unary(self):
        values = [1.5, -2.0, NAN, math.inf, 0.0]
        series = Series(range(5), values)
        self.assertEqual(list((-series).values)[:2], [-1.5, 2.0])
        self.assertEqual(list(abs(series).values)[:2], [1.5, 2.0])
        self.assertTrue(math.isnan(abs(series).values[3]))
        self.assertIs(+series, series)


class Missing(unittest.TestCase):
    def test_stays_missing(self):
        series = Series([1, 2, 3], [1.0, NAN, 3.0], [0, 0, Quality.BAD])
        for result in (series + 1, 1 - series, series * series, series > 0, abs(series), -series):
            self.assertEqual(result.count(), 1)
            self.assertTrue(math.isnan(result.values[1]) and math.isnan(result.values[2]))

    def test_division_by_zero_is_missing(self):
        result = Series([1, 2], [1.0, 2.0]) / Series([1, 2], [0.0, 4.0])
        self.assertEqual((result.count(), result.mean()), (1, 0.5))
        self.assertEqual((Series([1], [1]) / 0).count(), 0)

    def test_a_nan_makes_all_missing(self):
        self.assertEqual((Series([1, 2], [1, 2]) > NAN).count(), 0)
        self.assertEqual((Series([1, 2], [1, 2]) ** 0 * NAN).count(), 0)

    def test_quality_is_the_worse_one(self):
        one = Series([1, 2, 3], [1, 2, 3], [0, 1, 0])
        other = Series([1, 2, 3], [1, 2, 3], [0, 0, 1])
        self.assertEqual(list((one + other).qualities), [0, 1, 1])
        self.assertEqual(list((one + 1).qualities), [0, 1, 0])


class Descriptions(unittest.TestCase):
    def test_units(self):
        power, more, flow = (Series([1], [2.0], unit=unit) for unit in ("kW", "kW", "m3/h"))
        self.assertEqual((power + more).unit, "kW")
        self.assertEqual((power + flow).unit, "")
        self.assertEqual((power * 2).unit, "kW")
        self.assertEqual((2 * power).unit, "kW")
        self.assertEqual((power / 2).unit, "kW")
        self.assertEqual((2 / power).unit, "")
        self.assertEqual((power / flow).unit, "")
        self.assertEqual((power > 1).unit, "")
        self.assertEqual(abs(-power).unit, "kW")

    def test_window_and_previous_go_along(self):
        window = Window(0, 100)
        series = Series([50], [4.0], name="x", window=window, previous=Sample(-5, 2.0))
        result = series / 2 + series
        self.assertIs(result.window, window)
        self.assertEqual(result.previous, Sample(-5, 3.0))
        self.assertEqual((result.name, dict(result.attributes)), ("", {}))
        self.assertEqual((series > 3).previous.value, 0.0)
        self.assertIsNone((1 / (series - 2)).previous)
        self.assertIsNone((series + Series([50], [1.0])).previous)
        self.assertEqual((series + Series([50], [1.0], previous=Sample(-3, 5.0, 1))).previous, Sample(-5, 7.0, 1))

    def test_refused(self):
        series = Series([1], [1.0])
        for other in ("1", None, [1], object()):
            with self.assertRaises(TypeError):
                series + other
            with self.assertRaises(TypeError):
                other * series
        with self.assertRaises(TypeError):
            pow(series, 2, 3)
        self.assertFalse(series == None)  # noqa: E711
        self.assertTrue(series != "x")


class Filters(unittest.TestCase):
    def test_good(self):
        series = Series([1, 2, 3, 4], [1, NAN, 3, 4], [0, 0, 2, 1], unit="kW")
        good = series.good()
        self.assertEqual((list(good.times), list(good.qualities), good.unit), ([1, 4], [0, 1], "kW"))
        self.assertIs(good.good(), good)

    def test_where(self):
        power = Series([1, 2, 3, 4], [10, 20, 30, 40], unit="kW")
        speed = Series([2, 3, 4, 5], [0.0, 5.0, NAN, 1.0])
        self.assertEqual(list(power.where(speed > 1).values), [30])
        self.assertEqual(list(power.where(power > 15).values), [20, 30, 40])
        with self.assertRaises(TypeError):
            power.where([True] * 4)

    def test_map(self):
        series = Series([1, 2, 3], [4.0, NAN, 9.0])
        roots = series.map(math.sqrt)
        self.assertEqual((roots.values[0], roots.count(), roots.values[2]), (2.0, 2, 3.0))
        self.assertEqual(series.map(lambda value: None if value > 5 else value).count(), 1)
        with self.assertRaises(ValueError):
            Series([1], [-1]).map(math.sqrt)
        with self.assertRaises(TypeError):
            series.map(3)
        with self.assertRaises(TypeError):
            series.map(lambda value: "x")
