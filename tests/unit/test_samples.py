from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.engine.errors import Invalid
from headrace.engine.slices import KeyedSlice
from headrace.kinds.accelerated_bucket import BUCKET, AcceleratedBucket
from headrace.kinds.common import Request
from headrace.kinds.definition import API_VERSION, ObjectRef, read_spec
from tests.bucket_specs import BAD, GOOD, ROOT, SAMPLES, Spec, sample

KIND = AcceleratedBucket()
FACETS = {facet.name: facet for facet in BUCKET.facets}
FIELDS = [
    (facet.name, field.alias, field.default)
    for facet in BUCKET.facets
    if not issubclass(facet.slice, KeyedSlice)
    for field in facet.slice.model_fields.values()
]


def look_at(spec: Spec) -> None:
    """Do with a spec what the operator does before it asks AWS anything."""
    ref = ObjectRef(KIND.name, "shop", "media")
    KIND.expand(Request(read_spec(KIND.spec, spec), ref, f"test/{ref}", default_region="eu-central-1"))


def said(facet: str) -> Iterator[Any]:
    """Yield what the samples say of a setting."""
    for path in SAMPLES:
        if facet in (spec := sample(path)["spec"]):
            yield spec[facet]


@pytest.mark.parametrize("name", GOOD)
def test_the_operator_takes_a_good_spec(name: str) -> None:
    look_at(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_the_operator_refuses_a_bad_spec_with_a_sentence_that_names_the_field(name: str) -> None:
    spec, sentence = BAD[name]

    with pytest.raises(Invalid) as refused:
        look_at(spec)

    assert sentence in str(refused.value)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_an_object_that_the_operator_takes(path: Path) -> None:
    bucket = sample(path)

    assert (bucket["apiVersion"], bucket["kind"]) == (API_VERSION, KIND.name)
    look_at(bucket["spec"])


def test_there_are_a_minimal_and_a_full_sample() -> None:
    names = {path.name for path in SAMPLES}

    assert {"acceleratedbucket-minimal.yaml", "acceleratedbucket-full.yaml"} <= names
    assert sample(ROOT / "manifests/samples/acceleratedbucket-minimal.yaml")["spec"] == {}
    full = sample(ROOT / "manifests/samples/acceleratedbucket-full.yaml")["spec"]
    assert full.keys() == {field.alias for field in KIND.spec.model_fields.values()}


@pytest.mark.parametrize("name", FACETS)
def test_every_setting_is_in_a_sample_with_another_value_than_its_default(name: str) -> None:
    default = FACETS[name].default

    assert any(FACETS[name].slice.model_validate(value) != default for value in said(name))


@pytest.mark.parametrize(("name", "field", "default"), FIELDS)
def test_every_field_of_a_setting_is_in_a_sample_with_another_value_than_its_default(
    name: str, field: str, default: Any
) -> None:
    assert any(value.get(field, default) != default for value in said(name))
