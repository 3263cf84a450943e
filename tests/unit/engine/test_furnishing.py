"""What was just made is written before it is read, where it is known what it has; all is read back."""

from typing import Any, ClassVar

from headrace.engine.errors import Denied, Throttled
from headrace.engine.slices import ABSENT, Slice
from tests.unit.engine.fakes import (
    OTHER,
    Color,
    ColorFacet,
    FakeTarget,
    Home,
    HomeFacet,
    Labels,
    LabelsFacet,
    LockFacet,
    RulesFacet,
    Switch,
    SwitchFacet,
    thing,
)
from tests.unit.engine.passes import Passes, failures

SPEC: dict[str, Any] = {
    "color": {"shade": "blue"},
    "labels": {"team": "shop"},
    "lock": {},
    "rules": {"rules": ["x"]},
    "switch": {"enabled": True},
}


class NewColor(ColorFacet):
    initial = ABSENT


class NewRules(RulesFacet):
    initial = ABSENT


class NewSwitch(SwitchFacet):
    initial = Switch(enabled=False)


KNOWN = thing(NewColor(), LabelsFacet(), LockFacet(), NewRules(), NewSwitch())


class GenerousHome(HomeFacet):
    """Things are made with more than is known of."""

    gift: ClassVar[Slice] = Color(shade="green")

    def create(self, target: FakeTarget, after: Home, carried: Any) -> None:
        super().create(target, after, carried)
        target.there["color"] = self.gift


def steps(target: FakeTarget) -> list[str]:
    """The log, with what is read side by side in one line."""
    told: list[str] = []
    for step in target.log:
        verb, name = step.split()
        if verb == "read" and told and told[-1].startswith("read"):
            told[-1] = " ".join(["read", *sorted([*told[-1].split()[1:], name])])
        else:
            told.append(step)
    return told


def test_what_is_known_is_written_first_in_order_and_all_is_read_once(
    target: FakeTarget, passes: Passes
) -> None:
    report = passes.of(KNOWN, SPEC)
    assert steps(target) == [
        "read presence",
        "create presence",
        "read labels presence",
        "write color",
        "write switch",
        "write rules",
        "read color lock rules switch",
        "write lock",
        "read lock",
    ]
    assert (report.left, report.failures, report.created) == ((), (), True)
    assert [change.facet for change in report.done] == [change.facet for change in report.plan.changes]


def test_what_a_new_thing_has_anyway_is_read_and_not_written(target: FakeTarget, passes: Passes) -> None:
    report = passes.of(KNOWN, {"switch": {"enabled": False}})
    assert steps(target) == ["read presence", "create presence", "read presence switch"]
    assert report.left == ()


def test_what_was_believed_and_is_not_so_is_put_right_in_the_same_pass(
    target: FakeTarget, passes: Passes
) -> None:
    facet = type("Green", (ColorFacet,), {"initial": Color(shade="green"), "__doc__": "Believes."})()
    report = passes.of(thing(facet), {"color": {"shade": "green"}})
    assert [step for step in steps(target) if "color" in step] == [
        "read color presence",
        "write color",
        "read color",
    ]
    assert (report.left, target.there["color"]) == ((), Color(shade="green"))


def test_what_is_there_though_it_was_believed_absent_is_written_over(
    target: FakeTarget, passes: Passes
) -> None:
    report = passes.of(thing(NewColor(), root=GenerousHome()), {"color": {"shade": "blue"}})
    assert target.writes == ["create presence", "write color"]
    assert (report.left, target.there["color"]) == ((), Color(shade="blue"))


def test_a_thing_that_was_there_after_all_is_read_before_it_is_written(
    target: FakeTarget, passes: Passes
) -> None:
    def somebody_else() -> None:
        target.there = {"presence": Home(), "labels": Labels(entries={"a": "1"})}

    target.before["create presence"] = somebody_else
    report = passes.of(KNOWN, {"color": {"shade": "blue"}, "labels": {"team": "shop"}}, adopt=True)
    assert target.writes == ["create presence", "write presence", "write color", "write labels"]
    assert target.log.index("read color") < target.log.index("write color")
    assert report.left == ()


def test_nothing_is_written_to_what_somebody_else_made_meanwhile(target: FakeTarget, passes: Passes) -> None:
    target.before["create presence"] = lambda: target.there.update(presence=Home(owner=OTHER))
    report = passes.of(KNOWN, SPEC)
    assert target.writes == ["create presence"]
    assert failures(report) == [
        f"presence verify: NotOurs thing media belongs to {OTHER}; it is left alone. Choose another name."
    ]


def test_what_stands_on_what_is_not_known_waits_for_it(target: FakeTarget, passes: Passes) -> None:
    target.needs["write rules"] = lambda there: there.there.get("switch") == Switch(enabled=True)
    report = passes.of(thing(NewRules(), SwitchFacet()), {"rules": {"rules": ["x"]}, "switch": {}})
    assert target.writes == ["create presence", "write switch", "write rules"]
    assert report.failures == ()


def test_a_write_that_failed_is_told_once_read_anyway_and_holds_up_what_stands_on_it(
    target: FakeTarget, passes: Passes
) -> None:
    target.failures["write switch"] = Denied("no")
    report = passes.of(KNOWN, SPEC)
    assert failures(report) == ["switch write: Denied no"]
    assert dict(report.held) == {"rules": "switch"}
    assert target.writes.count("write switch") == 1
    assert report.found["switch"] == Switch(enabled=False)
    assert sorted(change.facet for change in report.left) == ["rules", "switch"]


def test_what_can_be_neither_written_nor_read_is_told_as_the_next_pass_tells_it(
    target: FakeTarget, passes: Passes
) -> None:
    target.failures |= {"write color": Denied("not to write"), "read color": Denied("not to read")}
    first = passes.of(KNOWN, SPEC)
    again = passes.of(KNOWN, SPEC, known=True)
    assert failures(first) == failures(again) == ["color read: Denied not to read"]


def test_what_was_lost_on_the_way_is_pending_and_not_written_twice(
    target: FakeTarget, passes: Passes
) -> None:
    target.lost.add("write color")
    report = passes.of(KNOWN, {"color": {"shade": "blue"}})
    assert failures(report) == [
        "color verify: Pending thing media: color.shade was written but does not read back yet."
    ]
    assert target.writes == ["create presence", "write color"]


def test_where_the_look_after_the_create_call_fails_nothing_is_written(
    target: FakeTarget, passes: Passes
) -> None:
    def from_now_on() -> None:
        target.failures["read presence"] = Throttled("slow down")

    target.before["create presence"] = from_now_on
    report = passes.of(KNOWN, SPEC)
    assert target.writes == ["create presence"]
    assert (report.created, failures(report)) == (True, ["presence read: Throttled slow down"])
