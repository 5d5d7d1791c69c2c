"""The rule server, as launcher/process/server.c is with the built-in interpreter.

It imports the files of rules once, tells what they have, and forks interpreter
processes, which compute.
"""

from __future__ import annotations

import fcntl
import gc
import mmap
import os
import resource
import signal
import socket
import struct
import sys
from typing import Any, List

from your_python import layout, leftovers, lines
from your_python.area import Area
from your_python.failure import give_up
from your_python.layout import NUMBER, Setup, fields

_OUTPUT_SIZE = 64 << 10
_F_ADD_SEALS, _SEALS = 1033, 0x1 | 0x2 | 0x4  # F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW


def _refuse_fork(*_: Any, **__: Any) -> Any:
    raise PermissionError(1, "a file of rules cannot start a process")


class Server:
    """The server, and what it has."""

    def __init__(self, setup: Setup) -> None:
        """Take what the program has left open."""
        self.setup = setup
        self.control = socket.socket(fileno=NUMBER["LP_SERVER_CONTROL"])
        self.area = Area(NUMBER["LP_SERVER_AREA"])
        self.batches: Any = None
        if setup.shared_size > 0:
            self.batches = mmap.mmap(
                NUMBER["LP_SERVER_SHARED"], setup.shared_size, mmap.MAP_SHARED, mmap.PROT_READ
            )
        self.program = mmap.mmap(setup.program, 0, mmap.MAP_PRIVATE, mmap.PROT_READ)
        os.close(setup.program)
        os.close(NUMBER["LP_SERVER_SHARED"])
        os.close(NUMBER["LP_SERVER_AREA"])
        self.children: List[int] = []
        self.process = os.getpid()
        self.fork = os.fork
        self.catalogue: Any = None
        # Opened while files can be opened: just after the fork an interpreter process has the same memory.
        try:
            self.statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.statm = -1

    def reply(self, descriptors: Any = (), **values: Any) -> None:
        """Send a message to the program."""
        message = bytearray(NUMBER["reply"])
        for name, value in values.items():
            at = NUMBER["reply." + name]
            if isinstance(value, bytes):
                message[at : at + len(value)] = value
            else:
                struct.pack_into("<i", message, at, value)
        ancillary: Any = []
        if descriptors:
            rights = struct.pack("%di" % len(descriptors), *descriptors)
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
        try:
            self.control.sendmsg([message], ancillary)
        except OSError:
            os._exit(NUMBER["LP_EXIT_TEMPORARY"])

    def limit_memory(self, memory_limit: int, for_good: bool) -> None:
        """Limit the memory of this process to what it has and so many bytes."""
        if memory_limit <= 0:
            return
        if self.statm >= 0:
            has = int(os.pread(self.statm, 128, 0).split()[5]) * mmap.PAGESIZE
        else:
            has = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        limit = has + memory_limit
        if most != resource.RLIM_INFINITY and limit > most:
            limit = most
        elif for_good:
            most = limit
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))

    def load(self) -> None:
        """Import the files of rules, and tell the program what they have."""
        from your_python import catalogue

        area, setup = self.area, self.setup
        names = catalogue.Record()
        names.text("")
        for source in setup.sources:
            names.text(source.module)
        area.publish("files", bytes(names.data))
        os.fork = _refuse_fork
        self.catalogue = catalogue.load(setup, area)
        data = catalogue.published(self.catalogue, setup)
        if len(data) > area.size - area.used - 64:
            give_up(65, "the descriptions of the rules are larger than %d bytes" % area.size)
        area.publish("catalogue", data)

    def fork_child(self, memory_limit: int) -> None:
        """Fork an interpreter process, and tell the program."""
        own, other, output, process, area = None, None, -1, -1, None
        missing = "a socket"
        try:
            own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            missing = "memory for its output"
            output = _sealed("local-processing: output", _OUTPUT_SIZE)
            missing = "memory for results"
            descriptor = _sealed("local-processing: results", self.area.size)
            area = Area(descriptor)
            missing = "a process"
            child = self.fork()
            if child == 0:
                self._become_interpreter(other, output, descriptor, area, memory_limit)
            missing = "a descriptor of the process"
            from your_python import rights

            try:
                process = rights.pidfd_open(child)
            except OSError:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise
        except (OSError, MemoryError) as error:
            number = getattr(error, "errno", None) or 12
            what = missing.encode()
            self.reply(kind=NUMBER["LP_REPLY_FAILED"], error_number=number, what=what)
        else:
            self.children.append(child)
            self.reply((own.fileno(), process, descriptor, output), kind=NUMBER["LP_REPLY_FORKED"], process=child)
            os.close(descriptor)
        finally:
            for end in (own, other):
                if end is not None:
                    end.close()
            for number in (output, process):
                if number >= 0:
                    os.close(number)
            if area is not None:
                area.close()

    def _become_interpreter(self, other: Any, output: int, descriptor: int, area: Area, memory_limit: int) -> None:
        """Be the copy."""
        number = NUMBER["LP_EXIT_TEMPORARY"]
        try:
            from your_python import rights

            rights.end_with_parent()
            if os.getppid() != self.process:
                os._exit(number)
            self.control.close()
            os.close(descriptor)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            self._compute(other, area, memory_limit)
            number = 0
        except BaseException:
            import traceback

            traceback.print_exc(file=sys.__stderr__)
            number = 70
        finally:
            os._exit(number)

    def _compute(self, other: Any, area: Area, memory_limit: int) -> None:
        from your_python import compute, limit, rights

        handlers = limit.install(area)
        interpreter = compute.Interpreter(self.setup, self.catalogue, area, self.batches, self.program)
        leftovers.keep(handlers)
        self.limit_memory(memory_limit, True)
        if self.statm >= 0:
            os.close(self.statm)
        rights.limit_interpreter(self.setup)
        part = fields("part", ("batch", "Q"), ("first", "I"), ("count", "I"), ("number", "Q"))
        answer = fields("part_reply", ("computed", "I"), ("replace", "I"))
        while True:
            message = other.recv(NUMBER["part"])
            if len(message) != NUMBER["part"]:
                return
            computed, replace = interpreter.compute_part(*part.unpack(message))
            other.send(answer.pack(computed, replace))

    def reap(self, process: int) -> None:
        """Wait for the end of a process that has ended or was killed."""
        if process in self.children:
            self.children.remove(process)
        try:
            _, status, usage = os.wait4(process, 0)
        except OSError as error:
            what = b"the end of a process"
            self.reply(kind=NUMBER["LP_REPLY_FAILED"], process=process, error_number=error.errno, what=what)
            return
        times = []
        for seconds in (usage.ru_utime, usage.ru_stime):
            times += [int(seconds), int(seconds % 1 * 1e6)]
        packed = struct.pack("<4q", *times)
        self.reply(kind=NUMBER["LP_REPLY_REAPED"], process=process, status=status, usage=packed)

    def obey(self) -> None:
        """Do what the program orders, until it closes its end."""
        order = fields("order", ("kind", "I"), ("process", "i"), ("memory_limit", "q"))
        while True:
            message = self.control.recv(NUMBER["order"])
            if len(message) != NUMBER["order"]:
                break
            kind, process, memory_limit = order.unpack(message)
            if kind == NUMBER["LP_ORDER_FORK"]:
                self.fork_child(memory_limit)
            else:
                self.reap(process)
        for child in self.children:
            os.kill(child, signal.SIGKILL)
        for child in self.children:
            try:
                os.waitpid(child, 0)
            except OSError:
                pass
        os._exit(0)


def _sealed(name: str, size: int) -> int:
    """Return a file in memory of a fixed size."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEALS)
    return descriptor


def serve(bundle: Any, finder: Any) -> None:
    """Be the rule server."""
    try:
        from your_python import rights
    except ImportError as error:
        give_up(78, "it lacks what running rules takes: %s" % error)
    layout.read(bundle)
    setup = layout.read_setup(bundle)
    from your_python import compute, limit, types, units  # noqa: F401

    server = Server(setup)
    server.area.reset(0, 0)
    lines.Lines.level = setup.level
    lines.Lines.write = lambda level, source, logger, text: server.area.put_line(
        0xFFFFFFFF, level, source, logger, text
    )
    units.helper = socket.socket(fileno=setup.units)
    for source in setup.sources:
        finder.texts[source.module] = (source.text, source.path, source.is_package)
    types.provide()
    lines.install()
    leftovers.keep(limit.install(server.area))
    server.limit_memory(setup.memory_limit, False)
    try:
        rights.limit_server(setup)
    except OSError as error:
        give_up(70, "cannot limit the rights of rules: %s" % error)
    # Imported at once: most libraries do that, and what is logged within a call goes to the program's log.
    from local_processing import _logging

    _logging.install()
    server.load()
    _logging.install()
    _warm_up()
    server.reply(kind=NUMBER["LP_REPLY_READY"])
    # The first process is forked before a worker asks for it, with the limit that most calculations have.
    server.fork_child(setup.memory_limit)
    server.obey()


def _warm_up() -> None:
    """Import what each interpreter process would import by itself."""
    import traceback  # noqa: F401

    from local_processing import _json  # noqa: F401

    lines.end_lines()
    gc.collect()
    gc.freeze()

