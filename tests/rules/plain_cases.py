"""What the decorator `plain` makes of functions that take lists."""

import unittest
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from local_processing import Quality, Series, Window, plain

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = datetime(2025, 10, 26, 0, 0, tzinfo=timezone.utc)
WINDOW = Window(FIRST.astimezone(BERLIN), (FIRST + timedelta(hours=2)).astimezone(BERLIN))
Samples = list[tuple[datetime, float]]


def series(*values: float, name: str = "a", qualities: list[int] | None = None) -> Series:
    """Values half an hour apart."""
    times = [FIRST + timedelta(minutes=30 * i) for i in range(len(values))]
    return Series(times, values, qualities, name=name)


def call(function: Any, *inputs: Series, **parameters: Any) -> Any:
    """Call it as a calculation does."""
    return function.__rule__.call(*inputs, window=WINDOW, **parameters)


class Called(unittest.TestCase):
    def test_by_the_names_of_what_it_takes(self):
        @plain(parameters={"factor": 2.0})
        def f(values: list[float], times: list[datetime], params: dict[str, Any]) -> float:
            return sum(values) * params["factor"] + times[-1].hour

        self.assertEqual(call(f, series(1, 2, 3), factor=10.0), 62.0)
        # The function is what it was, for whoever calls it.
        self.assertEqual(f([1.0], [FIRST], {"factor": 3.0}), 3.0)
        self.assertEqual((f.__rule__.inputs, f.__rule__.parameters, f.__rule__.returns, f.__rule__.problems),
                         ([("x", False, False, 0)], [("factor", 3, False, "2.0", None)], 1, []))

    def test_by_what_is_said_in_their_order(self):
        @plain("parameters", "samples", "start", "end", parameters={"n": int})
        def f(p: dict[str, Any], rows: Samples, a: datetime, b: datetime, extra: int = 7) -> float:
            self.assertEqual((p, extra, b.timestamp() - a.timestamp()), ({"n": 3}, 7, 7200.0))
            # Clocks go back: both are 2 o'clock.
            self.assertEqual([time.strftime("%H:%M %z") for time, _ in rows],
                             ["02:00 +0200", "02:30 +0200", "02:00 +0100"])
            return rows[0][1]

        self.assertEqual(call(f, series(5, 6, 7), n=3), 5.0)
        self.assertEqual(f.__rule__.parameters, [("n", 2, False, None, None)])

    def test_bare(self):
        @plain
        def f(values: list[float]) -> float:
            """What it does."""
            return max(values)

        self.assertEqual(call(f, series(1, 4, 2)), 4.0)
        self.assertEqual((f.__rule__.name, f.__rule__.document), ("f", "What it does."))

    def test_missing_samples_are_left_out(self):
        @plain
        def f(values: list[float], times: list[datetime]) -> float:
            return len(values) + len(times) * 10

        qualities = [Quality.GOOD, Quality.BAD, Quality.UNCERTAIN, Quality.GOOD]
        self.assertEqual(call(f, series(1, 2, 3, float("nan"), qualities=qualities)), 22)
        self.assertIsNone(call(f, series()))
        self.assertIsNone(call(f, series(float("nan"))))

    def test_several_inputs(self):
        @plain("values", inputs=("inflow", "outflow"))
        def balance(of: dict[str, list[float]]) -> float:
            return sum(of["inflow"]) - sum(of["outflow"])

        self.assertEqual(call(balance, series(5, 6, name="p"), series(1, name="q")), 10.0)
        self.assertEqual(call(balance, series(5, name="p"), series(name="q")), 5.0)
        self.assertIsNone(call(balance, series(name="p"), series(name="q")))
        self.assertEqual([row[0] for row in balance.__rule__.inputs], ["inflow", "outflow"])

    def test_any_number_of_inputs_by_the_names_of_their_series(self):
        @plain("values", inputs=(), many=True)
        def total(of: dict[str, list[float]]) -> float:
            return sum(map(sum, of.values())) + 100 * len(of)

        self.assertEqual(call(total, series(1, name="p"), series(2, name="q"), series(name="r")), 303.0)

        @plain("values", inputs=("first",), many=True, lookback="hold", outputs=("one",), name="other")
        def first(of: dict[str, list[float]]) -> dict[str, float]:
            return {"one": of["first"][0] + of["q"][0]}

        self.assertEqual(call(first, series(1, name="p"), series(2, name="q")), {"one": 3.0})
        self.assertEqual((first.__rule__.name, first.__rule__.outputs, first.__rule__.inputs),
                         ("other", ("one",), [("first", False, False, -1), ("series", True, True, -1)]))


class Refused(unittest.TestCase):
    def problems(self, *takes: str, function: Any = None, **options: Any) -> str:
        def f(values: list[float], params: dict[str, Any]) -> float:
            return 0.0

        return "; ".join(plain(*takes, **options)(function or f).__rule__.problems)

    def test_words(self):
        self.assertIn("'vals' is none of values, times, samples", self.problems("vals", "parameters"))
        self.assertIn("to take 1 things, and has 2 parameters", self.problems("values"))
        self.assertIn("to take 3 things", self.problems("values", "times", "parameters"))

        def keyword(values: list[float], *, limit: float) -> float:
            return limit

        self.assertIn("keyword-only parameters without a default", self.problems(function=keyword))

    def test_inputs(self):
        self.assertIn("a tuple of names is needed, even of one: ('x',)", self.problems(inputs="x"))
        self.assertIn("it has no input", self.problems(inputs=()))
        self.assertIn("lookback='soon'", self.problems(lookback="soon"))

    def test_parameters(self):
        self.assertEqual(self.problems(parameters={"any": None, "list": [1], "flag": bool}), "")
        for name in ("window", "a b"):
            self.assertIn(f"{name!r} can't be the name", self.problems(parameters={name: 1}))
        self.assertIn("the type of parameter 's' is set", self.problems(parameters={"s": {1}}))

    def test_what_is_no_function(self):
        with self.assertRaisesRegex(TypeError, "@plain is for functions"):
            plain(len)
