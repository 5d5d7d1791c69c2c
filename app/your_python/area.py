"""The area that a process of rules writes, as launcher/process/area_write.c does.

The program checks all that it reads there.
"""

from __future__ import annotations

import mmap
import struct
import threading
import time
from typing import Any, Optional, Tuple

from your_python.layout import NUMBER, fields

_TEXTS_OF_A_TASK = 1 << 18


class Area:
    """The memory of one process."""

    def __init__(self, descriptor: int) -> None:
        """Map it."""
        import os

        self.size = os.fstat(descriptor).st_size
        self.memory = mmap.mmap(descriptor, self.size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        view = memoryview(self.memory)
        self.view = view
        number = NUMBER

        def word(name: str) -> int:
            return number["area_head." + name]

        self._sequence = word("pulse.sequence") // 8
        self._interrupt = word("pulse.interrupt") // 8
        self._start = word("pulse.start") // 8
        self._index = word("pulse.index") // 4
        self._stop = word("pulse.stop") // 4
        self._computed = word("computed") // 4
        self._log_used = word("log_used") // 8
        self._log_lost = word("log_lost") // 8
        self.answers = word("answers")
        # Words are written whole, as the other process reads them.
        head = view[: self.answers // 8 * 8]
        self._wide = head.cast("Q")
        self._narrow = head.cast("I")
        self.results_most = min(
            (self.size - number["LP_AREA_DATA_BEGIN"]) // 4 // number["result"], number["LP_RESULT_SAMPLES_MOST"]
        )
        self.part = 0
        self.used = number["LP_AREA_DATA_BEGIN"]
        self._full = self.size - 2 * self.results_most * number["result"] - _TEXTS_OF_A_TASK
        self._line = struct.Struct("<5I")
        # A store that others are to see behind it: on machines that reorder stores, a lock keeps them in order.
        lock = threading.Lock()
        lock.acquire()
        self._release, self._acquire = lock.release, lock.acquire

    def close(self) -> None:
        """Unmap it."""
        self._wide.release()
        self._narrow.release()
        self.view.release()
        self.memory.close()

    def order(self) -> None:
        """Keep all stores before this in front of those behind it."""
        self._release()
        self._acquire()

    def reset(self, part: int, first: int) -> None:
        """Empty it for a part."""
        self.part = part
        self.used = NUMBER["LP_AREA_DATA_BEGIN"]
        self._wide[self._log_used] = 0
        self._wide[self._log_lost] = 0
        self.set_computed(first)

    def has_room(self) -> bool:
        """Return whether results and texts of one more task fit, however large they are."""
        return self.used < self._full

    def set_computed(self, count: int) -> None:
        """Say that the answers before this one are complete."""
        self._release()
        self._acquire()
        self._narrow[self._computed] = count

    def is_to_stop(self) -> bool:
        """Return whether no other task is to begin."""
        return bool(self._narrow[self._stop])

    def begin(self, index: int) -> None:
        """Say what begins: a task, or the import of a file."""
        self._narrow[self._index] = index
        wide = self._wide
        wide[self._start] = time.monotonic_ns()
        self._release()
        self._acquire()
        wide[self._sequence] += 1

    def end(self) -> None:
        """Say that it has ended."""
        self._release()
        self._acquire()
        self._wide[self._sequence] += 1

    def is_interrupted(self) -> bool:
        """Return whether what is going on is asked to end."""
        sequence = self._wide[self._sequence]
        return sequence % 2 == 1 and self._wide[self._interrupt] == sequence

    def take(self, size: int) -> int:
        """Return where there is room for so many bytes."""
        at = self.used
        self.used = at + (size + 15) // 16 * 16
        if self.used > self.size:
            raise MemoryError("the memory for results is full")
        return at

    def put_bytes(self, data: bytes) -> Tuple[int, int]:
        """Write bytes, and return where they are and how many."""
        at = self.take(len(data) + 1)
        end = at + len(data)
        self.memory[at:end] = data
        return at, len(data)

    def put_text(self, text: Optional[str]) -> Tuple[int, int]:
        """Write a text, and return where it is and how many bytes it has."""
        if text is None:
            return 0, 0
        return self.put_bytes(text.encode("utf-8", "backslashreplace").replace(b"\0", b"\\x00"))

    def publish(self, field: str, data: bytes) -> None:
        """Write bytes, and where they are into a field of the head."""
        struct.pack_into("<QQ", self.memory, NUMBER["area_head." + field], *self.put_bytes(data))

    def put_line(self, task: int, level: int, source: str, logger: str, text: str) -> None:
        """Write a line that was printed, or count it as lost where there is no room."""
        wide = self._wide
        used = wide[self._log_used]
        texts = [part.encode("utf-8", "backslashreplace").replace(b"\0", b"\\x00") for part in (source, logger, text)]
        data = self._line.pack(task, level, *map(len, texts)) + b"".join(texts)
        size = (len(data) + 7) // 8 * 8
        if size > NUMBER["LP_AREA_LOG"] - used:
            wide[self._log_lost] += 1
            return
        at = NUMBER["LP_AREA_LOG_BEGIN"] + used
        self.memory[at : at + len(data)] = data
        self.order()
        wide[self._log_used] = used + size


def answer_struct() -> Any:
    """Return how an answer is written."""
    return fields(
        "answer",
        ("part", "Q"),
        ("index", "I"),
        ("state", "I"),
        ("samples_read", "I"),
        ("duration", "q"),
        ("coverage", "d"),
        ("results", "QQ"),
        ("rule_version", "QQ"),
        ("error_type", "QQ"),
        ("error_message", "QQ"),
        ("error_traceback", "QQ"),
        ("leftovers", "QQ"),
        ("interrupted", "I"),
    )
