"""Rules by which calls fail, wait or vanish; what matched them and who waits."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from random import Random
from typing import Any, Self

from sandbox.aws.layer.classify import Call

_ACTIONS = ("error", "drop", "hold", "delay")
_EFFECTS = ("before", "after")


@dataclass(frozen=True)
class Rule:
    """What happens to which calls.

    ``account``, ``service``, ``operation`` and ``resource`` are regular expressions for the whole name. The
    first ``after`` calls that match pass; then ``count`` of them are hit (None: all), each with
    ``probability``. ``action`` is "error" (answer ``status``, ``code``, ``message``), "drop" (close the
    connection without an answer), "hold" (wait until the rule is released or deleted) or "delay" (only
    wait); each first waits ``delay`` seconds. ``effect`` "before": the call has not reached AWS yet;
    "after": AWS has done its work, but the answer does not arrive as such.
    """

    account: str = ".*"
    service: str = ".*"
    operation: str = ".*"
    resource: str = ".*"
    action: str = "error"
    effect: str = "before"
    status: int = 503
    code: str = "ServiceUnavailable"
    message: str = "An injected fault."
    delay: float = 0.0
    after: int = 0
    count: int | None = None
    probability: float = 1.0

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """A rule from JSON. Raises ValueError with a sentence that says what is wrong."""
        known = {entry.name for entry in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise ValueError(f"A fault has no field {unknown[0]!r}; it has {', '.join(sorted(known))}.")
        rule = cls(**data)
        for name in ("account", "service", "operation", "resource"):
            try:
                re.compile(getattr(rule, name))
            except re.error as problem:
                raise ValueError(f"{name} is not a regular expression: {problem}.") from problem
        if rule.action not in _ACTIONS or rule.effect not in _EFFECTS:
            raise ValueError(f"action is one of {', '.join(_ACTIONS)}; effect one of {', '.join(_EFFECTS)}.")
        return rule

    def matches(self, call: Call, account: str) -> bool:
        """Whether the rule is about this call in this account."""
        return bool(
            re.fullmatch(self.account, account)
            and re.fullmatch(self.service, call.service)
            and re.fullmatch(self.operation, call.operation)
            and re.fullmatch(self.resource, call.resource)
        )


@dataclass
class Armed:
    """A rule at work: how many calls matched, how many were hit, how many wait now."""

    id: int
    rule: Rule
    seen: int = 0
    fired: int = 0
    waiting: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    dropping: bool = False
    chance: Random = field(init=False)

    def __post_init__(self) -> None:
        # Seeded by the rule's number, so that a run can be repeated.
        self.chance = Random(self.id)  # noqa: S311 - dice for tests, no secret
        self.idle.set()

    @contextmanager
    def one_more_waiting(self) -> Iterator[None]:
        """Count a call that waits for the release."""
        self.waiting += 1
        self.idle.clear()
        try:
            yield
        finally:
            self.waiting -= 1
            if not self.waiting:
                self.idle.set()

    def hits(self, call: Call, account: str) -> bool:
        """Count a call; whether it is hit."""
        rule = self.rule
        if self.released.is_set() or not rule.matches(call, account):
            return False
        self.seen += 1
        if self.seen <= rule.after or (rule.count is not None and self.fired >= rule.count):
            return False
        if self.chance.random() >= rule.probability:
            return False
        self.fired += 1
        return True

    def shown(self) -> dict[str, Any]:
        """The rule and its counts, for JSON."""
        counts = {"seen": self.seen, "fired": self.fired, "waiting": self.waiting}
        return {"id": self.id, **asdict(self.rule), **counts, "released": self.released.is_set()}


class Faults:
    """All rules. Of several that would hit a call, the oldest does."""

    def __init__(self) -> None:
        self._armed: dict[int, Armed] = {}
        self._last = 0

    def add(self, rule: Rule) -> Armed:
        """Put a rule to work."""
        self._last += 1
        self._armed[self._last] = armed = Armed(self._last, rule)
        return armed

    def take(self, call: Call, account: str) -> Armed | None:
        """The rule that hits this call in this account, or None."""
        return next((armed for armed in self._armed.values() if armed.hits(call, account)), None)

    def shown(self) -> list[dict[str, Any]]:
        """All rules with their counts, the oldest first."""
        return [armed.shown() for armed in self._armed.values()]

    def release(self, number: int) -> bool:
        """Let everyone go whom a rule holds; it hits nobody from now on. False: there is no such rule."""
        armed = self._armed.get(number)
        if armed is not None:
            armed.released.set()
        return armed is not None

    def remove(self, number: int) -> bool:
        """Release a rule and forget it. False: there is no such rule."""
        found = self.release(number)
        self._armed.pop(number, None)
        return found

    def clear(self) -> None:
        """Release and forget all rules."""
        for number in list(self._armed):
            self.remove(number)

    async def abandon(self) -> None:
        """Forget all rules. What they hold does not go on, but loses its connection; it has, on return."""
        abandoned = list(self._armed.values())
        for armed in abandoned:
            armed.dropping = True
        self.clear()
        for armed in abandoned:
            await armed.idle.wait()
