"""Runs the cases of this directory in the interpreter that it is run by, and says how many passed."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    suite = unittest.TestSuite()
    # --without NAME...: cases that are about the built-in interpreter.
    left_out = {"run_cases", *sys.argv[2:]}
    for path in sorted(HERE.glob("*_cases.py")):
        if path.stem not in left_out:
            suite.addTests(unittest.defaultTestLoader.loadTestsFromName(path.stem))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(suite)
    # A case fails once, however many of its subtests do.
    failed = len({test.id().split(" ")[0] for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
