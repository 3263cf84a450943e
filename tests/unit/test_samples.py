"""What a spec of a bucket may say, and that the samples of all kinds say everything."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from headrace.engine.errors import Invalid
from headrace.engine.graph import Ref
from headrace.engine.sensitive import Sensitive
from headrace.engine.wish import resolve
from headrace.kinds.accelerated_bucket import BUCKET
from headrace.kinds.common import Kind, Request
from headrace.kinds.definition import API_VERSION, ObjectRef, read_spec
from headrace.kinds.registry import KINDS
from tests.bucket_specs import BAD, GOOD, ROOT, Spec
from tests.samples import SAMPLES, Said, fields, said_of, sample, samples_of

FACETS = {facet.name: facet for facet in BUCKET.facets}
REFERRED = {"endpoints": {"plain": "acme-shop-media.s3.eu-central-1.amazonaws.com"}}
OUTPUTS = {
    "id": "E1A2B3C4D5E6F7",
    "domainName": "d111111abcdef8.cloudfront.net",
    "issuedARN": "arn:aws:acm:us-east-1:111122223333:certificate/1234abcd",
}
"""What nodes tell of themselves to others."""
ALL_SAID = [(kind.name, field) for kind in KINDS.values() for field in fields(kind.spec)]

NOT_SAID = {
    "AcceleratedBucket.emptyOnDelete": "what people copy deletes no data",
    "Distribution.enabled": "what people copy answers its viewers",
    "Distribution.staging": "a staging distribution has no aliases, and is of use beside another one only",
}
"""Fields that no sample gives another value than their default, and why."""

NOT_TOGETHER = {
    "AcceleratedBucket": {},
    "Distribution": {
        "certificate": "there is a certificateARN",
        "distributionID": "it is made, not adopted",
        "iamCertificateID": "there is a certificateARN",
    },
}
"""Fields that the full sample of a kind cannot have, and why."""


def look_at(kind: Kind[Any], raw: Spec) -> None:
    """Do with a spec what the operator does before it asks AWS anything, and with what it learns later."""
    spec, ref = read_spec(kind.spec, raw), ObjectRef(kind.name, "shop", "media")
    nodes = kind.expand(
        Request(
            spec,
            ref,
            f"test/{ref}",
            default_region="eu-central-1",
            referred={each.to: REFERRED for each in kind.references("shop", raw)},
            secrets={key: Sensitive("k3y") for key in kind.secrets(spec)},
        )
    )
    for node in nodes:
        outputs: dict[str, dict[str, Any]] = {}
        for each in node.refs():
            outputs.setdefault(each.node, {})[each.output] = told(each)
        resolve(
            node.resource.facets, node.filled(outputs).layers, frozenset(), secure=spec.defaults == "Secure"
        )


def told(ref: Ref) -> Any:
    """Return what another node may tell."""
    return {ref.key: "_0a.example.com"} if ref.key else OUTPUTS[ref.output]


@pytest.mark.parametrize("name", GOOD)
def test_the_operator_takes_a_good_spec(name: str) -> None:
    look_at(KINDS["AcceleratedBucket"], GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_the_operator_refuses_a_bad_spec_with_a_sentence_that_names_the_field(name: str) -> None:
    spec, sentence = BAD[name]

    with pytest.raises(Invalid) as refused:
        look_at(KINDS["AcceleratedBucket"], spec)

    assert sentence in str(refused.value)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_an_object_that_the_operator_takes(path: Path) -> None:
    obj = sample(path)

    assert obj["apiVersion"] == API_VERSION
    assert path.name.startswith(f"{obj['kind'].lower()}-")
    look_at(KINDS[obj["kind"]], obj["spec"])


def test_the_objects_in_the_readme_are_ones_that_the_operator_takes() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)]

    assert [obj["kind"] for obj in shown] == list(KINDS)
    for obj in shown:
        assert obj["apiVersion"] == API_VERSION
        look_at(KINDS[obj["kind"]], obj["spec"])


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_there_are_a_minimal_and_a_full_sample(kind: Kind[Any]) -> None:
    named = {path.stem.partition("-")[2]: sample(path)["spec"] for path in samples_of(kind.name)}
    known = {field.alias for field in kind.spec.model_fields.values()}

    assert all(len(named["minimal"]) <= len(spec) for spec in named.values())
    assert named["full"].keys() == known - NOT_TOGETHER[kind.name].keys()


@pytest.mark.parametrize("name", FACETS)
def test_every_setting_of_a_bucket_is_in_a_sample_with_another_value_than_its_default(name: str) -> None:
    facet = FACETS[name]

    said = said_of("AcceleratedBucket", (name,))
    assert any(facet.slice.model_validate(value) != facet.default for value in said)


@pytest.mark.parametrize(("kind", "field"), ALL_SAID, ids=str)
def test_every_field_is_in_a_sample_with_another_value_than_its_default(kind: str, field: Said) -> None:
    said = any(field.is_another(value) for value in said_of(kind, field.path))

    # A reason that is none any more is to go.
    assert said is (f"{kind}.{field}" not in NOT_SAID)
