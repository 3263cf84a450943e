"""The same laws on moto, as a second opinion, and a list of what the two opinions differ in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.engine.errors import CloudError
from headrace.engine.facet import ResourceType
from headrace.resources.registry import resource_type
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import StandIn
from tests.laws.aws_world import AwsWorld
from tests.laws.facet_laws import FACET_LAWS
from tests.laws.laws import RESOURCE_LAWS, AnyFacet, look
from tests.laws.moto_world import Clients, moto_client, moto_world
from tests.laws.registered import RESOURCES, each_facet_of, each_resource_of, in_words

STRANGER = "222222222222"
OFF = "af-south-1"

UNKNOWN = frozenset(
    {"cloudfront/cache_policy", "cloudfront/origin_request_policy", "cloudfront/response_headers_policy"}
)
"""Types of which moto knows no operation."""

LEFT_OUT = {
    "cloudfront/distribution": "every behavior is answered with ForwardedValues, which we take for legacy",
    "route53/alias_records": "a batch that deletes a record and makes it anew is refused",
    "route53/validation_record": "a record that was deleted is said to be there when it is made again",
}
"""Types of which moto knows too little, and what it does otherwise."""
KNOWN = [resource for resource in RESOURCES if resource.name not in UNKNOWN | LEFT_OUT.keys()]


@pytest.fixture(scope="module")
def world() -> Iterator[AwsWorld]:
    with moto_world() as world:
        yield world


@pytest.mark.parametrize("law", RESOURCE_LAWS, ids=in_words)
@each_resource_of(KNOWN)
def test_a_law_of_resources_holds(law: Callable[..., None], resource: ResourceType, world: AwsWorld) -> None:
    law(resource, world)


@pytest.mark.parametrize("law", FACET_LAWS, ids=in_words)
@each_facet_of(KNOWN)
def test_a_law_of_facets_holds(
    law: Callable[..., None], resource: ResourceType, facet: AnyFacet, world: AwsWorld
) -> None:
    law(resource, facet, world)


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_moto_still_does_not_know(name: str, world: AwsWorld) -> None:
    resource = resource_type(name)
    with pytest.raises(CloudError):
        look(resource.root, world.fresh(resource))


# What moto and the stand-in differ in, of what our facets send or read


def answer(call: Callable[..., Any], *path: str, **parameters: Any) -> Any:
    """Return what a call says at this path, None if it says nothing there, or the code of its error."""
    try:
        said = call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    for key in path:
        said = said.get(key) if isinstance(said, dict) else said
    return said


def made(clients: Clients, name: str, **configuration: Any) -> Any:
    """Make a bucket and return the client that did."""
    s3 = clients("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION, **configuration})
    return s3


def tags_of_creation(clients: Clients, name: str) -> Any:
    s3 = made(clients, name, Tags=[{"Key": "team", "Value": "shop"}])
    return answer(s3.get_bucket_tagging, "TagSet", Bucket=name)


def encryption_of_new(clients: Clients, name: str) -> Any:
    found = answer(
        made(clients, name).get_bucket_encryption, "ServerSideEncryptionConfiguration", Bucket=name
    )
    return found if isinstance(found, str) else [found["Rules"][0][_DEFAULT]["SSEAlgorithm"]]


def block_of_new(clients: Clients, name: str) -> Any:
    s3 = made(clients, name)
    found = answer(s3.get_public_access_block, "PublicAccessBlockConfiguration", Bucket=name)
    return found if isinstance(found, str) else sorted(set(found.values()))


def ownership_of_new(clients: Clients, name: str) -> Any:
    s3 = made(clients, name)
    found = answer(s3.get_bucket_ownership_controls, "OwnershipControls", "Rules", Bucket=name)
    return found if isinstance(found, str) else [rule["ObjectOwnership"] for rule in found]


def encrypted(clients: Clients, name: str, **more: Any) -> Any:
    """Encrypt a new bucket with a rule that says this as well, and return the rule as it is read."""
    s3 = made(clients, name)
    rule = {_DEFAULT: {"SSEAlgorithm": "AES256"}, **more}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]


def blocked_encryption(clients: Clients, name: str) -> Any:
    rule = encrypted(clients, name, BlockedEncryptionTypes={"EncryptionType": ["SSE-C"]})
    return rule.get("BlockedEncryptionTypes")


def bucket_key_unsaid(clients: Clients, name: str) -> Any:
    return encrypted(clients, name).get("BucketKeyEnabled")


def block_of_one(clients: Clients, name: str) -> Any:
    s3 = made(clients, name)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    return len(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"])


def suspended_at_once(clients: Clients, name: str) -> Any:
    s3 = made(clients, name)
    s3.put_bucket_accelerate_configuration(Bucket=name, AccelerateConfiguration={"Status": "Suspended"})
    return answer(s3.get_bucket_accelerate_configuration, "Status", Bucket=name)


def other_owner_expected(clients: Clients, name: str) -> Any:
    s3 = made(clients, name)
    return answer(s3.get_bucket_versioning, "Status", Bucket=name, ExpectedBucketOwner=STRANGER)


def looked_at_by_a_stranger(clients: Clients, name: str) -> Any:
    made(clients, name)
    role = {"RoleArn": f"arn:aws:iam::{STRANGER}:role/any", "RoleSessionName": "stranger"}
    lent = clients("sts").assume_role(**role)["Credentials"]
    s3 = clients(
        "s3",
        access_key=lent["AccessKeyId"],
        secret_key=lent["SecretAccessKey"],
        session_token=lent["SessionToken"],
    )
    return answer(s3.head_bucket, "BucketRegion", Bucket=name)


def made_again_elsewhere(clients: Clients, name: str) -> Any:
    clients("s3", region="us-east-1").create_bucket(Bucket=name)
    where = {"LocationConstraint": REGION}
    return answer(clients("s3").create_bucket, "None", Bucket=name, CreateBucketConfiguration=where)


def made_where_not_enabled(clients: Clients, name: str) -> Any:
    s3, where = clients("s3", region=OFF), {"LocationConstraint": OFF}
    return answer(s3.create_bucket, "None", Bucket=name, CreateBucketConfiguration=where)


def tagged(clients: Clients, name: str, *keys: str) -> Any:
    """Tag a resource by S3 Control, and return the code of the error if it fails."""
    tags = [{"Key": key, "Value": "value"} for key in keys]
    arn = f"arn:aws:s3:::{name}"
    control = clients("s3control")
    return answer(control.tag_resource, "None", AccountId=ACCOUNT, ResourceArn=arn, Tags=tags)


def tag_of_aws(clients: Clients, name: str) -> Any:
    made(clients, name)
    return tagged(clients, name, "aws:team")


def tags_too_many(clients: Clients, name: str) -> Any:
    made(clients, name)
    return tagged(clients, name, *(f"tag-{number}" for number in range(51)))


def tag_of_nothing(clients: Clients, name: str) -> Any:
    return tagged(clients, name, "team")


def tags_read_of_nothing(clients: Clients, name: str) -> Any:
    arn = f"arn:aws:s3:::{name}"
    return answer(clients("s3control").list_tags_for_resource, "Tags", AccountId=ACCOUNT, ResourceArn=arn)


def aged(clients: Clients, name: str, size: str = "", **more: Any) -> Any:
    """Give a new bucket a rule that says this, and return the configuration as it is read."""
    s3 = made(clients, name)
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, **more}
    asked = {"TransitionDefaultMinimumObjectSize": size} if size else {}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]}, **asked)
    return s3.get_bucket_lifecycle_configuration(Bucket=name)


def rule_of_sizes(clients: Clients, name: str) -> Any:
    sized = {"ObjectSizeGreaterThan": 5}
    return aged(clients, name, Filter=sized, Expiration={"Days": 1})["Rules"][0]["Filter"]


def versions_to_keep(clients: Clients, name: str) -> Any:
    kept = {"NoncurrentDays": 1, "NewerNoncurrentVersions": 3}
    rule = aged(clients, name, NoncurrentVersionExpiration=kept)["Rules"][0]
    return rule["NoncurrentVersionExpiration"]


def least_size_to_move(clients: Clients, name: str) -> Any:
    found = aged(clients, name, size="varies_by_storage_class", Expiration={"Days": 1})
    return found["TransitionDefaultMinimumObjectSize"]


_DEFAULT = "ApplyServerSideEncryptionByDefault"
_TAGS = [{"Key": "team", "Value": "shop"}]


@dataclass(frozen=True)
class Difference:
    """One question, both answers, and what follows for the laws."""

    ask: Callable[[Clients, str], Any]
    stand_in: Any
    moto: Any
    why: str


DIFFERENCES = [
    Difference(tags_of_creation, _TAGS, "NoSuchTagSet", "moto forgets them; moto_world puts them back."),
    Difference(
        encryption_of_new,
        ["AES256"],
        "ServerSideEncryptionConfigurationNotFoundError",
        "moto has S3 as it was before 2023. A facet reads both as AES256.",
    ),
    Difference(
        block_of_new,
        [True],
        "NoSuchPublicAccessBlockConfiguration",
        "moto has S3 as it was before April 2023, as old buckets still are.",
    ),
    Difference(
        ownership_of_new,
        ["BucketOwnerEnforced"],
        "OwnershipControlsNotFoundError",
        "moto has S3 as it was before April 2023, as old buckets still are.",
    ),
    Difference(
        blocked_encryption,
        {"EncryptionType": ["SSE-C"]},
        None,
        "moto does not know them, so values beyond the samples are tried on the stand-in only.",
    ),
    Difference(
        bucket_key_unsaid,
        None,
        False,
        "S3's reference does not tell. The facet always says it, and reads both.",
    ),
    Difference(block_of_one, 1, 4, "moto is right here: S3 tells all four. The facet reads both as off."),
    Difference(
        suspended_at_once, "Suspended", None, "moto ignores it where it never was on. Both read as off."
    ),
    Difference(
        rule_of_sizes,
        {"ObjectSizeGreaterThan": 5},
        {},
        "moto knows no sizes, so rules beyond the samples are tried on the stand-in only.",
    ),
    Difference(
        versions_to_keep,
        {"NoncurrentDays": 1, "NewerNoncurrentVersions": 3},
        {"NoncurrentDays": 1},
        "moto forgets how many to keep, so rules beyond the samples are tried on the stand-in only.",
    ),
    Difference(
        least_size_to_move,
        "varies_by_storage_class",
        "all_storage_classes_128K",
        "moto tells the default always; the field is silent in the samples.",
    ),
    Difference(other_owner_expected, "AccessDenied", None, "moto ignores the header."),
    Difference(looked_at_by_a_stranger, "403", REGION, "moto lets every account look at every bucket."),
    Difference(
        made_again_elsewhere,
        None,
        "BucketAlreadyOwnedByYou",
        "us-east-1 is the exception, and S3's reference does not tell whether the bucket's or the caller's. "
        "The root was looked at before, and is after.",
    ),
    Difference(made_where_not_enabled, "InvalidAccessKeyId", None, "moto has all regions enabled."),
    Difference(tag_of_aws, "InvalidTag", None, "moto checks no tags of S3 Control."),
    Difference(tags_too_many, "BadRequest", None, "moto checks no tags of S3 Control."),
    Difference(tag_of_nothing, "NoSuchResource", None, "moto tags what is not there."),
    Difference(tags_read_of_nothing, "NoSuchResource", [], "moto reads no tags where there is no bucket."),
]


@pytest.mark.standin
@pytest.mark.parametrize("it", DIFFERENCES, ids=lambda it: it.ask.__name__)
@pytest.mark.usefixtures("world")
def test_the_difference_is_still_there(it: Difference, aws: StandIn) -> None:
    aws.reset()
    name = it.ask.__name__.replace("_", "-")
    said = it.ask(aws.client, name), it.ask(moto_client, name)
    gone = f"remove {it.ask.__name__} from the list, with what makes up for it: {it.why}"
    assert said[0] != said[1], f"both say {said[0]!r} now: {gone}"
    assert said == (it.stand_in, it.moto)
