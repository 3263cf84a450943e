"""What a process holds, from Linux' own files."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """MiB: resident (VmRSS), its fair share (Pss), and the most that was ever resident (VmHWM)."""

    resident: float
    share: float
    peak: float


def memory(pid: int) -> Memory | None:
    """The memory of a process; None where there is no /proc, as on macOS."""
    process = Path("/proc") / str(pid)
    if not process.exists():
        return None
    status = (process / "status").read_text()
    rollup = (process / "smaps_rollup").read_text()
    return Memory(_mebibytes("VmRSS", status), _mebibytes("Pss", rollup), _mebibytes("VmHWM", status))


def cpu_seconds(pid: int) -> float | None:
    """The processor time that a process has used; None where there is no /proc."""
    path = Path("/proc") / str(pid) / "stat"
    if not path.exists():
        return None
    # Behind the name in brackets, which may contain anything: fields 14 and 15 of proc(5).
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _mebibytes(name: str, text: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
