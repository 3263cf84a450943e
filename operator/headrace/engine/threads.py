"""Threads that know for what they work: what is set in the context of a pass counts on them, too."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads(ThreadPoolExecutor):
    """A pool that runs each call in the context of the one who submits it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a call on a thread of the pool."""
        context = copy_context()
        return super().submit(lambda: context.run(fn, *args, **kwargs))
