"""Nodes: every one is settled, in the order of the expansion."""

from dataclasses import replace

from headrace.engine.errors import Denied, Pending
from headrace.engine.graph import Node, Settled, errors_of, settle
from headrace.engine.plan import Plan
from headrace.engine.work import Report
from tests.unit.engine.fakes import ME, THING, Home


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
