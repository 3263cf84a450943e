"""How long nobody works when a leader goes. ``python -m benchmarks.failover``.

The Lease is as it is by default. Right after the leader goes an object is edited; its next reconcile is the
first request that the other replica makes to AWS about it.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from typing import Annotated

import typer

from sandbox.aws.stand_in import Call
from sandbox.console import say
from sandbox.control_plane.audit import AuditLog
from sandbox.operator import Operator, install
from sandbox.processes import wait_until
from sandbox.up import Sandbox, sandbox
from sandbox.world import World

_NAMES = ("one", "two")
# In the midst of a pass the leader is held for so long.
_BUSY_SECONDS = 3.0
# The time in which a leader renews once.
_PERIOD = 2.0
_MINUTE = 60.0
_HELD = "PutBucketVersioning"


class Failover:
    """Two replicas of which the leader goes, again and again."""

    def __init__(self, up: Sandbox) -> None:
        self._aws, self._world = up.aws, World(up.plane, up.aws)
        self._replicas = {
            name: Operator(
                up.plane,
                up.aws,
                up.directory / name,
                ("--allow-ambient", "--leader-elect", "--identity", name),
                {"AWS_SDK_UA_APP_ID": name},
            )
            for name in _NAMES
        }
        self._versioned = False

    def begin(self) -> None:
        """Start both, and make the bucket."""
        self._pair()
        self._edit()
        self._world.ready()

    def end(self) -> None:
        """Stop both, however they are."""
        for replica in self._replicas.values():
            with suppress(AssertionError, ProcessLookupError):
                os.kill(replica.child.pid, signal.SIGCONT)
            replica.stop()

    def cost(self) -> dict[str, Counter[str]]:
        """Count what leader and standby ask about the Lease in a minute in which nothing happens."""
        leader, standby = self._pair()
        audit = AuditLog(self._world.plane.audit_log)
        mark = audit.mark()
        time.sleep(_MINUTE)
        asked = [request for request in audit.since(mark) if request.resource == "leases"]
        return {
            role: Counter(request.verb for request in asked if f"({name}_" in request.user_agent)
            for role, name in (("leader", leader), ("standby", standby))
        }

    def idle(self) -> float:
        """SIGTERM while nothing runs: seconds from the signal to the next reconcile."""
        return self._gone(signal.SIGTERM)

    def killed(self) -> float:
        """SIGKILL: seconds from the signal to the next reconcile."""
        return self._gone(signal.SIGKILL)

    def slept(self) -> float:
        """SIGSTOP: seconds to the next reconcile; once it goes on, it must send nothing and end."""
        leader, _ = self._pair()
        seconds = self._gone(signal.SIGSTOP)
        mark = self._aws.mark()
        os.kill(self._replicas[leader].child.pid, signal.SIGCONT)
        code = self._replicas[leader].child.wait(30)
        sent = self._asked(leader, mark)
        if code != 1 or sent:
            raise AssertionError(f"the former leader ended with {code} and sent {sent}")
        return seconds

    def busy(self) -> float:
        """SIGTERM in the midst of a pass: seconds from the end of the pass to the next reconcile."""
        leader, standby = self._pair()
        held = self._aws.fault(operation=_HELD, action="hold")
        self._edit()
        self._aws.wait_until_held(held)
        os.kill(self._replicas[leader].child.pid, signal.SIGTERM)
        time.sleep(_BUSY_SECONDS)
        mark = self._aws.mark()
        self._aws.release(held)
        self._world.ready()
        self._edit()
        first = self._first(standby, mark)
        last = max(call.time + call.duration for call in self._asked(leader, mark))
        self._world.ready()
        self._replicas[leader].child.wait(30)
        return first - last

    def _gone(self, how: signal.Signals) -> float:
        leader, standby = self._pair()
        # Wherever in its period.
        time.sleep(random.uniform(0, _PERIOD))  # noqa: S311 - spreads the beginnings
        mark, began = self._aws.mark(), time.time()
        os.kill(self._replicas[leader].child.pid, how)
        self._edit()
        seconds = self._first(standby, mark) - began
        self._world.ready()
        if how is not signal.SIGSTOP:
            self._replicas[leader].child.wait(30)
        return seconds

    def _pair(self) -> tuple[str, str]:
        """Return the names of the leader and of the standby, once both are there."""
        for replica in self._replicas.values():
            if not replica.alive:
                replica.stop()
                replica.start()
        wait_until(lambda: all(each.ready() for each in self._replicas.values()), what="both are ready")
        wait_until(lambda: len(self._leaders()) == 1, what="one leads")
        (leader,) = self._leaders()
        (standby,) = (name for name in _NAMES if name != leader)
        # What is settled is looked at within ten seconds of a change of leaders; that is none of ours.
        wait_until(self._quiet, what="nothing is under way", seconds=60)
        return leader, standby

    def _quiet(self) -> bool:
        mark = self._aws.mark()
        time.sleep(_PERIOD)
        return not [call for name in _NAMES for call in self._asked(name, mark)]

    def _leaders(self) -> list[str]:
        return [
            name for name, each in self._replicas.items() if "headrace_leader 1.0" in each.get("/metrics")
        ]

    def _edit(self) -> None:
        self._versioned = not self._versioned
        versioning = {"versioning": {"enabled": self._versioned}}
        self._world.apply({"bucketName": self._world.name(), "region": "eu-central-1", **versioning})

    def _asked(self, name: str, mark: int) -> list[Call]:
        return [call for call in self._aws.since(mark) if f"app/{name}" in call.user_agent]

    def _first(self, name: str, mark: int) -> float:
        """Return when this replica asked for the first time since the mark."""
        wait_until(lambda: bool(self._asked(name, mark)), what=f"{name} works", seconds=60)
        return min(call.time for call in self._asked(name, mark))


def main(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often each way is tried.")] = 5,
) -> None:
    """Print, for each way in which a leader goes, how long it takes until the other one works."""
    with sandbox("failover") as up:
        install(up.plane)
        failover = Failover(up)
        ways: dict[str, Callable[[], float]] = {
            "SIGTERM of an idle leader, from the signal (aim: 2 s)": failover.idle,
            "SIGTERM of a busy leader, from the end of its pass": failover.busy,
            "SIGKILL, from the signal (aim: the lease of 15 s, and 1 s)": failover.killed,
            "SIGSTOP, from the signal; nothing sent after SIGCONT": failover.slept,
        }
        try:
            failover.begin()
            for role, asked in failover.cost().items():
                listed = ", ".join(f"{verb} {count}" for verb, count in sorted(asked.items()))
                say(f"requests about the Lease in a minute, {role}: {listed}")
            for what, way in ways.items():
                took = [way() for _ in range(rounds)]
                say(f"{what}: {min(took):.2f} / {median(took):.2f} / {max(took):.2f} s (min / median / max)")
        finally:
            failover.end()


if __name__ == "__main__":
    typer.run(main)
