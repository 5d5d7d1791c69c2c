"""What the decorator `rule` finds out about functions, and what it refuses."""

import unittest
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Optional

from local_processing import Context, Series, Window, _json, rule

ANY, BOOL, INT, FLOAT, TEXT, LIST, DICT = range(7)


class Accepted(unittest.TestCase):
    def test_bare_and_with_arguments(self):
        @rule
        def plain(x: Series) -> float:
            """What it does.

            More
              about it.
            """

        @rule(outputs=("mean", "spread"), lookback="90 minutes", name="other")
        def named(x: Series): ...

        self.assertEqual((plain.__rule__.name, plain.__rule__.outputs, plain.__rule__.problems), ("plain", (), []))
        self.assertEqual(plain.__rule__.document, "What it does.\n\nMore\n  about it.")
        self.assertEqual((named.__rule__.name, named.__rule__.outputs), ("other", ("mean", "spread")))
        self.assertEqual(named.__rule__.inputs, [("x", False, False, 90 * 60 * 1_000_000)])

    def test_what_results_are(self):
        def number(x: Series) -> float: ...

        def perhaps(x: Series) -> "int | None": ...

        def several(x: Series) -> dict[str, float | None]: ...

        def samples(x: Series) -> Series | None: ...

        def untold(x: Series): ...

        def either(x: Series) -> float | Series: ...

        def nothing(x: Series) -> None: ...

        def unknown(x: Series) -> "Unknown": ...  # noqa: F821

        told = [rule(f).__rule__.returns for f in (number, perhaps, several, samples, untold, either, nothing, unknown)]
        self.assertEqual(told, [1, 1, 1, 2, 0, 0, 0, 0])

    def test_is_still_the_function(self):
        def f(x: Series) -> float:
            return x.mean()

        self.assertIs(rule(f), f)
        self.assertEqual(f(Series([1], [2.0])), 2.0)

    def test_inputs(self):
        @rule
        def f(window: Window, a: Series, b: Series | None = None, c: Optional[Series] = None, *more: Series): ...

        self.assertEqual(f.__rule__.problems, [])
        self.assertEqual(
            f.__rule__.inputs,
            [("a", False, False, 0), ("b", True, False, 0), ("c", True, False, 0), ("more", True, True, 0)],
        )
        self.assertEqual(f.__rule__.layout, ["window", 0, 1, 2])

    def test_what_it_gives(self):
        def number(x: Series) -> float: ...
        def silent(x: Series): ...
        def either(x: Series) -> Series | float: ...
        def wrong(x: Series) -> "Serie": ...
        def numbers(x: Series) -> dict[str, float]: ...
        def nothing(x: Series) -> None: ...

        def series(x: Series) -> Series: ...
        def perhaps(x: Series) -> Optional[Series]: ...
        def written(x: Series) -> "Series | None": ...
        def several(x: Series) -> dict[str, Series]: ...

        for function in (silent, either, wrong, nothing):
            self.assertEqual(rule(function).__rule__.returns, 0, function.__name__)
        for function in (number, numbers):
            self.assertEqual(rule(function).__rule__.returns, 1, function.__name__)
        for function in (series, perhaps, written, several):
            self.assertEqual(rule(function).__rule__.returns, 2, function.__name__)

    def test_parameters(self):
        @rule
        def f(
            x: Series,
            *,
            context: Context,
            needed: float,
            a: bool = False,
            b: int = 1,
            c: float = 2,
            d: str = "x\u00e9\"",
            e: list[float] = [1, 2],
            g: Mapping[str, float] = {},
            h: float | None = None,
            i: Literal["step", "linear"] = "step",
            j: Any = None,
            k: int | float = 3,
            m: Sequence[str] = (),
            n: "Literal[1, 2]" = 1,
        ): ...

        self.assertEqual(f.__rule__.problems, [])
        self.assertEqual(f.__rule__.keywords, [("context", "context")])
        self.assertEqual(
            f.__rule__.parameters,
            [
                ("needed", FLOAT, False, None, None),
                ("a", BOOL, False, "false", None),
                ("b", INT, False, "1", None),
                ("c", FLOAT, False, "2", None),
                ("d", TEXT, False, '"x\u00e9\\""', None),
                ("e", LIST, False, "[1, 2]", None),
                ("g", DICT, False, "{}", None),
                ("h", FLOAT, True, "null", None),
                ("i", TEXT, False, '"step"', '["step", "linear"]'),
                ("j", ANY, True, "null", None),
                ("k", FLOAT, False, "3", None),
                ("m", LIST, False, "[]", None),
                ("n", INT, False, "1", "[1, 2]"),
            ],
        )

    def test_annotations_as_texts(self):
        text = (
            "from __future__ import annotations\n"
            "from local_processing import Series, Window, rule\n"
            "@rule\n"
            "def f(x: Series, y: Series | None = None, w: Window = None, *, k: float | None = None): ...\n"
        )
        names = {"__name__": "m"}
        exec(text, names)
        self.assertEqual(names["f"].__rule__.layout, [0, 1, "window"])
        self.assertEqual(names["f"].__rule__.problems, [])

    def test_lookbacks(self):
        for text, seconds in [("90 s", 90), ("15 minutes", 900), ("1 hour", 3600), ("2h", 7200), ("7 days", 604800)]:
            marked = rule(lookback=text)(self.one_input())
            self.assertEqual(marked.__rule__.inputs[0][3], seconds * 1_000_000)
        self.assertEqual(rule(lookback="hold")(self.one_input()).__rule__.inputs[0][3], -1)

    @staticmethod
    def one_input():
        def f(x: Series): ...

        return f


class Refused(unittest.TestCase):
    def assert_problem(self, function, *parts, **arguments):
        problems = rule(**arguments)(function).__rule__.problems
        self.assertEqual(len(problems), max(len(parts), 1), problems)
        for problem, part in zip(problems, parts):
            self.assertIn(part, problem)

    def test_each(self):
        def no_annotation(x): ...
        def positional(x: Series, k: float = 1.0): ...
        def keyword_input(*, x: Series): ...
        def wrong_default(x: Series, *, k: int = 1.5): ...
        def wrong_choice(x: Series, *, k: Literal["a"] = "b"): ...
        def unwritable(x: Series, *, k: Any = object()): ...
        def infinite(x: Series, *, k: float = float("inf")): ...
        def wrong_type(x: Series, *, k: complex): ...
        def many_numbers(*x: float): ...
        def keywords(x: Series, **more: float): ...
        def several(x: "Series | float"): ...
        def unknown(x: "Sreies"): ...
        def default_series(x: Series = None): ...
        async def asynchronous(x: Series): ...
        def generator(x: Series):
            yield 1

        for function, part in [
            (no_annotation, "'x' has no annotation"),
            (positional, "'k' is no Series, so it must be keyword-only: put a * before it"),
            (keyword_input, "input 'x' is keyword-only"),
            (wrong_default, "the default of 'k', 1.5, is not of its type"),
            (wrong_choice, "none of its choices"),
            (unwritable, "can't be in a definition"),
            (infinite, "can't be in a definition"),
            (wrong_type, "the type of parameter 'k' is complex"),
            (many_numbers, "*x must be annotated Series"),
            (keywords, "**keywords"),
            (several, "several things"),
            (unknown, "can't be evaluated: name 'Sreies' is not defined"),
            (default_series, "`Series | None`"),
            (asynchronous, "async"),
            (generator, "generator"),
        ]:
            with self.subTest(function.__name__):
                self.assert_problem(function, part)

    def test_arguments_of_the_decorator(self):
        def f(x: Series): ...

        self.assert_problem(f, "outputs='mean'", outputs="mean")
        self.assert_problem(f, "twice", outputs=("a", "a"))
        self.assert_problem(f, "no name", outputs=("",))
        self.assert_problem(f, "its name", name="not a name")
        for lookback in ("1 month", "x", "", "1.5 h", "-1 h", 60, "1 hours ago", "99999999 s"):
            self.assert_problem(f, "lookback", lookback=lookback)
        with self.assertRaises(TypeError):
            rule(42)

    def test_all_at_once(self):
        def f(x, y: int, *, z: set): ...

        self.assert_problem(f, "'x'", "'y'", "'z'")


class Json(unittest.TestCase):
    def test_there_and_back(self):
        for value in (None, True, -1, 1.5, "\u00e9\"\\\n", [1, [2, {}]], {"a": [None], "b": {"c": "d"}}):
            self.assertEqual(_json.parse(_json.write(value)), value)

    def test_wrong(self):
        for text in ("", "{", "[1,]", "1 2", "nul", '{"a":}'):
            with self.assertRaises(ValueError):
                _json.parse(text)
