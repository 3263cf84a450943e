from collections.abc import Mapping
from typing import Any

import pytest

from headrace.aws.sessions import Identity
from headrace.engine.errors import Invalid, Unavailable
from headrace.engine.graph import Node, Settled
from headrace.engine.plan import Plan
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.engine.wish import Layer
from headrace.engine.work import Failure, Report
from headrace.kinds.accelerated_bucket import BUCKET, AcceleratedBucket
from headrace.kinds.common import BareRequest, Claim, Request
from headrace.kinds.definition import ObjectRef, read_spec
from headrace.resources.s3.bucket.acceleration import Acceleration
from headrace.resources.s3.bucket.presence import BucketPresence

KIND = AcceleratedBucket()
NOTHING: Mapping[str, Slice | Missing] = {}
REF = ObjectRef(KIND.name, "shop", "media")
OWNER = "cluster/AcceleratedBucket/shop/media"
AWS = Identity("111122223333", "arn:aws:iam::111122223333:role/headrace", "aws")
CHINA = Identity("111122223333", "arn:aws-cn:iam::111122223333:role/headrace", "aws-cn")


def expand(spec: Mapping[str, Any], name: str = "media", default_region: str | None = "eu-central-1") -> Node:
    ref = ObjectRef(KIND.name, "shop", name)
    (node,) = KIND.expand(Request(read_spec(KIND.spec, spec), ref, OWNER, default_region))
    return node


def refused(spec: Mapping[str, Any], **request: Any) -> str:
    with pytest.raises(Invalid) as error:
        expand(spec, **request)
    return str(error.value)


# What a spec asks for


def test_silence_asks_for_a_bucket_of_the_objects_name_in_the_default_region() -> None:
    presence = BucketPresence(region="eu-central-1", owner=OWNER)

    assert expand({}) == Node("bucket", BUCKET, "media", "eu-central-1", presence, (Layer("spec", {}),))


def test_the_spec_says_what_the_bucket_is_called_and_where_it_is() -> None:
    node = expand({"bucketName": "acme-media", "region": "us-east-1"})

    assert (node.id, node.region) == ("acme-media", "us-east-1")
    assert node.presence == BucketPresence(region="us-east-1", owner=OWNER)


def test_what_is_said_of_a_setting_is_handed_on_and_nothing_that_is_silent() -> None:
    node = expand(
        {
            "versioning": {"enabled": False},
            "encryption": {"algorithm": "AES256"},
            "acceleration": {},
            "tags": {"team": "shop"},
        }
    )

    assert node.layers == (
        Layer(
            "spec",
            {
                "versioning": {"enabled": False},
                "encryption": {"algorithm": "AES256"},
                "acceleration": {},
                "tags": {"team": "shop"},
            },
        ),
    )


def test_every_facet_of_a_bucket_is_a_field_of_the_spec_with_its_own_words() -> None:
    fields = {field.alias: field for field in KIND.spec.model_fields.values()}

    for facet in BUCKET.facets:
        field = fields[facet.name]
        assert not field.is_required()
        assert (field.description or "").startswith((facet.slice.__doc__ or "").strip().split("\n")[0])
        assert "Silent: " in (field.description or "")


def test_an_expansion_is_pure() -> None:
    assert expand({"tags": {"team": "shop"}}) == expand({"tags": {"team": "shop"}})


# Names


def test_without_a_region_nothing_is_asked_for() -> None:
    assert refused({}, default_region=None) == (
        "spec.region is missing, and the operator has no default region (AWS_REGION)."
    )


@pytest.mark.parametrize("name", ["ab", "m" * 64, "m" * 253])
def test_a_name_of_an_object_that_cannot_name_a_bucket_is_refused_with_a_way_out(name: str) -> None:
    assert refused({}, name=name) == (
        f"{name!r} cannot name a bucket: it has {len(name)} characters, and S3 takes 3 to 63. "
        "Set spec.bucketName in a new object."
    )


def test_a_name_of_an_object_that_cannot_name_a_bucket_is_no_matter_where_the_spec_has_one() -> None:
    assert expand({"bucketName": "acme-media"}, name="ab").id == "acme-media"


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"acceleration": {}},
        {"acceleration": {"enabled": True}},
        {"defaults": "None", "acceleration": {}},
    ],
)
def test_a_name_with_dots_cannot_be_accelerated(spec: Mapping[str, Any]) -> None:
    sentence = (
        "an accelerated bucket has no dots in its name: set acceleration.enabled to false, "
        "or choose another name"
    )

    assert refused(spec, name="www.example.com") == f"'www.example.com': {sentence}"
    assert refused({**spec, "bucketName": "www.example.com"}) == f"'www.example.com': {sentence}"


@pytest.mark.parametrize("spec", [{"acceleration": {"enabled": False}}, {"defaults": "None"}])
def test_a_name_with_dots_is_fine_where_nothing_is_accelerated(spec: Mapping[str, Any]) -> None:
    assert expand(spec, name="www.example.com").id == "www.example.com"


# The way out


def test_what_an_object_stands_for_is_known_even_where_its_spec_makes_no_sense() -> None:
    assert KIND.made("media", {"bucketName": "acme-media", "color": 7}) == "acme-media"
    assert KIND.made("media", {}) == "media"
    assert KIND.made("media", {"bucketName": ""}) == "media"


def test_the_bare_bucket_is_its_presence_alone() -> None:
    presence = BucketPresence(region="us-east-1", owner=OWNER)

    assert KIND.bare(BareRequest("acme-media", "us-east-1", OWNER, REF)) == (
        Node("bucket", BUCKET, "acme-media", "us-east-1", presence),
    )


# What others need


def outputs(
    found: Mapping[str, Slice | Missing] = NOTHING, identity: Identity = AWS, region: str = "eu-central-1"
) -> dict[str, Any]:
    report = Report(Plan("s3/bucket", "media"), found=found)
    return told(expand({"region": region}), report, identity)


def told(
    node: Node, report: Report, identity: Identity = AWS, known: Mapping[str, Any] = NOTHING
) -> dict[str, Any]:
    request = Request(read_spec(KIND.spec, {}), REF, OWNER, status=known)
    return KIND.outputs(request, {"bucket": Settled(node, report)}, identity)


def test_the_outputs_of_an_accelerated_bucket() -> None:
    assert outputs({"acceleration": Acceleration(enabled=True)}) == {
        "arn": "arn:aws:s3:::media",
        "endpoints": {
            "plain": "media.s3.eu-central-1.amazonaws.com",
            "dualstack": "media.s3.dualstack.eu-central-1.amazonaws.com",
            "accelerated": "media.s3-accelerate.amazonaws.com",
        },
    }


@pytest.mark.parametrize(
    "found", [{}, {"acceleration": ABSENT}, {"acceleration": Acceleration(enabled=False)}]
)
def test_the_accelerated_endpoint_is_told_only_where_acceleration_was_read_as_on(
    found: dict[str, Slice | Missing],
) -> None:
    assert outputs(found)["endpoints"].keys() == {"plain", "dualstack"}


@pytest.mark.parametrize("on", [True, False])
def test_where_acceleration_could_not_be_read_its_endpoint_stays_as_it_was(on: bool) -> None:
    known = outputs({"acceleration": Acceleration(enabled=on)})
    blind = Report(
        Plan("s3/bucket", "media"), failures=(Failure("acceleration", "read", Unavailable("no answer")),)
    )
    assert told(expand({}), blind, known=known) == known


def test_in_china_names_end_otherwise() -> None:
    told = outputs(identity=CHINA, region="cn-north-1")

    assert told["arn"] == "arn:aws-cn:s3:::media"
    assert told["endpoints"]["plain"] == "media.s3.cn-north-1.amazonaws.com.cn"


def test_outputs_are_fields_of_the_status() -> None:
    KIND.status.model_validate(outputs({"acceleration": Acceleration(enabled=True)}))


# Distributions that refer to it

ARN = "arn:aws:cloudfront::111122223333:distribution/"
SITE = ObjectRef("Distribution", "shop", "site")


def referred_to(*claims: Claim, told: Mapping[str, str] | None = None, **spec: Any) -> Request[Any]:
    """Return a request of a bucket that has these claims on it, and that let these in before."""
    let_in = [{"distribution": path, "arn": arn} for path, arn in (told or {}).items()]
    status = {"cloudFrontAccess": let_in} if told else {}
    return Request(read_spec(KIND.spec, spec), REF, OWNER, "eu-central-1", status=status, claims=claims)


def let_in(request: Request[Any]) -> list[str] | None:
    (node,) = KIND.expand(request)
    said = [layer.settings["cloudFrontAccess"] for layer in node.layers if layer.source == "references"]
    return said[0]["distributionARNs"] if said else None


@pytest.mark.parametrize(
    ("request_", "arns", "anew"),
    [
        (referred_to(), None, False),
        (referred_to(Claim(SITE, "", True)), None, False),
        (referred_to(Claim(SITE, f"{ARN}E1", True)), [f"{ARN}E1"], True),
        (referred_to(Claim(SITE, f"{ARN}E1", True), told={"shop/site": f"{ARN}E1"}), [f"{ARN}E1"], False),
        (referred_to(Claim(SITE, f"{ARN}E2", True), told={"shop/site": f"{ARN}E1"}), [f"{ARN}E2"], True),
        (referred_to(Claim(SITE, f"{ARN}E1", False), told={"shop/site": f"{ARN}E1"}), [], True),
        # Retained: its object is no more, or is back and looks for it.
        (referred_to(told={"shop/site": f"{ARN}E1"}), [f"{ARN}E1"], False),
        (referred_to(Claim(SITE, "", True), told={"shop/site": f"{ARN}E1"}), [f"{ARN}E1"], False),
        (
            referred_to(
                Claim(SITE, f"{ARN}E1", False),
                told={"shop/site": f"{ARN}E1"},
                cloudFrontAccess={"distributionARNs": [f"{ARN}E1"]},
            ),
            [f"{ARN}E1"],
            False,
        ),
    ],
    ids=[
        "no claims", "not made yet", "new", "steady", "made anew", "not any more", "retained", "taken back",
        "let in by spec, too",
    ],
)  # fmt: skip
def test_who_is_let_in_and_whether_that_is_asked_anew(
    request_: Request[Any], arns: list[str] | None, anew: bool
) -> None:
    assert let_in(request_) == arns
    assert bool(KIND.asked_anew(request_)) is anew
