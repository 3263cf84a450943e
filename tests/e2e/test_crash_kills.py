"""Ten real SIGKILLs in each stage of a bucket's life, at points that the request log of the stage names.

In each of ten rounds one operator process has an object in every stage; each object is held at a point of
its own, the process is killed, and the next one takes all of them up.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.aws.stand_in import StandIn
from sandbox.operator import Operator
from sandbox.processes import wait_until
from tests.e2e.life import CLUSTER, Cradle, Life, Point
from tests.e2e.served import SECONDS, Served
from tests.e2e.stages import STAGES, BucketPlot, People, Record, recorded

pytestmark = pytest.mark.e2e

ROUNDS = 10


@pytest.fixture(scope="module")
def records(people: People, cradle: Cradle, builder: Life) -> Mapping[str, Record]:
    """What each stage does when nobody disturbs it."""
    plots = {name: stage.begin(people, builder, "undisturbed") for name, stage in STAGES.items()}
    found = {name: recorded(plot, cradle) for name, plot in plots.items()}
    for plot in plots.values():
        plot.leave()
    return found


@pytest.fixture(scope="module")
def killed(
    people: People, records: Mapping[str, Record], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """The operator that is to be killed; nothing is left of what others made before it starts."""
    given = ("--namespaces", people.world.namespace, "--allow-ambient", "--cluster-id", CLUSTER)
    directory = tmp_path_factory.mktemp("killed")
    with Operator(people.world.plane, people.world.aws, directory, given) as operator:
        yield operator


def nth_of_ten(record: Record, number: int) -> Point:
    """Return one of ten points that are spread over all of a stage; short stages have some twice."""
    points = record.points(of_aws=True)
    return points[number * len(points) // ROUNDS]


def held(aws: StandIn, plot: BucketPlot, point: Point) -> int:
    """Have the operator held at this point, once."""
    return aws.fault(
        action="hold",
        resource=plot.bucket,
        operation=point.what,
        after=point.nth - 1,
        effect=point.when,
        count=1,
    )


def let_go(aws: StandIn, faults: list[int], mark: int) -> None:
    """Let the calls of the dead arrive, and return once they did."""
    for fault in faults:
        aws.release(fault)
    wait_until(
        lambda: set(faults) <= {call.fault for call in aws.since(mark)},
        what="what the operator had sent before it was killed arrives",
        seconds=SECONDS,
    )
    aws.clear_faults()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_killed_in_every_stage_at_once_the_next_operator_ends_each_as_if_nothing_had_been(
    killed: Operator, people: People, builder: Life, records: Mapping[str, Record], number: int
) -> None:
    """What was on its way arrives before the next operator is at work or, every other time, after that."""
    aws, served = people.world.aws, Served(people, builder)
    stages = list(STAGES.values())
    points = [nth_of_ten(records[stage.name], number) for stage in stages]
    plots = [BucketPlot(people, served, f"{stage.name}-{number}", stage.more) for stage in stages]
    with ThreadPoolExecutor(len(stages)) as pool:
        list(pool.map(lambda stage, plot: stage.before(plot), stages, plots))
    mark = aws.mark()
    faults = [held(aws, plot, point) for plot, point in zip(plots, points, strict=True)]
    for stage, plot in zip(stages, plots, strict=True):
        stage.act(plot)
    for fault in faults:
        aws.wait_until_held(fault, seconds=SECONDS)
    killed.kill()
    late = bool(number % 2)
    if not late:
        let_go(aws, faults, mark)
    killed.start()
    for plot in plots:
        served.settle(plot.ref)
    if late:
        let_go(aws, faults, mark)
    for stage, plot, point in zip(stages, plots, points, strict=True):
        assert plot.sight() == records[stage.name].sight, f"{stage.name}: killed {point}, late={late}"
