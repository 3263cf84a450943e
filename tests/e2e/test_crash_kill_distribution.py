"""A real SIGKILL where a distribution is made, and one where it goes."""

from pathlib import Path

import pytest

from sandbox.operator import Operator
from tests.e2e.distribution_stages import STAGES
from tests.e2e.life import CLUSTER, Cradle, Life, Point
from tests.e2e.served import SECONDS, Served
from tests.e2e.stages import Ground, People

pytestmark = pytest.mark.e2e

KILLS = {
    "d-create": Point("CreateDistributionWithTags", 1, "after"),
    "d-delete": Point("DeleteDistribution", 1, "before"),
}
ACCOUNTS = {"d-create": "400000000001", "d-delete": "400000000002"}


@pytest.mark.parametrize("name", KILLS)
def test_killed_over_a_distribution_the_next_operator_ends_it_as_if_nothing_had_been(
    people: People, cradle: Cradle, builder: Life, tmp_path: Path, name: str
) -> None:
    aws, stage, point, account = people.world.aws, STAGES[name], KILLS[name], ACCOUNTS[name]
    aws.deployment(0)
    record = Ground(people, cradle, builder).record(stage)
    given = ("--namespaces", people.world.namespace, "--allow-ambient", "--cluster-id", CLUSTER)
    env = {"AWS_ACCESS_KEY_ID": account}
    with (
        Life(cradle, account=account) as other,
        Operator(people.world.plane, aws, tmp_path, given, env) as operator,
    ):
        served = Served(people, other, account)
        plot = stage.plot(people.of(stage.plot.kind), served, f"{name}-killed", stage.more)
        stage.before(plot)
        fault = aws.fault(action="hold", operation=point.what, account=account, effect=point.when, count=1)
        stage.act(plot)
        aws.wait_until_held(fault, seconds=SECONDS)
        operator.kill()
        aws.release(fault)
        operator.start()
        served.settle(*plot.refs)
        assert plot.sight() == record.sight
    plot.leave()
    aws.deployment(1)
