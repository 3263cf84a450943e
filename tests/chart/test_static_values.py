"""Wrong values of the charts: each is refused with a sentence, and nothing that is documented is."""

import json
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.helm import refusal, rendered
from tests.chart.values import ACCOUNT, CRD_DEFAULTS, DEFAULTS, EMPTY, Values, at, documented, without
from tools.charts import CRDS, OPERATOR, ROOT

# What Kubernetes knows what to do without.
_DISPENSABLE = {("accountAnnotations",), ("resources",), ("securityContext", "runAsUser")}
_REFUSALS = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text(encoding="utf-8"))


def _told(part: str) -> dict[str, Any]:
    return {"argvalues": _REFUSALS[part], "ids": [each["says"][:60] for each in _REFUSALS[part]]}


@pytest.mark.parametrize("wrong", **_told("schema"))
def test_a_value_that_cannot_be_is_refused_with_its_place(wrong: dict[str, Any]) -> None:
    assert wrong["says"] in refusal(wrong["values"])


@pytest.mark.parametrize("wrong", **_told("sentences"))
def test_values_that_do_not_go_together_are_refused_with_a_sentence(wrong: dict[str, Any]) -> None:
    assert refusal(wrong["values"]) == wrong["says"]


def test_the_table_has_every_sentence_of_the_chart_that_needs_no_cluster() -> None:
    template = (ROOT / OPERATOR / "templates" / "_validate.tpl").read_text(encoding="utf-8")

    # Two are about another release, one about this one's name there, one about the kinds of the cluster.
    assert template.count("{{- fail ") == len(_REFUSALS["sentences"]) + 4


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert refusal({"replica": 3, "workers": "many"}).count("- at") == 2


@pytest.mark.parametrize(
    ("chart", "defaults"), [(OPERATOR, DEFAULTS), (CRDS, CRD_DEFAULTS)], ids=["headrace", "headrace-crds"]
)
def test_the_schema_knows_just_what_the_values_document(chart: Path, defaults: Values) -> None:
    schema = json.loads((ROOT / chart / "values.schema.json").read_text(encoding="utf-8"))
    known = set(_known(schema, schema["$defs"]))

    # What Helm gives to a chart that another one depends on.
    assert known - {("enabled",), ("global",)} == set(documented(defaults))


def _known(schema: Any, shared: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of what a schema names; what Kubernetes has fields for counts as one."""
    if "$ref" in schema and schema["$ref"] not in {"#/$defs/probe", "#/$defs/quantities"}:
        return _known(shared[schema["$ref"].rpartition("/")[2]], shared, path)
    inner = {} if path == ("resources",) else schema.get("properties", {})
    found = [each for key, value in inner.items() for each in _known(value, shared, (*path, key))]
    return found or [path]


def test_no_default_can_be_taken_away_that_the_templates_need() -> None:
    schema = json.loads((ROOT / OPERATOR / "values.schema.json").read_text(encoding="utf-8"))
    paths = [path for path in documented(DEFAULTS) if at(DEFAULTS, path) not in EMPTY]
    sections = {path[:depth] for path in documented(DEFAULTS) for depth in range(1, len(path))}

    assert set(_required(schema)) == {*paths, *sections} - _DISPENSABLE


def _required(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield from ((*path, key) for key in schema.get("required", ()))
    for key, value in schema.get("properties", {}).items():
        yield from _required(value, (*path, key))


def test_a_key_with_nothing_below_it_is_as_good_as_an_empty_value() -> None:
    account: Values = {"clusterID": "prod-1", "accounts": [ACCOUNT], "allowAmbient": False}
    nothing: Values = {}
    nulls = [without(path) for path in documented(DEFAULTS) if at(DEFAULTS, path) in EMPTY]
    values = reduce(_merged, nulls, nothing)

    assert rendered({**values, **account}) == rendered(account)


def _merged(one: Values, other: Values) -> Values:
    both = {key: _merged(one[key], other[key]) for key in one.keys() & other.keys()}
    return {**one, **other, **both}


def test_nothing_is_let_in_that_has_no_name() -> None:
    for chart in (OPERATOR, CRDS):
        schema = json.loads((ROOT / chart / "values.schema.json").read_text(encoding="utf-8"))
        for each in _objects(schema):
            assert "properties" not in each or each["additionalProperties"] is False


def _objects(schema: Any) -> list[Any]:
    """Return every mapping in a schema that describes an object; those with required keys alone are free."""
    if isinstance(schema, list):
        return [each for item in schema for each in _objects(item)]
    if not isinstance(schema, dict):
        return []
    found = [schema] if schema.get("type") == "object" else []
    return found + [each for value in schema.values() for each in _objects(value)]
