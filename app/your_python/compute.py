"""An interpreter process: computes parts of batches, as launcher/process/interpreter.c and launcher/rules do.

What is read is the program's memory, mapped read-only; what is written is the
area of this process. Nothing is copied but names.
"""

from __future__ import annotations

import struct
import time
from types import MappingProxyType
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from your_python import failure, leftovers, limit, lines
from your_python.area import Area, answer_struct
from your_python.catalogue import Catalogue
from your_python.layout import NUMBER, Setup, fields
from your_python.limit import Call
from your_python.results import Results
from your_python.series import Coverage, Lent, Series, give_back
from your_python.values import EMPTY, TIME_NONE, Context, Window, datetime_of, window_of

_INPUT, _NONE, _WINDOW, _CONTEXT = range(4)
_FLOAT = 3
_TEXT_MOST = 1 << 20
_new = object.__new__


class _Plan(NamedTuple):
    """How the rule of a kind of calculation is called."""

    function: Any
    declared: Tuple[str, ...]
    positional: List[Tuple[int, int]]  # what it gets, and which input
    values: Dict[str, Any]  # parameters that are the same for all calls
    fresh: Dict[str, str]  # parameters whose value is made anew for each call, as JSON
    keywords: List[Tuple[str, int]]  # parameters that get the window or the context
    is_plain: bool  # it gets all its inputs in their order, and nothing else
    version: Optional[str]
    error: Optional[Tuple[str, str, Optional[str]]]


class Interpreter:
    """What computes in this process."""

    def __init__(self, setup: Setup, catalogue: Catalogue, area: Area, batches: Any, program: Any) -> None:
        """Prepare; batches: the program's memory, program: its file."""
        self.catalogue, self.area, self.memory = catalogue, area, batches
        self.base, self.size = setup.shared_address, setup.shared_size
        self.constants, self.program = setup.constants, program
        whole = memoryview(batches)
        # All columns are aligned, so an index is an address.
        self.doubles = whole.cast("d")
        self.longs = whole.cast("q")
        self.bytes = whole
        Lent.batches = batches
        self.batch_struct = fields("batch", ("tick", "q"), ("calculations", "Q"), ("tasks", "Q"))
        self.task_struct = fields(
            "task",
            ("calculation", "I"),
            ("attempt", "i"),
            ("window", "qq"),
            ("result_time", "q"),
            ("ranges", "Q"),
            ("columns", "Q"),
            ("previous", "Q"),
            ("decided", "?"),
        )
        self.calculation_struct = fields(
            "calculation",
            ("name", "Q"),
            ("rule", "Q"),
            ("parameters", "Q"),
            ("labels", "Q"),
            ("schedule.zone", "%ds" % NUMBER["zone"]),
            ("inputs", "Q"),
            ("input_count", "Q"),
            ("outputs", "Q"),
            ("output_count", "Q"),
        )
        self.input_struct = fields(
            "input", ("name", "Q"), ("series", "Q"), ("unit", "Q"), ("attributes", "Q"), ("interval", "q")
        )
        self.output_struct = fields("output", ("name", "Q"), ("series", "Q"), ("unit", "Q"))
        self.column_struct = fields("column", ("count", "Q"), ("time", "Q"), ("value", "Q"), ("quality", "Q"))
        self.window_struct = struct.Struct("<qq")
        self.answer = answer_struct()
        self.results = Results(area.results_most)
        self.plans: Dict[Any, _Plan] = {}
        self.version_places: Dict[str, Tuple[int, int]] = {}
        self.printed = 0
        self.task = 0
        lines.Lines.write = self.write_line
        #: What a store of the answers is made of, by name.
        self.states = (NUMBER["LP_STATE_OK"], NUMBER["LP_STATE_NO_DATA"], NUMBER["LP_STATE_FAILED"])

    def write_line(self, level: int, source: str, logger: str, text: str) -> None:
        """Hand on a line of the task under way."""
        self.printed += 1
        if self.printed <= NUMBER["LP_AREA_LINES_MOST"]:
            self.area.put_line(self.task, level, source, logger, text)

    def text(self, address: int) -> bytes:
        """Return the text at an address; NULL is empty."""
        if address == 0:
            return b""
        memory, at = self.memory, address - self.base
        if not 0 <= at < self.size:
            memory, at = self.constant(address)
        end = memory.find(b"\0", at, at + _TEXT_MOST)
        if end < 0:
            raise RuntimeError("a text of the program is longer than any")
        return memory[at:end]  # type: ignore[no-any-return]

    def constant(self, address: int) -> Tuple[Any, int]:
        """Return where a constant of the program is."""
        for begin, size, offset in self.constants:
            if begin <= address < begin + size:
                return self.program, address - begin + offset
        raise RuntimeError("a text of the program is not in its shared memory")

    # A part.

    def compute_part(self, batch: int, first: int, count: int, number: int) -> Tuple[int, bool]:
        """Compute tasks. Return the first that is not computed, and whether the process has to be replaced."""
        area = self.area
        area.reset(number, first)
        self.version_places.clear()
        tick, calculations, tasks = self.batch_struct.unpack_from(self.memory, batch - self.base)
        tasks -= self.base
        calculations -= self.base
        task_size, calculation_size = NUMBER["task"], NUMBER["calculation"]
        index, end, replace = first, first + count, False
        while index < end and not replace and area.has_room() and not area.is_to_stop():
            task = self.task_struct.unpack_from(self.memory, tasks + index * task_size)
            if not task[-1]:
                at = calculations + task[0] * calculation_size
                calculation = self.calculation_struct.unpack_from(self.memory, at)
                replace = self.compute_task(index, tick, task, calculation)
            area.set_computed(index + 1)
            index += 1
        return index, replace

    def compute_task(self, index: int, tick: int, task: Any, calculation: Any) -> bool:
        """Compute one task and write its answer. Return whether the process has to be replaced."""
        area = self.area
        self.task, self.printed = index, 0
        Coverage.share = 1.0
        limit.begin()
        state, count, version, duration, rows = self.states[2], 0, None, 0, b""
        error: Optional[Tuple[str, str, Optional[str]]] = None
        samples = 0
        area.begin(index)
        try:
            rule, parameters = self.text(calculation[1]), self.text(calculation[2])
            inputs = self.inputs_of(task, calculation)
            for series in inputs:
                samples += len(series._times)
            key = (rule, parameters) + tuple(self.names)
            plan = self.plans.get(key)
            if plan is None:
                plan = self.plans[key] = self.make_plan(rule, parameters)
            version, error = plan.version, plan.error
            if error is None:
                begin = time.monotonic_ns()
                try:
                    Call.active = True
                    if plan.is_plain:
                        result = plan.function(*inputs, **plan.values)
                    else:
                        result = self.call(plan, inputs, tick, task, calculation)
                    duration = time.monotonic_ns() - begin
                    rows = self.results.take(
                        result, plan.declared, task[4], inputs, lambda: self.outputs_of(calculation)
                    )
                    Call.active = False
                    count = self.results.count
                    state = self.states[0 if count else 1]
                finally:
                    Call.active = False
                    result = None
                    if duration == 0:
                        duration = time.monotonic_ns() - begin
        except BaseException as exception:
            Call.active = False
            failed = failure.of(exception)
            error = (failed.kind, failed.message, failed.traceback)
            state, count = self.states[2], 0
        inputs = ()
        lines.end_lines()
        if self.printed > NUMBER["LP_AREA_LINES_MOST"]:
            self.warn_of_lost_lines()
        what, replace = leftovers.put_back(), False
        if Lent.views and not give_back():
            what = "%s%s" % (what + ", " if what else "", "an array of its input that it keeps: let it take a copy")
            replace = True
        threads = leftovers.threads()
        if threads is not None:
            what, replace = "%s%s" % (what + ", " if what else "", threads), True
        interrupted = Call.interrupted
        area.end()
        if interrupted:
            error, state, count = ("TimeLimit", "", Call.calls), self.states[2], 0
        self.write_answer(index, (state, samples, duration, rows if count else b"", count, version, error, what), interrupted)
        # After a task that was interrupted the program may decide others of the part.
        return replace or interrupted

    def write_answer(self, index: int, answer: Any, interrupted: bool) -> None:
        """Write the answer of a task."""
        area = self.area
        state, samples, duration, rows, count, version, error, what = answer
        at = 0
        if count:
            at = area.take(len(rows))
            area.memory[at : at + len(rows)] = rows
        place = (0, 0)
        if version is not None:
            found = self.version_places.get(version)
            if found is None:
                found = self.version_places[version] = area.put_text(version)
            place = found
        texts: Tuple[int, ...] = (0, 0, 0, 0, 0, 0)
        if error is not None:
            texts = area.put_text(error[0]) + area.put_text(error[1]) + area.put_text(error[2])
        left = area.put_text(what[:1000]) if what else (0, 0)
        self.answer.pack_into(
            area.memory,
            area.answers + index % NUMBER["LP_AREA_TASKS"] * NUMBER["answer"],
            area.part,
            index,
            state,
            samples,
            max(duration, 0),
            Coverage.share,
            at,
            count,
            *place,
            *texts,
            *left,
            interrupted,
        )

    def warn_of_lost_lines(self) -> None:
        """Say that lines are left out."""
        most = NUMBER["LP_AREA_LINES_MOST"]
        self.area.put_line(
            self.task,
            NUMBER["LP_LOG_WARNING"],
            "local-processing",
            "",
            "%d more lines are left out: of one calculation the first %d are shown" % (self.printed - most, most),
        )

    # What a call gets.

    def inputs_of(self, task: Any, calculation: Any) -> Tuple[Series, ...]:
        """Return the Series of a task; self.names has the names of its inputs."""
        memory, base = self.memory, self.base
        at, columns, ranges, previous = calculation[5] - base, task[6] - base, task[5], task[7]
        input_size, column_size = NUMBER["input"], NUMBER["column"]
        zone = _zone(calculation[4])
        names, made = [], []
        for index in range(calculation[6]):
            name, series_name, unit, attributes, interval = self.input_struct.unpack_from(memory, at)
            names.append(self.text(name))
            series = self.series_of(columns + index * column_size, series_name, unit, attributes, interval)
            if ranges:
                start, end = self.window_struct.unpack_from(memory, ranges - base + 16 * index)
            else:
                start, end = task[2], task[3]
            series._window = window_of(start, end, zone)
            if previous:
                self.set_previous(series, previous - base + index * column_size, (series_name, unit, attributes, interval))
            made.append(series)
            at += input_size
        self.names = names
        return tuple(made)

    def series_of(self, at: int, name: int, unit: int, attributes: int, interval: int) -> Series:
        """Return a Series over a column of the batch."""
        base = self.base
        count, times, values, qualities = self.column_struct.unpack_from(self.memory, at)
        series: Series = _new(Series)
        first = (times - base) >> 3
        lent = Lent.views
        if count:
            series._times = view = self.longs[first : first + count]
            lent.append(view)
            first = (values - base) >> 3
            series._values = view = self.doubles[first : first + count]
            lent.append(view)
        else:
            series._times, series._values = self.longs[:0], self.doubles[:0]
        if qualities and count:
            first = qualities - base
            series._qualities = view = self.bytes[first : first + count]
            lent.append(view)
        else:
            series._qualities = None
        series._missing = -1
        series._interval = interval
        series._no_samples = series._previous = series._origin = series._earlier = series._window = None
        text = series._unit = self.text(unit).decode("utf-8", "replace")
        series._zeros = 0.0 if text.startswith("delta_") else 1.0
        series._scaled = False
        series._name = self.text(name).decode("utf-8", "replace")
        json = self.text(attributes)
        series._attributes = EMPTY if json in (b"", b"{}") else json.decode("utf-8", "replace")
        return series

    def set_previous(self, series: Series, at: int, described: Any) -> None:
        """Set the last good sample before the window, and those before it."""
        count = self.column_struct.unpack_from(self.memory, at)[0]
        if count == 0:
            return
        earlier = self.series_of(at, *described)
        series._previous = earlier._sample(count - 1)
        if count > 1:
            series._earlier = earlier

    def outputs_of(self, calculation: Any) -> List[Tuple[str, str, str]]:
        """Return name, series and unit of each output."""
        size, at = NUMBER["output"], calculation[7] - self.base
        return [
            tuple(  # type: ignore[misc]
                self.text(address).decode("utf-8", "replace")
                for address in self.output_struct.unpack_from(self.memory, at + index * size)
            )
            for index in range(calculation[8])
        ]

    def call(self, plan: _Plan, inputs: Tuple[Series, ...], tick: int, task: Any, calculation: Any) -> Any:
        """Make the arguments that are no inputs, and call the rule."""
        from local_processing import _json

        def argument(kind: int) -> Any:
            window: Window = window_of(task[2], task[3], _zone(calculation[4]))
            if kind == _WINDOW:
                return window
            labels = self.text(calculation[3]).decode("utf-8", "replace")
            return Context(
                calculation=self.text(calculation[0]).decode("utf-8", "replace"),
                rule=self.text(calculation[1]).decode("utf-8", "replace"),
                tick=datetime_of(tick) if tick != TIME_NONE else None,
                window=window,
                labels=EMPTY if labels in ("", "{}") else MappingProxyType(_json.parse(labels)),  # type: ignore[arg-type]
                units=MappingProxyType({name: unit for name, _, unit in self.outputs_of(calculation)}),
                attempt=task[1],
            )

        positional = [
            inputs[place] if kind == _INPUT else None if kind == _NONE else argument(kind)
            for kind, place in plan.positional
        ]
        values = dict(plan.values)
        for name, json in plan.fresh.items():
            values[name] = _json.parse(json)
        for name, kind in plan.keywords:
            values[name] = argument(kind)
        return plan.function(*positional, **values)

    # Plans.

    def make_plan(self, rule: bytes, parameters: bytes) -> _Plan:
        """Return how a kind of calculation is computed, or why it cannot be."""
        name = rule.decode("utf-8", "replace")
        entry = self.catalogue.rules.get(name)
        if entry is None:
            failed = self.catalogue.failure_of(name)
            if failed is not None:
                error = (failed[0].kind, failed[0].message, failed[0].traceback)
                return _Plan(None, (), [], {}, {}, [], False, failed[1], error)
            return _broken(None, "LookupError", "there is no rule %s" % name)
        if entry.problem is not None:
            return _broken(entry.version, "TypeError", entry.problem)
        try:
            return self.plan_arguments(name, entry, parameters.decode("utf-8", "replace"))
        except TypeError as exception:
            return _broken(entry.version, "TypeError", str(exception))

    def plan_arguments(self, name: str, entry: Any, parameters: str) -> _Plan:
        """Return a plan for a rule that can be called."""
        from local_processing import _json

        found = entry.description
        names = [text.decode("utf-8", "replace") for text in self.names]
        used, positional = set(), []
        for item in found.layout:
            if isinstance(item, str):
                positional.append((_WINDOW if item == "window" else _CONTEXT, 0))
                continue
            input_name, optional = found.inputs[item][:2]
            if input_name in names:
                used.add(input_name)
                positional.append((_INPUT, names.index(input_name)))
            elif optional:
                positional.append((_NONE, 0))
            else:
                raise TypeError("the calculation has no input '%s', which rule %s needs" % (input_name, name))
        many = bool(found.inputs) and found.inputs[-1][2]
        for index, input_name in enumerate(names):
            if input_name in used:
                continue
            if not many:
                raise TypeError("rule %s has no input '%s'" % (name, input_name))
            positional.append((_INPUT, index))
        given = _json.parse(parameters or "{}")
        if not isinstance(given, dict):
            raise TypeError("the parameters of a calculation must be a JSON object")
        types = {row[0]: row[1] for row in found.parameters}
        values: Dict[str, Any] = {}
        fresh: Dict[str, str] = {}
        for key, value in given.items():
            if key not in types:
                raise TypeError("rule %s has no parameter '%s'" % (name, key))
            if isinstance(value, (dict, list)):
                fresh[key] = _json.write(value)
            else:
                # A rule whose parameter is a float gets 5 as 5.0, because the two differ in Python.
                values[key] = float(value) if types[key] == _FLOAT and type(value) is int else value
        # The function's own default is one object for all calls, and would keep changes.
        for key, _, _, default, _ in found.parameters:
            if key not in given and default is not None and default[:1] in ("[", "{"):
                fresh[key] = default
        keywords = [(key, _WINDOW if kind == "window" else _CONTEXT) for key, kind in found.keywords]
        is_plain = (
            not fresh and not keywords and positional == [(_INPUT, index) for index in range(len(names))]
        )
        return _Plan(
            found.call or entry.function, found.outputs, positional, values, fresh, keywords, is_plain, entry.version, None
        )


def _zone(name: bytes) -> str:
    return name.split(b"\0", 1)[0].decode()


def _broken(version: Optional[str], kind: str, message: str) -> _Plan:
    return _Plan(None, (), [], {}, {}, [], False, version, (kind, message, None))
