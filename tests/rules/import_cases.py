"""Imports that can't work here: what is said at the import, and what is found before it runs."""

import importlib
import unittest

from _embedded import ABSENT, REMOVED, absence
from local_processing._imports import absent_imports

SOURCE = '''
from typing import TYPE_CHECKING
import typing
if TYPE_CHECKING:
    import numpy
def rule():
    import imp, json
    try:
        import numpy
    except ImportError:
        numpy = None
    try:
        import scipy
    except (KeyError, ModuleNotFoundError):
        import pandas
    try:
        import polars
    except KeyError:
        pass
    async def inner():
        from distutils.version import LooseVersion
    if typing.TYPE_CHECKING:
        import numpy
    else:
        import cgi
class Kind:
    import json
    def method(self):
        import numpy.linalg
        from . import imp
        from .imp import x
'''


class Imports(unittest.TestCase):
    """Modules that are not here."""

    def test_each_says_so_when_it_is_imported(self) -> None:
        for name in (*ABSENT, *REMOVED):
            with self.subTest(name), self.assertRaises(ModuleNotFoundError) as raised:
                importlib.import_module(name)
            self.assertEqual(str(raised.exception), absence(name))

    def test_removed_ones_say_since_when_and_what_to_use(self) -> None:
        self.assertEqual(absence("imp"), "imp is no longer part of Python, since 3.12: use importlib")
        self.assertIsNone(absence("json"))

    def test_those_inside_of_functions_are_found(self) -> None:
        found = [(line, reason.partition(" ")[0]) for line, reason in absent_imports(SOURCE)]
        self.assertEqual(
            found,
            [(7, "imp"), (15, "pandas"), (17, "polars"), (21, "distutils"), (25, "cgi"), (29, "numpy")],
        )

    def test_a_long_expression_is_not_looked_into(self) -> None:
        source = "def f():\n    import imp\n    return " + " + ".join(["1"] * 2000) + "\n"
        self.assertEqual([line for line, _ in absent_imports(source)], [2])

    def test_a_team_may_have_a_module_of_that_name(self) -> None:
        self.assertEqual(absent_imports("def f():\n    import parser\n", frozenset({"parser"})), [])


if __name__ == "__main__":
    unittest.main()
