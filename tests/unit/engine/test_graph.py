"""Nodes: every one is settled once what it needs is there, and told of in the order of the expansion."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from headrace.engine.errors import Denied, Deploying, Pending
from headrace.engine.graph import (
    KNOWN_LATER,
    Node,
    Ref,
    Settled,
    errors_of,
    merged,
    merged_wishes,
    outputs_of,
    settle,
)
from headrace.engine.plan import Change, Plan
from headrace.engine.slices import ABSENT
from headrace.engine.wish import Layer, Wish
from headrace.engine.work import Failure, Report, Work
from tests.unit.engine.fakes import ME, THING, Color, FakeTarget, Home


def node(name: str) -> Node:
    return Node(name, THING, id=f"{name}-id", region="here", presence=Home(owner=ME))


def report(node: Node) -> Settled:
    return Settled(node, Report(Plan(node.resource.name, node.id)))


def test_every_node_is_settled_with_its_own_report_in_the_order_of_the_expansion() -> None:
    nodes = tuple(node(name) for name in ("second", "first", "third"))
    settled = settle(nodes, report)
    assert [each.node for each in settled] == list(nodes)
    assert [each.report.plan.id for each in settled if each.report] == ["second-id", "first-id", "third-id"]


def test_no_nodes_are_settled_by_doing_nothing() -> None:
    assert settle((), report) == ()


def test_a_node_knows_its_arn_in_an_account() -> None:
    assert node("n").arn("aws-cn", "111122223333") == "arn:aws-cn:fake:here:111122223333:thing/n-id"


def test_that_a_node_waits_is_told_only_where_nothing_tells_why() -> None:
    waiting = replace(node("waiting"), gates=("other",))

    def denied(each: Node) -> Settled:
        return replace(report(each), error=Denied("no"))

    alone, held = (errors_of(settle((node("other"), waiting), one)) for one in (report, denied))
    assert [(type(error), error.message) for error in alone] == [(Pending, "waiting waits for other.")]
    assert [type(error) for error in held] == [Denied]


# What nodes need of each other


def needing(name: str, said: Any, *gates: str) -> Node:
    return replace(node(name), layers=(Layer("spec", {"color": said}),), gates=gates)


def said(settled: Settled) -> Any:
    """Return what was said of the color when a node was settled."""
    return settled.node.layers[0].settings["color"]


class Cloud:
    """Settles nodes, which then have these outputs, and notes in which order."""

    def __init__(self, **outputs: Mapping[str, Any]) -> None:
        self.outputs = outputs
        self.order: list[str] = []
        self.busy: set[str] = set()

    def __call__(self, node: Node) -> Settled:
        self.order.append(node.name)
        busy = Deploying("soon") if node.name in self.busy else None
        seen = Report(Plan(node.resource.name, node.id), busy=busy)
        return Settled(node, seen, outputs=self.outputs.get(node.name, {}))


def test_a_node_is_settled_after_what_it_refers_to_with_values_in_the_place_of_refs() -> None:
    nodes = (needing("main", [{"shade": Ref("paint", "id")}]), node("paint"))
    cloud = Cloud(paint={"id": "P1"})

    main, paint = settle(nodes, cloud)

    assert cloud.order == ["paint", "main"]
    assert (main.node.name, paint.node.name) == ("main", "paint")
    assert said(main) == [{"shade": "P1"}]
    assert main.node.from_nodes == ("P1",)


def test_a_ref_can_be_to_one_entry_of_a_map() -> None:
    nodes = (node("paint"), *(needing(key, Ref("paint", "shades", key)) for key in ("light", "dark")))

    _, light, dark = settle(nodes, Cloud(paint={"shades": {"light": "pink"}}))

    assert said(light) == "pink"
    assert (dark.waits, dark.report) == (True, None)


def test_what_needs_nothing_of_each_other_is_settled_side_by_side() -> None:
    together = threading.Barrier(3)

    def meeting(node: Node) -> Settled:
        together.wait(timeout=30)
        return report(node)

    assert len(settle([node(name) for name in "abc"], meeting)) == 3


def test_a_node_without_what_it_refers_to_is_not_settled_and_says_for_what_it_waits() -> None:
    nodes = (node("paint"), needing("main", Ref("paint", "id")), needing("last", Ref("main", "id")))
    cloud = Cloud()

    _, main, last = settle(nodes, cloud)

    assert cloud.order == ["paint"]
    assert [error.message for error in (*main.errors, *last.errors)] == [
        "main waits for paint.",
        "last waits for main.",
    ]
    assert (main.waits, main.report, main.ready, main.id) == (True, None, False, "main-id")


def test_a_new_node_waits_until_aws_is_done_with_its_gates_and_an_old_one_does_not() -> None:
    nodes = (node("gate"), needing("main", "red", "gate"))
    cloud = Cloud(gate={"id": "G1"})
    cloud.busy = {"gate"}

    assert [each.waits for each in settle(nodes, cloud)] == [False, True]
    assert [each.waits for each in settle(nodes, cloud, there=lambda _: True)] == [False, False]
    cloud.busy = set()
    assert [each.waits for each in settle(nodes, cloud)] == [False, False]


def test_where_nothing_is_written_all_is_settled_and_what_is_not_known_reads_so() -> None:
    nodes = (node("paint"), needing("main", [Ref("paint", "id"), Ref("paint", "arn")], "paint"))

    _, main = settle(nodes, Cloud(paint={"id": "P1"}), write=False)

    assert said(main) == ["P1", KNOWN_LATER]
    assert main.node.from_nodes == ("P1", KNOWN_LATER)


def test_a_circle_is_told_with_who_is_in_it() -> None:
    nodes = (node("free"), needing("one", Ref("two", "id")), needing("two", "red", "one"))

    with pytest.raises(ValueError, match=r"in a circle: \['one', 'two'\]"):
        settle(nodes, report)


def test_reports_are_merged_with_the_names_of_nodes_before_all_but_the_main_one() -> None:
    wish = Wish(Color())
    change = Change("color", ABSENT, Color(), wish)
    full = Report(
        Plan("fake/thing", "id", (change,), 2),
        (change,),
        (change,),
        {"rules": "color"},
        (Failure("color", "write", Denied("no")),),
        {"color": Color()},
        created=True,
        touched=frozenset({"color"}),
    )

    both = merged(full, {"paint/1": replace(full, created=False)})

    names = ["color", "paint/1: color"]
    assert both.plan.in_sync == 4
    assert [[each.facet for each in part] for part in (both.plan.changes, both.done, both.left)] == [
        names
    ] * 3
    assert both.held == {"rules": "color", "paint/1: rules": "paint/1: color"}
    assert [each.facet for each in both.failures] == names
    assert sorted(both.found) == sorted(both.touched) == names
    assert both.created
    assert sorted(merged_wishes({"color": wish}, {"paint/1": {"color": wish}})) == names


@pytest.mark.parametrize(("id", "found"), [("media", ABSENT), ("", Home(owner=ME))])
def test_what_is_not_there_has_no_outputs(id: str, found: Any) -> None:
    work = Work(THING, FakeTarget(id), Home(owner=ME))
    assert outputs_of(work, Report(Plan("fake/thing", id), found={"presence": found})) == {}


def test_outputs_are_the_fields_of_the_presence_with_id_and_arn() -> None:
    work = Work(THING, FakeTarget(), Home(owner=ME))
    outputs = outputs_of(work, Report(Plan("fake/thing", "media"), found={"presence": Home(owner=ME)}))
    assert outputs == {"id": "media", "arn": "arn:fake:media", "owner": ME, "place": "here"}
