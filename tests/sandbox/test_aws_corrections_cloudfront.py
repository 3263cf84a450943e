"""Where the stand-in behaves like AWS in what our distributions rely on, by itself or put right."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.stand_in import StandIn
from tests.sandbox.cdn import OPTIMIZED, Cdn, arn, behavior, config, listed, origin

pytestmark = pytest.mark.standin

STRANGER = "222222222222"
HOUR = 3600.0
FORWARDED = {"QueryString": False, "Cookies": {"Forward": "none"}}
# Members that name something that has to be there, or stand for another.
ELSEWHERE = {
    *("OriginAccessControlId", "OriginRequestPolicyId", "ResponseHeadersPolicyId", "CachePolicyId"),
    *("VpcOriginConfig", "Aliases", "OriginGroups", "ACMCertificateArn", "S3OriginConfig"),
}


def _refusal(act: Callable[..., object], **parameters: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        act(**parameters)
    said: Any = caught.value.response
    return said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Code"], said["Error"]["Message"]


def test_a_distribution_is_in_progress_after_its_creation_and_each_update(cdn: Cdn) -> None:
    made = cdn.create()
    assert made["Status"] == "InProgress"
    assert cdn.status(made["Id"]) == "Deployed"
    cdn.aws.deployment(HOUR)
    updated = cdn.update(made["Id"], Comment="other")
    assert updated["Distribution"]["Status"] == "InProgress"
    assert updated["Distribution"]["LastModifiedTime"] > made["LastModifiedTime"]
    assert cdn.status(made["Id"]) == "InProgress"
    listed_now = cdn.cloudfront.list_distributions()["DistributionList"]["Items"]
    assert [each["Status"] for each in listed_now] == ["InProgress"]
    etag = cdn.cloudfront.get_distribution(Id=made["Id"])["ETag"]
    cdn.aws.deployment(0)
    assert cdn.status(made["Id"]) == "Deployed"
    assert cdn.cloudfront.get_distribution(Id=made["Id"])["ETag"] == etag == updated["ETag"]


def test_the_stand_in_starts_with_a_deployment_time_and_goes_back_to_it() -> None:
    with StandIn(deployment=HOUR) as aws:
        number = Cdn(aws).create()["Id"]
        assert Cdn(aws).status(number) == "InProgress"
        aws.deployment(0)
        assert Cdn(aws).status(number) == "Deployed"
        aws.reset()
        assert Cdn(aws).status(Cdn(aws).create()["Id"]) == "InProgress"


def test_a_distribution_goes_once_it_is_disabled_and_deployed(cdn: Cdn) -> None:
    number = cdn.create()["Id"]
    delete = cdn.cloudfront.delete_distribution
    etag = cdn.cloudfront.get_distribution(Id=number)["ETag"]
    assert _refusal(delete, Id=number, IfMatch=etag)[:2] == (409, "DistributionNotDisabled")
    cdn.aws.deployment(HOUR)
    etag = cdn.update(number, Enabled=False)["ETag"]
    assert _refusal(delete, Id=number, IfMatch=etag)[:2] == (409, "DistributionNotDisabled")
    assert _refusal(delete, Id=number, IfMatch="stale")[:2] == (412, "PreconditionFailed")
    cdn.aws.deployment(0)
    delete(Id=number, IfMatch=etag)
    assert _refusal(cdn.cloudfront.get_distribution, Id=number)[:2] == (404, "NoSuchDistribution")


def test_a_caller_reference_is_taken_as_long_as_its_distribution_is_there(cdn: Cdn) -> None:
    number = cdn.create("taken")["Id"]
    said = _refusal(cdn.create, reference="taken")
    assert said[:2] == (409, "DistributionAlreadyExists")
    assert said[2].endswith(f"Already exists: {number}")
    tagged = {"DistributionConfig": config("taken"), "Tags": {"Items": []}}
    create = cdn.cloudfront.create_distribution_with_tags
    assert _refusal(create, DistributionConfigWithTags=tagged)[1] == "DistributionAlreadyExists"
    Cdn(cdn.aws, account=STRANGER).create("taken")
    etag = cdn.update(number, Enabled=False)["ETag"]
    cdn.cloudfront.delete_distribution(Id=number, IfMatch=etag)
    assert cdn.create("taken")["Id"] != number


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"CustomErrorResponses": {"Quantity": 1}}, "InconsistentQuantities"),
        ({"DefaultCacheBehavior": behavior("media", ForwardedValues=FORWARDED)}, "InvalidArgument"),
        ({"Origins": listed({**origin("media"), "DomainName": "www.example.org"})}, "InvalidArgument"),
        ({"DefaultCacheBehavior": behavior("nowhere")}, "NoSuchOrigin"),
        ({"CacheBehaviors": listed(behavior("nowhere", PathPattern="/a"))}, "NoSuchOrigin"),
        (
            {
                "OriginGroups": listed(
                    {
                        "Id": "both",
                        "FailoverCriteria": {"StatusCodes": listed(500)},
                        "Members": listed({"OriginId": "media"}, {"OriginId": "nowhere"}),
                    }
                )
            },
            "NoSuchOrigin",
        ),
        ({"DefaultCacheBehavior": behavior("media", CachePolicyId="none")}, "NoSuchCachePolicy"),
        (
            {"DefaultCacheBehavior": behavior("media", OriginRequestPolicyId="none")},
            "NoSuchOriginRequestPolicy",
        ),
        (
            {"DefaultCacheBehavior": behavior("media", ResponseHeadersPolicyId="none")},
            "NoSuchResponseHeadersPolicy",
        ),
        ({"Origins": listed(origin("media", control="none"))}, "InvalidOriginAccessControl"),
        ({"Aliases": listed("www.example.org")}, "InvalidViewerCertificate"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_creation_and_update(
    cdn: Cdn, changes: dict[str, Any], code: str
) -> None:
    assert _refusal(cdn.create, reference="wrong", **changes)[1] == code
    assert "Items" not in cdn.cloudfront.list_distributions()["DistributionList"]
    number = cdn.create()["Id"]
    assert _refusal(cdn.update, number=number, **changes)[1] == code


def test_an_origin_group_is_a_target(cdn: Cdn) -> None:
    members = listed({"OriginId": "a"}, {"OriginId": "b"})
    group = {"Id": "both", "FailoverCriteria": {"StatusCodes": listed(500)}, "Members": members}
    made = cdn.create(
        "one", origin("a"), origin("b"), OriginGroups=listed(group), DefaultCacheBehavior=behavior("both")
    )
    assert made["DistributionConfig"]["OriginGroups"]["Quantity"] == 1


def test_an_update_carries_what_a_creation_may_leave_out(cdn: Cdn) -> None:
    number = cdn.create()["Id"]
    read = cdn.cloudfront.get_distribution_config(Id=number)
    put = {"Id": number, "IfMatch": read["ETag"]}
    said = _refusal(cdn.cloudfront.update_distribution, **put, DistributionConfig=config("one"))
    assert said == (400, "IllegalUpdate", "Aliases is required for updates.")
    whole = read["DistributionConfig"]
    del whole["DefaultCacheBehavior"]["Compress"]
    said = _refusal(cdn.cloudfront.update_distribution, **put, DistributionConfig=whole)
    assert said == (400, "IllegalUpdate", "Compress is required for updates.")
    assert _refusal(cdn.update, number=number, CallerReference="other")[1] == "IllegalUpdate"
    cdn.update(number)


def test_what_is_left_out_is_told_with_its_default_and_comes_back_the_same(cdn: Cdn) -> None:
    number = cdn.create()["Id"]
    read = cdn.cloudfront.get_distribution_config(Id=number)["DistributionConfig"]
    assert read["PriceClass"] == "PriceClass_All"
    assert read["Logging"] == {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""}
    assert read["ViewerCertificate"]["CertificateSource"] == "cloudfront"
    assert read["Origins"]["Items"][0]["ConnectionAttempts"] == 3
    assert read["DefaultCacheBehavior"]["AllowedMethods"]["CachedMethods"]["Items"] == ["HEAD", "GET"]
    cdn.update(number)
    assert cdn.cloudfront.get_distribution_config(Id=number)["DistributionConfig"] == read
    summary = cdn.cloudfront.list_distributions()["DistributionList"]["Items"][0]
    assert summary["Origins"] == read["Origins"]


def _whole(shape: Any, name: str = "") -> Any:
    """Something for every member of a shape of botocore's model that does not name something else."""
    if shape.type_name == "structure":
        members = {key: _whole(member, key) for key, member in shape.members.items() if key not in ELSEWHERE}
        return members | ({"Quantity": 1} if "Quantity" in members else {})
    if shape.type_name == "list":
        return [_whole(shape.member, name)]
    if shape.type_name == "string":
        return {"Id": "media", "TargetOriginId": "media"}.get(name, (shape.enum or [name])[0])
    return {"boolean": True, "integer": 7, "long": 7, "float": 0.5}[shape.type_name]


def _same(sent: Any, told: Any, path: str) -> None:
    """What was sent is told; more may be told besides."""
    if isinstance(sent, dict):
        for key, value in sent.items():
            assert key in told, f"{path}.{key}"
            _same(value, told[key], f"{path}.{key}")
    elif isinstance(sent, list):
        assert len(told) == len(sent), path
        for one, other in zip(sent, told, strict=True):
            _same(one, other, path)
    else:
        assert told == sent, path


def test_every_member_of_a_configuration_comes_back(cdn: Cdn) -> None:
    wanted = _whole(cdn.cloudfront.meta.service_model.shape_for("DistributionConfig"))
    number = cdn.cloudfront.create_distribution(DistributionConfig=wanted)["Distribution"]["Id"]
    read = cdn.cloudfront.get_distribution_config(Id=number)["DistributionConfig"]
    _same(wanted, read, "DistributionConfig")
    cdn.replace(number)
    assert cdn.cloudfront.get_distribution_config(Id=number)["DistributionConfig"] == read


def test_an_alias_needs_an_issued_certificate_of_us_east_1_that_covers_it(cdn: Cdn) -> None:
    zone = cdn.zone()
    covering = cdn.issued(zone, "example.org", "*.example.org")

    def refused(name: str, certificate: str) -> str:
        viewer = {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only"}
        return _refusal(cdn.create, reference=name, Aliases=listed(name), ViewerCertificate=viewer)[1]

    pending = cdn.acm.request_certificate(DomainName="new.example.org")["CertificateArn"]
    europe = cdn.aws.client("acm", region="eu-central-1")
    elsewhere = europe.request_certificate(DomainName="www.example.org")["CertificateArn"]
    for name, certificate in (
        ("www.example.org", pending),
        ("www.example.org", elsewhere),
        ("www.example.org", covering[:-1]),
        ("www.example.com", covering),
        ("a.www.example.org", covering),
    ):
        assert refused(name, certificate) == "InvalidViewerCertificate"
    viewer = {"ACMCertificateArn": covering, "SSLSupportMethod": "sni-only"}
    cdn.create("both", Aliases=listed("www.example.org", "example.org"), ViewerCertificate=viewer)


def _aliased(cdn: Cdn, reference: str, *names: str) -> dict[str, Any]:
    certificate = cdn.issued(cdn.zone(), *names)
    viewer = {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only"}
    return cdn.create(reference, Aliases=listed(*names), ViewerCertificate=viewer)


def test_an_alias_belongs_to_one_distribution_of_all_accounts(cdn: Cdn) -> None:
    number = _aliased(cdn, "one", "www.example.org")["Id"]
    stranger = Cdn(cdn.aws, account=STRANGER)
    with pytest.raises(ClientError) as caught:
        _aliased(stranger, "two", "www.example.org")
    assert caught.value.response["Error"]["Code"] == "CNAMEAlreadyExists"
    asker = stranger.create("asking")["Id"]
    ask: Any = stranger.cloudfront.list_conflicting_aliases
    told = ask(DistributionId=asker, Alias="www.example.org")["ConflictingAliasesList"]
    entry = {
        "Alias": "www.example.org",
        "DistributionId": f"*******{number[7:]}",
        "AccountId": "******789012",
    }
    assert (told["Quantity"], told["Items"]) == (1, [entry])
    assert ask(DistributionId=asker, Alias="*.example.org")["ConflictingAliasesList"]["Quantity"] == 1
    assert ask(DistributionId=asker, Alias="example.org")["ConflictingAliasesList"]["Quantity"] == 0
    assert cdn.update(number, Comment="keeps its alias")


def _policy_operations(cdn: Cdn, kind: str) -> tuple[Any, Any, Any, Any]:
    """Create one by name, delete one, who uses one, all of them."""
    cloudfront = cdn.cloudfront
    nothing: dict[str, dict[str, Any]] = {
        "cache_policy": {"MinTTL": 0},
        "origin_request_policy": {
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        },
        "response_headers_policy": {},
    }
    type_name = kind.title().replace("_", "")

    def create(name: str) -> Any:
        make = getattr(cloudfront, f"create_{kind}")
        return make(**{f"{type_name}Config": {"Name": name, **nothing[kind]}})

    def delete(made: Any) -> None:
        getattr(cloudfront, f"delete_{kind}")(Id=made[type_name]["Id"], IfMatch=made["ETag"])

    def used(made: Any, **page: Any) -> Any:
        ask = getattr(cloudfront, f"list_distributions_by_{kind}_id")
        return ask(**{f"{type_name}Id": made[type_name]["Id"]}, **page)["DistributionIdList"]

    return create, delete, used, type_name


@pytest.mark.parametrize("kind", ["cache_policy", "origin_request_policy", "response_headers_policy"])
def test_a_policy_stays_while_a_distribution_uses_it(cdn: Cdn, kind: str) -> None:
    create, delete, used, type_name = _policy_operations(cdn, kind)
    made = create("mine")
    assert _refusal(create, name="mine")[:2] == (409, f"{type_name}AlreadyExists")
    assert used(made)["Quantity"] == 0
    uses = {f"{type_name}Id": made[type_name]["Id"]}
    numbers = [
        cdn.create("default", DefaultCacheBehavior=behavior("media", **uses))["Id"],
        cdn.create("other", CacheBehaviors=listed(behavior("media", PathPattern="/a", **uses)))["Id"],
    ]
    assert used(made)["Items"] == sorted(numbers)
    first = used(made, MaxItems="1")
    assert (first["Items"], first["IsTruncated"]) == (sorted(numbers)[:1], True)
    assert used(made, Marker=first["NextMarker"])["Items"] == sorted(numbers)[1:]
    assert _refusal(delete, made=made)[:2] == (409, f"{type_name}InUse")
    cdn.replace(numbers[0], DefaultCacheBehavior=_without(cdn, numbers[0], f"{type_name}Id"))
    cdn.update(numbers[1], CacheBehaviors={"Quantity": 0})
    delete(made)


def _without(cdn: Cdn, number: str, member: str) -> dict[str, Any]:
    """The default behavior with another policy, or none, of each type."""
    read = cdn.cloudfront.get_distribution_config(Id=number)["DistributionConfig"]["DefaultCacheBehavior"]
    return {key: value for key, value in read.items() if key != member} | {"CachePolicyId": OPTIMIZED}


def test_an_account_has_room_for_20_policies_of_a_type(cdn: Cdn) -> None:
    for kind, many in (
        ("cache_policy", "CachePolicies"),
        ("response_headers_policy", "ResponseHeadersPolicies"),
    ):
        create, delete, _, type_name = _policy_operations(cdn, kind)
        made = [create(f"policy-{number}") for number in range(20)]
        assert _refusal(create, name="one-more")[:2] == (400, f"TooMany{many}")
        delete(made[0])
        create("one-more")
        listing = getattr(cdn.cloudfront, f"list_{kind.replace('policy', 'policies')}")
        first = listing(Type="custom", MaxItems="15")[f"{type_name}List"]
        rest = listing(Type="custom", Marker=first["NextMarker"])[f"{type_name}List"]
        assert (first["Quantity"], rest["Quantity"], "NextMarker" in rest) == (15, 5, False)


def test_an_access_control_stays_while_an_origin_uses_it(cdn: Cdn) -> None:
    number = cdn.control()
    etag = cdn.cloudfront.get_origin_access_control(Id=number)["ETag"]
    distribution = cdn.create("one", origin("media", control=number))["Id"]
    delete = cdn.cloudfront.delete_origin_access_control
    assert _refusal(delete, Id=number, IfMatch=etag)[:2] == (409, "OriginAccessControlInUse")
    cdn.update(distribution, Origins=listed(_bare(cdn, distribution)))
    delete(Id=number, IfMatch=etag)


def _bare(cdn: Cdn, number: str) -> dict[str, Any]:
    read = cdn.cloudfront.get_distribution_config(Id=number)["DistributionConfig"]
    return {**read["Origins"]["Items"][0], "OriginAccessControlId": ""}


def test_lists_come_in_pages(cdn: Cdn) -> None:
    numbers = sorted(cdn.create(f"reference-{number}")["Id"] for number in range(3))
    first = cdn.cloudfront.list_distributions(MaxItems="2")["DistributionList"]
    assert [each["Id"] for each in first["Items"]] == numbers[:2]
    assert (first["IsTruncated"], first["Quantity"], first["MaxItems"]) == (True, 2, 2)
    second = cdn.cloudfront.list_distributions(Marker=first["NextMarker"])["DistributionList"]
    assert [each["Id"] for each in second["Items"]] == numbers[2:]
    assert (second["IsTruncated"], second["Quantity"], "NextMarker" in second) == (False, 1, False)
    controls = sorted(cdn.control(f"control-{number}") for number in range(3))
    pages = cdn.cloudfront.get_paginator("list_origin_access_controls")
    found = [
        [each["Id"] for each in page["OriginAccessControlList"]["Items"]]
        for page in pages.paginate(PaginationConfig={"PageSize": 2})
    ]
    assert found == [controls[:2], controls[2:]]


def test_what_is_not_implemented_says_so(cdn: Cdn) -> None:
    number = cdn.create()["Id"]
    copy = cdn.cloudfront.copy_distribution
    said = _refusal(copy, PrimaryDistributionId=number, CallerReference="copy", IfMatch="x")
    assert said[:2] == (501, "NotImplemented")


def test_tags_of_distributions_are_found_in_us_east_1_and_go_with_them(cdn: Cdn) -> None:
    tags = {"Items": [{"Key": "owner", "Value": "me"}]}
    wanted = {"DistributionConfig": config("tagged"), "Tags": tags}
    made = cdn.cloudfront.create_distribution_with_tags(DistributionConfigWithTags=wanted)["Distribution"]

    def found(region: str = "us-east-1") -> list[str]:
        api = cdn.aws.client("resourcegroupstaggingapi", region=region)
        asked = {"Key": "owner", "Values": ["me"]}
        told = api.get_resources(TagFilters=[asked], ResourceTypeFilters=["cloudfront:distribution"])
        return [each["ResourceARN"] for each in told["ResourceTagMappingList"]]

    assert found() == [made["ARN"]] == [arn(made["Id"])]
    assert found("eu-central-1") == []
    etag = cdn.update(made["Id"], Enabled=False)["ETag"]
    cdn.cloudfront.delete_distribution(Id=made["Id"], IfMatch=etag)
    assert found() == []
