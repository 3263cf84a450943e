"""What an AWSAccount may say, and that the samples say it."""

from typing import Any

import pytest
import yaml

from headrace.engine.errors import Invalid
from headrace.kinds.aws_account import AccountSpec, AWSAccount
from headrace.kinds.crd import custom_resource_definition
from headrace.kinds.definition import API_VERSION, read_spec
from tests.bucket_specs import ROOT

SAMPLE = ROOT / "manifests" / "samples" / "awsaccount.yaml"
ROLE = "arn:aws:iam::111122223333:role/delivery"

GOOD: dict[str, dict[str, Any]] = {
    "silence": {},
    "a role": {"credentials": {"roleARN": ROLE}},
    "a role with a path, in China": {"credentials": {"roleARN": "arn:aws-cn:iam::111122223333:role/a/b"}},
    "a Secret": {"credentials": {"secretRef": {"name": "aws-keys"}}},
    "a region of the US government": {"region": "us-gov-west-1"},
    "all namespaces, for nothing": {"namespaces": [{"names": ["*"]}]},
}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "two sources": ({"credentials": {"secretRef": {"name": "a"}, "roleARN": ROLE}}, "not from both"),
    "a role by its name": ({"credentials": {"roleARN": "delivery"}}, "spec.credentials.roleARN"),
    "a role of no account": (
        {"credentials": {"roleARN": "arn:aws:iam::1:role/x"}},
        "spec.credentials.roleARN",
    ),
    "an entry for nobody": ({"namespaces": [{"buckets": {"create": ["*"]}}]}, "spec.namespaces[0]"),
    "a selector without labels": (
        {"namespaces": [{"selector": {"matchLabels": {}}}]},
        "spec.namespaces[0].selector.matchLabels",
    ),
    "an empty pattern": ({"namespaces": [{"names": ["a"], "buckets": {"create": [""]}}]}, "create[0]"),
    "a tag of AWS": ({"defaultTags": {"aws:x": "1"}}, "are reserved"),
    "a mark of ours": ({"defaultTags": {"headrace.io/owner": "me"}}, "are reserved"),
    "no pace": ({"requestsPerSecond": {"s3": 0}}, "spec.requestsPerSecond.s3"),
    "another protocol": ({"endpointURL": "ftp://x"}, "spec.endpointURL"),
    "what nobody knows": ({"regions": ["eu-central-1"]}, "spec.regions"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_spec_is_taken(name: str) -> None:
    read_spec(AccountSpec, GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_spec_is_refused_with_a_sentence_that_names_the_field(name: str) -> None:
    spec, sentence = BAD[name]
    with pytest.raises(Invalid) as refused:
        read_spec(AccountSpec, spec)
    assert sentence in str(refused.value)


def test_silence_grants_nothing_to_anybody() -> None:
    spec = AccountSpec()
    assert (spec.namespaces, spec.default, spec.credentials) == ((), False, None)
    entry = AccountSpec.model_validate({"namespaces": [{"names": ["a"]}]}).namespaces[0]
    assert (entry.buckets, entry.hosted_zones, entry.passes) == (None, (), None)


def test_it_is_one_for_the_whole_cluster() -> None:
    assert custom_resource_definition(AWSAccount())["spec"]["scope"] == "Cluster"


def test_the_samples_are_taken_and_say_every_field() -> None:
    said: set[str] = set()
    for sample in yaml.safe_load_all(SAMPLE.read_text(encoding="utf-8")):
        assert (sample["apiVersion"], sample["kind"]) == (API_VERSION, "AWSAccount")
        said |= read_spec(AccountSpec, sample["spec"]).model_fields_set
    assert said == AccountSpec.model_fields.keys() - {"endpoint_url"}
