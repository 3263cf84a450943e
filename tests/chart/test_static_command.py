"""The operator's command takes every argument that the chart gives to it."""

import pytest
import typer

from headrace.main import app
from tests.chart.helm import container, rendered
from tests.chart.values import DEFAULTS, SETS, at

_COMMAND = typer.main.get_command(app)


@pytest.mark.parametrize("name", SETS)
def test_the_command_takes_what_the_chart_gives_it(name: str) -> None:
    arguments = container(rendered(SETS[name]))["args"]

    given = _COMMAND.make_context("headrace-operator", list(arguments)).params

    assert given["own_namespace"] == "headrace-system"


@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("workers", ("workers",)),
        ("aws_rate", ("awsRate",)),
        ("lease_duration", ("leaderElection", "leaseDuration")),
        ("renew_deadline", ("leaderElection", "renewDeadline")),
        ("retry_period", ("leaderElection", "retryPeriod")),
        ("object_metrics", ("metrics", "objectMetrics")),
        ("allow_ambient", ("allowAmbient",)),
    ],
)
def test_a_default_of_the_chart_is_that_of_the_command(option: str, path: tuple[str, ...]) -> None:
    assert _COMMAND.make_context("headrace-operator", []).params[option] == at(DEFAULTS, path)
