"""The operator's command takes every argument that the chart gives to it, and the chart knows all it has."""

import pytest
import typer
import yaml

from headrace.main import app
from tests.chart.helm import container, rendered
from tests.chart.values import DEFAULTS, SETS, at, documented
from tools.charts import OPERATOR, ROOT

_COMMAND = typer.main.get_command(app)


@pytest.mark.parametrize("name", SETS)
def test_the_command_takes_what_the_chart_gives_it(name: str) -> None:
    arguments = container(rendered(SETS[name]))["args"]

    given = _COMMAND.make_context("headrace-operator", list(arguments)).params

    assert given["own_namespace"] == "headrace-system"


def test_a_variable_of_the_command_that_is_refused_is_answered_with_a_value_or_a_reason() -> None:
    variables = {each.envvar for each in _COMMAND.params if each.envvar}
    values, reasons = map(_table, ("headrace.optionValues", "headrace.ownOptions"))

    assert values.keys() | reasons.keys() == variables - {"HEADRACE_IDENTITY"}
    assert not values.keys() & reasons.keys()
    named = {value for said in values.values() for value in said.split(" and ")}
    assert named <= {".".join(path) for path in documented(DEFAULTS)}


def _table(name: str) -> dict[str, str]:
    """Return what a definition among the chart's templates says."""
    text = (ROOT / OPERATOR / "templates" / "_options.tpl").read_text(encoding="utf-8")
    found = yaml.safe_load(text.split(f'{{{{- define "{name}" -}}}}')[1].split("{{-")[0])
    assert isinstance(found, dict)
    return found


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
