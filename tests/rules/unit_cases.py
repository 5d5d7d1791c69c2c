"""Conversion of units."""

import math
import threading
import unittest

from local_processing import Series


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
