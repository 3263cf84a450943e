"""Who else writes the objects that we work on: told once, and never of what was there before."""

from typing import Any

import pytest

from headrace.controller.others import Others
from tests.unit.controller.objects import REF, body
from tests.unit.controller.stage import Stage, in_sync, play

OWN, OTHER = "headrace/headrace-system/headrace-operator", "headrace/old/op"
SENTENCE = (
    "Another release of Headrace works on the same objects: the one with Lease old/op has written Thing "
    "shop/media. Uninstall one, or give them disjoint --namespaces; AWSAccounts are shared by all releases "
    "of a cluster unless --accounts is used."
)


def wrote(manager: str, second: int, subresource: str = "status") -> dict[str, Any]:
    time = f"2026-11-21T10:00:{second:02}Z"
    return {"manager": manager, "operation": "Update", "subresource": subresource, "time": time}


def written(*entries: dict[str, Any], version: int = 1) -> Any:
    return body(version=version, managedFields=list(entries))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "headrace.others"]


def test_a_mark_that_changes_while_we_work_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    others = Others(OWN, Clock())
    others.see(written(wrote(OWN, 1)), working=True)
    assert (others.count(), told(caplog)) == (0, [])
    for second in (2, 3, 4):
        others.see(written(wrote(OWN, 1), wrote(OTHER, second)), working=True)
    assert (others.count(), told(caplog)) == (1, [SENTENCE])
    assert vars(caplog.records[0])["object"] == REF, "in parts, for the log"


def test_a_write_to_the_object_itself_counts_as_one_to_its_status(caplog: pytest.LogCaptureFixture) -> None:
    others = Others(OWN, Clock())
    others.see(written(wrote(OTHER, 1, "")), working=True)
    assert told(caplog) == [SENTENCE]


@pytest.mark.parametrize("manager", [OWN, "kubectl", "headrace", "helm"])
def test_neither_we_nor_people_nor_an_old_version_are_another_release(
    manager: str, caplog: pytest.LogCaptureFixture
) -> None:
    others = Others(OWN, Clock())
    others.see(written(wrote(manager, 1)), working=True)
    assert (others.count(), told(caplog)) == (0, [])


def test_what_was_there_before_we_led_is_no_sign_of_life(caplog: pytest.LogCaptureFixture) -> None:
    others = Others(OWN, Clock())
    others.see(written(wrote(OTHER, 1)), working=False)
    others.see(written(wrote(OTHER, 1), wrote(OWN, 2)), working=True)
    assert (others.count(), told(caplog)) == (0, [])


def test_who_is_silent_for_an_hour_counts_no_more_and_is_told_anew(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    others = Others(OWN, clock)
    others.see(written(wrote(OTHER, 1)), working=True)
    clock.now = 3601
    assert others.count() == 0
    others.see(written(wrote(OTHER, 2)), working=True)
    assert (others.count(), told(caplog)) == (1, [SENTENCE] * 2)


def test_the_loop_tells_only_while_it_leads_and_only_of_what_it_knew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.others = others = Others(OWN, stage.time)
        stage.loop.changed(written(wrote(OTHER, 1)))
        assert others.count() == 0, "new to us: it may be as old as can be"
        stage.loop.changed(written(wrote(OTHER, 2), version=2))
        assert others.count() == 1
        stage.loop.deleted(written(wrote(OTHER, 2), version=3))
        await stage.until(1)

    play(in_sync, scene)
    assert told(caplog) == [SENTENCE]
