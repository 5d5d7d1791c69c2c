"""Each method that makes a Series: what becomes of previous, window, unit, name, attributes and qualities."""

import unittest

from local_processing import Sample, Series, Window

WINDOW, PART = Window(0, 100), Window(20, 100)
BEFORE = Sample(-5, 4.0, 1)
#: What the Series x below is; None: it has none.
ALL = {
    "times": [10, 20, 30],
    "qualities": [0, 1, 0],
    "previous": BEFORE,
    "window": WINDOW,
    "unit": "kW",
    "name": "p1/power",
    "attributes": {"site": "north"},
}
COMPUTED = ALL | {"name": "", "attributes": {}}
NO_UNIT = COMPUTED | {"unit": ""}

#: Each way to make a Series of x and y (that of the same times, of other names): what it then is.
TABLE = {
    "+x": ALL,
    "x.good()": ALL,
    "x.to('W')": ALL | {"unit": "W", "previous": Sample(-5, 4000.0, 1)},
    "x.to('kW')": ALL,
    "x.at(y)": ALL,
    "x.where(x > 0)": ALL,
    "x.where(x > 1)": ALL | {"times": [20, 30], "qualities": [1, 0]},
    "x.where(x < 4)": ALL | {"previous": None},
    "x.where(y > 0)": ALL,
    "x[:]": ALL,
    "x[1:]": ALL | {"times": [20, 30], "qualities": [1, 0], "previous": None, "window": None},
    "x[::2]": ALL | {"times": [10, 30], "qualities": [0, 0], "previous": None, "window": None},
    "x.between(0, 100)": ALL,
    "x.between(-50, 500)": ALL,
    "x.between(20, 100)": ALL
    | {"times": [20, 30], "qualities": [1, 0], "previous": Sample(10, 1.0), "window": PART},
    "-x": COMPUTED | {"previous": Sample(-5, -4.0, 1)},
    "abs(x)": COMPUTED,
    "x + 1": COMPUTED | {"previous": Sample(-5, 5.0, 1)},
    "1 - x": COMPUTED | {"previous": Sample(-5, -3.0, 1)},
    "x * 2": COMPUTED | {"previous": Sample(-5, 8.0, 1)},
    "x / 2": COMPUTED | {"previous": Sample(-5, 2.0, 1)},
    "2 / x": NO_UNIT | {"previous": Sample(-5, 0.5, 1)},
    "x // 2": NO_UNIT | {"previous": Sample(-5, 2.0, 1)},
    "x % 3": COMPUTED | {"previous": Sample(-5, 1.0, 1)},
    "x ** 2": NO_UNIT | {"previous": Sample(-5, 16.0, 1)},
    "x > 3": NO_UNIT | {"previous": Sample(-5, 1.0, 1)},
    "x + y": COMPUTED | {"previous": Sample(-5, 6.0, 1)},
    "x - y": COMPUTED | {"previous": Sample(-5, 2.0, 1)},
    "x * y": NO_UNIT | {"previous": Sample(-5, 8.0, 1)},
    "x == y": NO_UNIT | {"previous": Sample(-5, 0.0, 1)},
    "x.map(lambda value: value * 10)": NO_UNIT | {"previous": Sample(-5, 40.0, 1)},
    "x.map(lambda value: None)": NO_UNIT | {"previous": None},
}


class Properties(unittest.TestCase):
    def test_table(self):
        x = Series(
            [10, 20, 30],
            [1.0, 2.0, 3.0],
            [0, 1, 0],
            unit="kW",
            name="p1/power",
            attributes={"site": "north"},
            window=WINDOW,
            previous=BEFORE,
        )
        y = Series([10, 20, 30], [1.0, 2.0, 4.0], unit="kW", name="p2/power", window=WINDOW, previous=Sample(-5, 2.0))
        for expression, wanted in TABLE.items():
            made = eval(expression, {"x": x, "y": y})  # noqa: S307
            got = {name: getattr(made, name) for name in wanted}
            got |= {"times": list(made.times), "qualities": list(made.qualities), "attributes": dict(made.attributes)}
            with self.subTest(expression):
                self.assertEqual(got, wanted)

    def test_a_part_knows_no_more_than_was_read(self):
        x = Series([10, 90], [1.0, 3.0], window=WINDOW, previous=Sample(-5, 7.0))
        self.assertEqual(x.between(50, 500).window, Window(50, 100))
        self.assertEqual(x.between(50, 500).integral(per="second"), (1.0 * 40 + 3.0 * 10) / 1e6)
        self.assertEqual(x.between(-50, 10).previous, Sample(-5, 7.0))
        self.assertEqual(len(x.between(200, 300)), 0)

    def test_previous_is_before_the_window(self):
        with self.assertRaisesRegex(ValueError, "previous must be before the window"):
            Series([50], [1.0], window=WINDOW, previous=Sample(0, 1.0))
