"""Profiles every thread of a Python process from its first line on. Python imports this by its name.

With this directory on PYTHONPATH, the processor time of each function is written to ``$HEADRACE_PROFILE``
when the process ends, unless an earlier process has done so; ``python -m pstats`` reads that file.
"""

import atexit
import cProfile
import os
import pstats
import sys
import threading
import time
from pathlib import Path

_profiles: list[cProfile.Profile] = []


def _begin(*_: object) -> None:
    """Give this thread a profile of its own: it takes the place of the hook that called us."""
    profile = cProfile.Profile(time.thread_time)
    _profiles.append(profile)
    profile.enable()


def _write(path: Path) -> None:
    """Add all profiles up. The threads have ended by now."""
    sys.setprofile(None)
    threading.setprofile(None)
    stats = [profile for profile in _profiles if profile.getstats()]
    if stats:
        pstats.Stats(*stats).dump_stats(path)


# What is not asked for is there already.
_path = Path(os.environ.get("HEADRACE_PROFILE", "/dev/null"))
if not _path.exists():
    threading.setprofile(_begin)
    _begin()
    atexit.register(_write, _path)
