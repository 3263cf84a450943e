import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from headrace.telemetry.authorization import Doorkeeper, Unreviewed, User, Verdict

PROMETHEUS = User("system:serviceaccount:monitoring:prometheus", "uid-1", ("system:authenticated",))
CURIOUS = User("system:serviceaccount:shop:curious")


class World:
    """An API server that knows two tokens, and a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.users = {"good": PROMETHEUS, "poor": CURIOUS}
        self.down = ""
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.gate, self.crowded = threading.Event(), threading.Event()
        self.gate.set()
        self.keeper = Doorkeeper(self, lambda: self.now)

    def user(self, token: str) -> User | None:
        with self.lock:
            self.asked.append("token")
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            if self.at_once == 4:
                self.crowded.set()
        self.gate.wait(10)
        with self.lock:
            self.at_once -= 1
        if self.down:
            raise Unreviewed(self.down)
        return self.users.get(token)

    def allows(self, user: User, verb: str, path: str) -> bool:
        self.asked.append(f"{verb} {path}")
        return user == PROMETHEUS


def visit(scene: Callable[[World], Awaitable[Any]]) -> Any:
    async def journey() -> Any:
        return await scene(World())

    return asyncio.run(journey())


async def shown(world: World, token: str) -> Verdict:
    return await world.keeper.check(f"Bearer {token}")


def test_who_may_is_let_in() -> None:
    async def scene(world: World) -> None:
        assert await shown(world, "good") == Verdict(200)
        assert world.asked == ["token", "get /metrics"]

    visit(scene)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  ", "Basic Z29vZA==", "good", "\udcff"])
def test_without_a_token_nobody_is_asked(header: str) -> None:
    async def scene(world: World) -> None:
        verdict = await world.keeper.check(header)
        assert (verdict.status, world.asked) == (401, [])
        assert "Authorization: Bearer" in verdict.said

    visit(scene)


def test_a_token_of_nobody_and_a_user_who_may_not_are_told_apart() -> None:
    async def scene(world: World) -> None:
        bad, poor = await shown(world, "bad"), await shown(world, "poor")
        assert (bad.status, poor.status) == (401, 403)
        assert (
            bad.said == "The API server does not take this token: it is of another cluster, or out of date."
        )
        assert poor.said == (
            "system:serviceaccount:shop:curious may not read this: it lacks the verb get on the "
            "nonResourceURL /metrics. Bind it to a ClusterRole with the rule nonResourceURLs: [/metrics], "
            "verbs: [get]."
        )

    visit(scene)


def test_an_answer_holds_for_a_minute_and_a_refusal_for_ten_seconds() -> None:
    async def scene(world: World) -> None:
        for _ in range(3):
            assert (await shown(world, "good")).status == 200
            assert (await shown(world, "poor")).status == 403
        assert world.asked.count("token") == 2
        del world.users["good"]
        world.now += 59.9
        assert (await shown(world, "good")).status == 200
        world.users["poor"] = PROMETHEUS
        assert (await shown(world, "poor")).status == 200
        world.now += 0.1
        assert (await shown(world, "good")).status == 401

    visit(scene)


def test_an_api_server_that_does_not_answer_is_told_once_and_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene(world: World) -> None:
        world.down = "it is down"
        for _ in range(3):
            verdict = await shown(world, "good")
            assert (verdict.status, verdict.said) == (
                503,
                "The API server cannot be asked now who may read this; the operator's log says why.",
            )
        world.down = ""
        assert (await shown(world, "good")).status == 200
        world.down = "it is down"
        world.now += 60
        assert (await shown(world, "good")).status == 503

    with caplog.at_level(logging.WARNING):
        visit(scene)
    assert [record.message for record in caplog.records] == ["it is down"] * 2


def test_whoever_was_let_in_stays_so_while_the_api_server_is_down() -> None:
    async def scene(world: World) -> None:
        await shown(world, "good")
        world.down = "it is down"
        world.now += 59
        assert (await shown(world, "good")).status == 200

    visit(scene)


def test_no_more_than_four_are_asked_about_at_once_and_the_same_one_only_once() -> None:
    async def scene(world: World) -> None:
        world.gate.clear()
        tokens = [f"bad-{number}" for number in range(20)] + ["good"] * 20
        visits = [asyncio.create_task(shown(world, token)) for token in tokens]
        assert await asyncio.to_thread(world.crowded.wait, 10)
        world.gate.set()
        assert [each.status for each in await asyncio.gather(*visits)] == [401] * 20 + [200] * 20
        assert world.most_at_once == 4
        # The first four that come at once cannot know of one another.
        assert world.asked.count("get /metrics") <= 4

    visit(scene)


def test_ever_new_tokens_do_not_fill_the_memory_and_no_token_is_kept() -> None:
    async def scene(world: World) -> None:
        for number in range(1100):
            await shown(world, f"secret-{number}")
        assert len(world.keeper._known) == 1024
        assert "secret-" not in repr(vars(world.keeper))

    visit(scene)
