"""Conversion of units."""

import math
import operator
import threading
import unittest

from local_processing import Sample, Series


def convert(value, from_unit, to_unit):
    return Series([1], [value], unit=from_unit).to(to_unit).values[0]


class Units(unittest.TestCase):
    # From definitions: the SI, the calorie of the international table, the norm atmosphere.
    TABLE = [
        (1, "kWh", "MJ", 3.6),
        (1, "MWh", "kWh", 1000),
        (2, "GWh", "TWh", 0.002),
        (36, "m3/h", "l/s", 10),
        (36, "m³/h", "l/s", 10),
        (1, "m^3/h", "m3/h", 1),
        (1, "m3", "l", 1000),
        (100, "degC", "degF", 212),
        (0, "°C", "K", 273.15),
        (50, "degF", "degC", 10),
        (1013.25, "hPa", "bar", 1.01325),
        (0, "bar(g)", "bar", 1.01325),
        (500, "mbar(g)", "barg", 0.5),
        (500, "mbar(a)", "bar", 0.5),
        (1, "barg", "hPa", 2013.25),
        (10, "mWS", "bar", 0.980665),
        (50, "%", "1", 0.5),
        (1, "kWh/m3", "kJ/l", 3.6),
        (1, "Nm3/h", "m3/s", 1 / 3600),
        (3, "kvarh", "varh", 3000),
        (60, "rpm", "Hz", 1),
        (1, "t/h", "kg/s", 1000 / 3600),
        (36, "km/h", "m/s", 10),
        (500, "uS/cm", "mS/m", 50),
        (500, "µS/cm", "mS/m", 50),
        (24, "MWh/day", "MW", 1),
        (7, "kW", "kW", 7),
        (7, "", "", 7),
    ]

    def test_table(self):
        for value, from_unit, to_unit, wanted in self.TABLE:
            with self.subTest(from_unit=from_unit, to_unit=to_unit):
                got = convert(value, from_unit, to_unit)
                self.assertTrue(math.isclose(got, wanted, rel_tol=1e-13), (got, wanted))
                self.assertTrue(math.isclose(convert(got, to_unit, from_unit), value, rel_tol=1e-12, abs_tol=1e-12))

    def test_wrong(self):
        for from_unit, to_unit, message in [
            ("degC", "m3/h", "cannot convert degC to m3/h: different quantities"),
            ("", "kW", "cannot convert no unit to kW: different quantities"),
            ("furlongs per moon", "m", '"furlongs per moon" is no unit that is known'),
            ("kW", "€", '"€" is no unit that is known'),
        ]:
            with self.assertRaises(ValueError) as caught:
                convert(1, from_unit, to_unit)
            self.assertEqual(str(caught.exception), message)
        with self.assertRaises(TypeError):
            Series([1], [1]).to(5)

    def test_names_the_series(self):
        with self.assertRaisesRegex(ValueError, r"different quantities \(series p1/flow\)"):
            Series([1], [1.0], unit="m3", name="p1/flow").to("m3/h")

    def test_keeps_what_the_series_is(self):
        series = Series([1, 2], [1.0, math.nan], unit="kW", name="p").to("W")
        self.assertEqual((series.unit, series.name, series.values[0], series.count()), ("W", "p", 1000.0, 1))

    def test_from_many_threads(self):
        wrong = []

        def work():
            for i in range(200):
                if not math.isclose(convert(1, "kW", f"1e{i % 9} W"), 1000 / 10 ** (i % 9), rel_tol=1e-12):
                    wrong.append(i)

        threads = [threading.Thread(target=work) for _ in range(4)]
        try:
            for thread in threads:
                thread.start()
        except RuntimeError:
            # An isolated interpreter has one thread.
            threads = []
            work()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


def reading(value, unit):
    return Series([1], [value], unit=unit)


A, B = reading(60.0, "degC"), reading(50.0, "degC")


class Differences(unittest.TestCase):
    """Of units whose zero is not nothing, differences are converted without the offset, or not at all."""

    # What is computed, its unit, the unit asked for, what comes, the unit that it then has.
    RIGHT = [
        (lambda: A - B, "delta_degC", "K", 10, "K"),
        (lambda: A - B, "delta_degC", "degF", 18, "delta_degF"),
        (lambda: A - B, "delta_degC", "delta_degF", 18, "delta_degF"),
        (lambda: A - B, "delta_degC", "degC", 10, "delta_degC"),
        (lambda: reading(2.0, "barg") - reading(1.5, "barg"), "delta_barg", "bar", 0.5, "bar"),
        (lambda: reading(2.0, "barg") - reading(1.5, "barg"), "delta_barg", "mbar", 500, "mbar"),
        (lambda: reading(40.0, "psig") - reading(10.0, "psig"), "delta_psig", "psi", 30, "psi"),
        (lambda: reading(68.0, "degF") - reading(50.0, "degF"), "delta_degF", "K", 10, "K"),
        (lambda: abs(B - A), "delta_degC", "K", 10, "K"),
        (lambda: -(A - B), "delta_degC", "K", -10, "K"),
        (lambda: (A - B) * 2, "delta_degC", "degF", 36, "delta_degF"),
        (lambda: (A - B) / 2, "delta_degC", "K", 5, "K"),
        (lambda: (A - B) - 1, "delta_degC", "K", 9, "K"),
        (lambda: (A - B) + (A - B), "delta_degC", "K", 20, "K"),
        (lambda: (A - B).where(A > 0).good(), "delta_degC", "K", 10, "K"),
        (lambda: (A - B).at(A)[:], "delta_degC", "K", 10, "K"),
        (lambda: 70 - A, "delta_degC", "K", 10, "K"),
        (lambda: A.to("K") - B.to("K"), "K", "degF", 18, "delta_degF"),
        (lambda: A.to("degF") - B.to("degF"), "delta_degF", "K", 10, "K"),
        (lambda: reading(10.0, "delta_degC"), "delta_degC", "K", 10, "K"),
        (lambda: reading(10.0, "delta_degC"), "delta_degC", "delta_degF", 18, "delta_degF"),
        (lambda: reading(10.0, "K"), "K", "delta_degC", 10, "delta_degC"),
        # Readings again.
        (lambda: (A + B) / 2, "degC", "K", 328.15, "K"),
        (lambda: 0.3 * A + 0.7 * B, "degC", "K", 326.15, "K"),
        (lambda: (A + B + A) / 3, "degC", "K", 56.666666666666664 + 273.15, "K"),
        (lambda: A + (A - B), "degC", "K", 343.15, "K"),
        (lambda: A - (A - B), "degC", "K", 323.15, "K"),
        (lambda: A + reading(10.0, "delta_degC"), "degC", "K", 343.15, "K"),
        (lambda: reading(10.0, "delta_degC") + A, "degC", "K", 343.15, "K"),
        (lambda: A + 0.5, "degC", "K", 333.65, "K"),
        (lambda: A.to("degF"), "degF", "K", 333.15, "K"),
        # Without an offset there is nothing to tell apart.
        (lambda: reading(3.0, "kW") - 1, "kW", "W", 2000, "W"),
        (lambda: reading(3.0, "kW") + reading(3.0, "kW"), "kW", "W", 6000, "W"),
        (lambda: reading(3.0, "K") * 2, "K", "mK", 6000, "mK"),
        (lambda: A * 2, "", "°C", 120, ""),
    ]

    def test_right(self):
        for index, (make, unit, to_unit, value, then) in enumerate(self.RIGHT):
            with self.subTest(index=index, to=to_unit):
                series = make()
                self.assertEqual(series.unit, unit)
                converted = series.to(to_unit)
                self.assertAlmostEqual(converted.values[0], value, delta=1e-9)
                self.assertEqual(converted.unit, then)

    # Whether these are readings or differences nobody knows.
    REFUSED = [
        lambda: A - 5,
        lambda: A + B,
        lambda: A * 2,
        lambda: A * 1.02,
        lambda: A / 2,
        lambda: -A,
        lambda: abs(A),
        lambda: A % 7,
        lambda: 20 + (A - B),
        lambda: reading(3.0, "barg") * 2,
    ]

    def test_refused(self):
        for index, make in enumerate(self.REFUSED):
            with self.subTest(index=index), self.assertRaisesRegex(ValueError, "not known|different quantities"):
                make().to("bar" if index == 9 else "K")
        with self.assertRaisesRegex(ValueError, "for differences"):
            A.to("delta_degF")
        self.assertEqual((A + B).unit, "")

    def test_operands_of_two_units_of_one_quantity(self):
        for symbol in ("add", "sub", "mod", "lt", "le", "eq", "ne", "gt", "ge"):
            for one, other in (("kW", "W"), ("bar", "mbar"), ("degC", "K"), ("degC", "degF"), ("bar", "barg")):
                with self.subTest(symbol, one=one), self.assertRaisesRegex(ValueError, rf'b\.to\("{one}"\)'):
                    getattr(operator, symbol)(reading(1.0, one), reading(1.0, other))
        # The same unit by two names; another quantity; one of which nothing is known; one that a number converted.
        self.assertEqual((A - reading(10.0, "°C")).to("degF").values[0], (A.values[0] - 10.0) * 1.8)
        self.assertEqual(((A + reading(10.0, "celsius")) / 2).to("K").values[0], (A.values[0] + 10.0) / 2 + 273.15)
        self.assertEqual((reading(3.0, "barg") - reading(1.0, "bar(g)")).to("mbar").values[0], 2000.0)
        self.assertEqual((reading(3.0, "kWh") - reading(1.0, "kW h")).to("MJ").values[0], 7.2)
        self.assertEqual((reading(3.0, "°C") - reading(1.0, "delta_degC")).to("K").values[0], 275.15)
        self.assertEqual((reading(1.0, "kW") > reading(1.0, "m3/h")).count(), 1)
        self.assertEqual((reading(1.0, "kW") > reading(1.0, "")).count(), 1)
        self.assertEqual((reading(1.0, "kW") + reading(1000.0, "W") / 1000).values[0], 2.0)

    def test_the_previous_sample_is_converted_alike(self):
        before = Sample(-1, 30.0)
        one = Series([1], [60.0], unit="degC", previous=before)
        other = Series([1], [50.0], unit="degC", previous=Sample(-1, 10.0))
        self.assertEqual((one - other).to("degF").previous.value, 36.0)

    def test_beyond_the_range_is_no_missing_sample(self):
        with self.assertRaises(OverflowError):
            reading(1e308, "kW").to("W")

    def test_the_inverse_is_exact(self):
        self.assertEqual(convert(7.2, "MJ", "kWh"), 2.0)
        self.assertEqual(convert(3600, "kg/h", "kg/s"), 1.0)
