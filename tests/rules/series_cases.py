"""Series as a sequence, as buffers, and how it is made."""

import array
import copy
import gc
import sys
import unittest
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from local_processing import Context, Quality, Sample, Series, Window

# In an interpreter of the user's a Series gives its columns, and no buffer of its own.
GIVES_BUFFER = sys.executable.endswith("local-processing")
UTC = timezone.utc
START = datetime(2026, 1, 1, tzinfo=UTC)
MICROSECONDS = 1_767_225_600_000_000


def minutes(count):
    return [START + timedelta(minutes=i) for i in range(count)]


class Making(unittest.TestCase):
    def test_from_datetimes_and_numbers(self):
        series = Series(minutes(3), [1, 2.5, True], unit="kW", name="p1/power", attributes={"site": "north"})
        self.assertEqual(list(series.values), [1.0, 2.5, 1.0])
        self.assertEqual(list(series.times), [MICROSECONDS + i * 60_000_000 for i in range(3)])
        self.assertEqual((series.unit, series.name, dict(series.attributes)), ("kW", "p1/power", {"site": "north"}))
        self.assertEqual((series.window, series.previous), (None, None))

    def test_from_buffers(self):
        times = array.array("q", [1, 2, 3])
        values = array.array("d", [1.0, 2.0, 3.0])
        series = Series(times, values, bytes([0, 1, 2]))
        self.assertEqual(list(series.times), [1, 2, 3])
        self.assertEqual(list(series.qualities), [0, 1, 2])
        values[0] = 99.0
        self.assertEqual(series[0].value, 1.0)

    def test_times_of_another_series(self):
        series = Series(minutes(3), [1, 2, 3])
        self.assertEqual(list(Series(series, [4, 5, 6]).times), list(series.times))
        self.assertEqual(list(Series(series.times, series.values).values), [1, 2, 3])

    def test_none_is_missing(self):
        series = Series([1, 2], [None, 2.0])
        self.assertEqual((series.count(), series.mean()), (1, 2.0))

    def test_zones_are_one_instant(self):
        berlin = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        series = Series([berlin], [1.0])
        self.assertEqual(series[0].time, berlin)
        self.assertIs(series[0].time.tzinfo, UTC)

    def test_ends_of_the_calendar(self):
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        series = Series([first, last], [1, 2])
        self.assertEqual([sample.time for sample in series], [first, last])

    def test_wrong(self):
        for error, message, arguments in [
            (ValueError, "times must ascend: times[1]", ([2, 1], [1, 2])),
            (ValueError, "times must ascend: times[1]", ([1, 1], [1, 2])),
            (ValueError, "2 times and 1 values", ([1, 2], [1])),
            (ValueError, "1 times and 2 qualities", ([1], [1], [0, 0])),
            (ValueError, "qualities[0]", ([1], [1], [3])),
            (ValueError, "qualities[0]", ([1], [1], [-1])),
            (TypeError, "values[0]", ([1], ["x"])),
            (ValueError, "no time zone", ([datetime(2026, 1, 1)], [1])),
            (TypeError, "times[0]: a time must be a datetime", (["2026"], [1])),
            (TypeError, "times[0]", ([1.5], [1])),
            (ValueError, "outside of the years", ([2**62], [1])),
            (ValueError, "outside of the years", ([2**63], [1])),
            (TypeError, "", (5, [1])),
        ]:
            with self.subTest(arguments=arguments), self.assertRaises(error) as caught:
                Series(*arguments)
            self.assertIn(message, str(caught.exception))

    def test_sequences_that_change_while_they_are_read(self):
        class Clearing:
            def __init__(self, values):
                self.values = values

            def __float__(self):
                self.values.clear()
                return 1.0

        class Announcing:
            def __len__(self):
                return 3

            def __iter__(self):
                return iter([1, 2])

        values = []
        values.extend([Clearing(values), 2.0, 3.0])
        for times, wrong in ([1, 2, 3], values), (Announcing(), [1, 2, 3]), ([1, 2, 3], Announcing()):
            with self.subTest(times=times, values=wrong), self.assertRaisesRegex(ValueError, "3 were announced"):
                Series(times, wrong)

    def test_times_beyond_the_calendar(self):
        class Odd(datetime):
            def utcoffset(self):
                return 5

        series = Series(minutes(2), [1, 2], window=Window(START, START + timedelta(minutes=2)))
        for call in (
            lambda: series.between(-(2**63), 2**63 - 1),
            lambda: Series([1], [1.0], previous=(-(2**63) + 1, 1.0, 0)),
            lambda: Window(-(2**62), 2**62),
            lambda: series.between(Odd(2026, 1, 1, tzinfo=timezone.utc).replace(tzinfo=ZoneInfo("Europe/Berlin")), 5),
        ):
            with self.assertRaises(ValueError):
                call()

    def test_window_and_previous_must_fit(self):
        window = Window(START, START + timedelta(minutes=2))
        with self.assertRaises(ValueError):
            Series(minutes(3), [1, 2, 3], window=window)
        with self.assertRaises(ValueError):
            Series(minutes(2), [1, 2], previous=Sample(START, 1.0))
        with self.assertRaises(TypeError):
            Series(minutes(2), [1, 2], window=(1, 2))
        series = Series(minutes(2), [1, 2], window=window, previous=Sample(START - timedelta(1), 7.0))
        self.assertEqual(series.previous, Sample(START - timedelta(1), 7.0))
        self.assertIs(series.window, window)

    def test_a_missing_previous_is_none(self):
        self.assertIsNone(Series([2], [1], previous=Sample(1, float("nan"))).previous)
        self.assertIsNone(Series([2], [1], previous=Sample(1, 1.0, Quality.BAD)).previous)


class Memory(unittest.TestCase):
    def everything(self):
        """One of each operation, with results and errors."""
        window = Window(START, START + timedelta(hours=1))
        previous = Sample(START - timedelta(minutes=1), 1.0)
        series = Series(minutes(9), [*range(8), None], unit="kW", window=window, previous=previous, attributes={"a": 1})
        other = Series(minutes(7), range(7), bytes(7))
        results = [series + other, series * 2, 1 / series, series > other, abs(-series), series[2:5], series[::2]]
        results += [series.good(), series.where(series > 3), series.map(abs), series.to("W"), series ** 2 % 3]
        results += [series.between(START, START + timedelta(minutes=3)), list(series), repr(series), series.previous]
        results += [series.values.tolist(), series.times, series.qualities, memoryview(other) if GIVES_BUFFER else other.values, other.attributes]
        for name in ("count", "sum", "mean", "min", "max", "std", "median", "integral", "increase", "difference"):
            results.append(getattr(series, name)())
        for wrong in (
            lambda: Series([1, 1], [1, 2], window=window),
            lambda: series + "x",
            lambda: series.to("m"),
            lambda: series.map(lambda value: 1 / 0),
            lambda: series.integral(per="x"),
            lambda: Series([1], [1], previous=3),
            lambda: Sample(1, 2, 9),
        ):
            try:
                wrong()
            except (TypeError, ValueError, ZeroDivisionError):
                pass
        return len(results)

    def test_nothing_leaks(self):
        for _ in range(20):
            self.everything()
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(300):
            self.everything()
        gc.collect()
        self.assertLess(sys.getallocatedblocks() - before, 100)

    def test_copies_are_the_same(self):
        series = Series(minutes(3), [1, 2, 3])
        self.assertIs(copy.copy(series), series)
        self.assertIs(copy.deepcopy({"x": series})["x"], series)
        self.assertEqual(copy.deepcopy(series[0]), series[0])
        self.assertIsInstance(copy.copy(series[0]), Sample)


class Sequences(unittest.TestCase):
    def setUp(self):
        self.series = Series(minutes(5), [1, 2, 3, 4, 5], unit="kW", name="x")

    def test_is_a_sequence(self):
        self.assertIsInstance(self.series, Sequence)
        self.assertEqual(len(self.series), 5)
        self.assertEqual([sample.value for sample in self.series], [1, 2, 3, 4, 5])
        self.assertEqual([sample.value for sample in reversed(self.series)], [5, 4, 3, 2, 1])
        match self.series:
            case [first, *_, last]:
                self.assertEqual((first.value, last.value), (1, 5))
            case _:
                self.fail("no sequence pattern")

    def test_index(self):
        self.assertEqual(self.series[0], Sample(START, 1.0))
        self.assertEqual(self.series[-1].value, 5)
        for index in (5, -6, 10**30):
            with self.assertRaises(IndexError):
                self.series[index]
        with self.assertRaises(TypeError):
            self.series["a"]

    def test_slices_are_as_of_lists(self):
        values = [1, 2, 3, 4, 5]
        for start in (None, -7, -2, 0, 1, 3, 9):
            for stop in (None, -7, -1, 0, 2, 5, 9):
                for step in (None, 1, 2, 3):
                    cut = slice(start, stop, step)
                    self.assertEqual(list(self.series[cut].values), values[cut], cut)
                    self.assertEqual(self.series[cut].unit, "kW")
        with self.assertRaises(ValueError):
            self.series[::-1]

    def test_a_slice_keeps_its_memory(self):
        part = Series(minutes(1000), range(1000))[500:502][1:]
        gc.collect()
        self.assertEqual(list(part.values), [501])

    def test_a_part_has_no_window(self):
        window = Window(START, START + timedelta(hours=1))
        series = Series(minutes(5), range(5), window=window)
        self.assertIs(series[:].window, window)
        self.assertIsNone(series[1:].window)

    def test_between(self):
        part = self.series.between(START + timedelta(minutes=1), START + timedelta(minutes=3))
        self.assertEqual(list(part.values), [2, 3])
        self.assertEqual(part.previous.value, 1)
        self.assertEqual(part.window, Window(START + timedelta(minutes=1), START + timedelta(minutes=3)))
        self.assertEqual(len(self.series.between(START - timedelta(9), START)), 0)
        with self.assertRaises(ValueError):
            self.series.between(START, START - timedelta(1))

    def test_truth_and_hash_are_refused(self):
        with self.assertRaisesRegex(TypeError, "len"):
            bool(self.series)
        with self.assertRaises(TypeError):
            hash(self.series)

    def test_never_changes(self):
        with self.assertRaises(TypeError):
            self.series[0] = 1
        with self.assertRaises(AttributeError):
            self.series.unit = "W"
        with self.assertRaises(TypeError):
            self.series.attributes["a"] = 1
        with self.assertRaises(TypeError):
            memoryview(self.series)[0] = 1.0
        with self.assertRaises(AttributeError):
            self.series.more = 1

    def test_repr_is_for_people(self):
        self.assertEqual(
            repr(self.series),
            "<Series 'x' [kW], 5 samples, 2026-01-01T00:00:00Z ... 2026-01-01T00:04:00Z: 1.0, 2.0, 3.0, 4.0, 5.0>",
        )
        long = Series(range(100), [*range(99), None])
        self.assertIn("1 missing: 0.0, 1.0, 2.0, ..., 98.0, nan>", repr(long))
        self.assertEqual(repr(Series([], [])), "<Series, 0 samples>")


class Buffers(unittest.TestCase):
    def test_formats(self):
        series = Series(minutes(3), [1, 2, 3], [0, 1, 2])
        for view, code, size in [
            (memoryview(series) if GIVES_BUFFER else series.values, "d", 8),
            (series.values, "d", 8),
            (series.times, "q", 8),
            (series.qualities, "B", 1),
        ]:
            self.assertEqual((view.format, view.itemsize, view.shape, view.readonly), (code, size, (3,), True))
        self.assertEqual(array.array("d", series.values).tolist(), [1, 2, 3])
        self.assertEqual(bytes(Series([1], [2]).qualities), b"\0")

    def test_views_keep_the_series(self):
        series = Series(minutes(1000), range(1000))
        before = sys.getrefcount(series)
        views = [series.values, series.times, series.qualities]
        del series
        gc.collect()
        self.assertEqual((views[0][999], views[1][0], views[2][5]), (999.0, MICROSECONDS, 0))
        self.assertGreater(before, 0)

    def test_empty(self):
        series = Series([], [])
        self.assertEqual((series.values.tolist(), series.times.tolist(), series.qualities.tolist()), ([], [], []))


class Samples(unittest.TestCase):
    def test_is_a_tuple_with_names(self):
        time, value, quality = sample = Sample(START, 2, Quality.UNCERTAIN)
        self.assertEqual((sample.time, sample.value, sample.quality), (time, value, quality))
        self.assertEqual((time, value, quality), (START, 2.0, 1))
        self.assertEqual(repr(sample), "Sample(2026-01-01 00:00:00+00:00, 2.0, quality=1)")
        with self.assertRaises(AttributeError):
            sample.value = 3

    def test_wrong(self):
        with self.assertRaises(ValueError):
            Sample(START, 1.0, 7)
        with self.assertRaises(TypeError):
            Sample("now", 1.0)


class Windows(unittest.TestCase):
    def test_is_half_open(self):
        window = Window(START, START + timedelta(hours=1))
        self.assertIn(START, window)
        self.assertNotIn(START + timedelta(hours=1), window)
        self.assertEqual(window.duration, timedelta(hours=1))
        self.assertEqual(window, Window(START, START + timedelta(hours=1)))
        self.assertNotEqual(window, Window(START, START + timedelta(hours=2)))
        self.assertEqual(len({window, Window(START, START + timedelta(hours=1))}), 1)

    def test_a_local_day_in_march_has_23_hours(self):
        zone = ZoneInfo("Europe/Berlin")
        window = Window(datetime(2026, 3, 29, tzinfo=zone), datetime(2026, 3, 30, tzinfo=zone))
        self.assertEqual(window.duration, timedelta(hours=23))
        self.assertEqual((window.start.hour, window.end.hour), (0, 0))
        self.assertEqual(window.zone, zone)

    def test_wrong(self):
        for start, end in [(START, START - timedelta(1)), (datetime(2026, 1, 1), START)]:
            with self.assertRaises(ValueError):
                Window(start, end)

    def test_context(self):
        context = Context(calculation="c", labels={"team": "water"}, units={"": "kWh"})
        self.assertEqual((context.calculation, context.labels["team"], context.units[""]), ("c", "water", "kWh"))
        self.assertEqual((context.attempt, context.window, context.tick), (1, None, None))
        with self.assertRaises(AttributeError):
            context.calculation = "d"
