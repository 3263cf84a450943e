"""Lenses on how a distribution meets its viewers: what is put is got, and nothing else is touched."""

import copy
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import pytest
from botocore.model import ListShape, Shape, StructureShape
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.engine.document import Document, Lens, folded
from headrace.engine.plan import Change
from headrace.engine.slices import ABSENT
from headrace.engine.wish import Wish
from headrace.resources.cloudfront.distribution._cache_behavior import Behavior
from headrace.resources.cloudfront.distribution._store import STORE
from headrace.resources.cloudfront.distribution.behaviors import Behaviors, BehaviorsLens
from headrace.resources.cloudfront.distribution.default_behavior import DefaultBehaviorLens
from headrace.resources.cloudfront.distribution.error_responses import ErrorResponsesLens
from headrace.resources.cloudfront.distribution.geo_restriction import GeoRestriction, GeoRestrictionLens
from headrace.resources.cloudfront.distribution.logging import Logging, LoggingLens
from headrace.resources.cloudfront.distribution.viewer_certificate import (
    ViewerCertificate,
    ViewerCertificateLens,
)
from headrace.resources.cloudfront.distribution.viewer_mtls import ViewerMTLSLens
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import StandIn
from tests.unit.resources.distribution_values import (
    CACHE,
    CERTIFICATES,
    COUNTRIES,
    DEFAULT_BEHAVIORS,
    DOCUMENT,
    ERRORS,
    LEGACY,
    LOGS,
    MODERN,
    MTLS,
    PATHS,
)

DEFAULT, BEHAVIORS, CERTIFICATE = DefaultBehaviorLens(), BehaviorsLens(), ViewerCertificateLens()
LENSES: Mapping[str, tuple[Lens[Any, Any], st.SearchStrategy[Any], str]] = {
    lens.name: (lens, values, member)
    for lens, values, member in (
        (DEFAULT, DEFAULT_BEHAVIORS, "DefaultCacheBehavior"),
        (BEHAVIORS, PATHS, "CacheBehaviors"),
        (ErrorResponsesLens(), ERRORS, "CustomErrorResponses"),
        (GeoRestrictionLens(), COUNTRIES, "Restrictions"),
        (CERTIFICATE, CERTIFICATES, "ViewerCertificate"),
        (ViewerMTLSLens(), MTLS, "ViewerMtlsConfig"),
        (LoggingLens(), LOGS, "Logging"),
    )
}
each_lens = pytest.mark.parametrize(("lens", "values", "member"), LENSES.values(), ids=list(LENSES))
B = TypeVar("B", bound=Behavior)
few = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def odd(value: Any) -> Any:
    """Return a document with a member in each of its objects that nobody knows."""
    if isinstance(value, Mapping):
        return {"Newer": "kept"} | {member: odd(each) for member, each in value.items()}
    return [odd(each) for each in value] if isinstance(value, list) else value


def oddities(value: Any, path: str = "") -> Iterator[str]:
    """Walk the places of the members that nobody knows."""
    if isinstance(value, Mapping):
        for member, each in value.items():
            yield from [path] if member == "Newer" else oddities(each, f"{path}.{member}")
    elif isinstance(value, list):
        for each in value:
            key = next((each[k] for k in ("PathPattern", "ErrorCode", "EventType") if k in each), "")
            yield from oddities(each, f"{path}[{key}]")


@each_lens
def test_what_is_put_into_any_document_is_got_from_it(
    lens: Lens[Any, Any], values: st.SearchStrategy[Any], member: str
) -> None:
    @few
    @given(value=values, body=st.sampled_from(({}, DOCUMENT, odd(DOCUMENT))))
    def is_got(value: Any, body: Mapping[str, Any]) -> None:
        before = copy.deepcopy(body)

        written = lens.put(body, value)

        assert lens.get(written) == (ABSENT if value.is_empty() else value)
        assert lens.put(written, value) == written
        assert body == before

    is_got()


@each_lens
def test_a_value_leaves_the_other_members_of_the_document(
    lens: Lens[Any, Any], values: st.SearchStrategy[Any], member: str
) -> None:
    others = {name: each for name, each in DOCUMENT.items() if name != member}

    @few
    @given(value=st.one_of(values, st.just(ABSENT)))
    def leaves_them(value: Any) -> None:
        assert {name: each for name, each in lens.put(DOCUMENT, value).items() if name != member} == others

    leaves_them()


@each_lens
def test_a_document_that_is_read_and_written_again_is_the_same(
    lens: Lens[Any, Any], values: object, member: str
) -> None:
    found = lens.get(DOCUMENT)

    assert lens.put(DOCUMENT, found) == DOCUMENT
    assert lens.put({}, found) == {member: DOCUMENT[member]}


@each_lens
def test_members_that_nobody_knows_stay_where_the_value_stays(
    lens: Lens[Any, Any], values: object, member: str
) -> None:
    body = odd(DOCUMENT)

    assert sorted(oddities(lens.put(body, lens.get(body)))) == sorted(oddities(body))


@each_lens
def test_what_is_absent_is_off(lens: Lens[Any, Any], values: object, member: str) -> None:
    off = lens.put(DOCUMENT, ABSENT)

    assert lens.get(off) == (lens.resting or ABSENT)
    assert lens.get({}) == (lens.resting or ABSENT)
    assert lens.put(off, ABSENT) == off


def leaves(shape: Shape, path: str = "") -> Iterator[str]:
    """Walk the members of a shape of botocore's that have no members."""
    if isinstance(shape, StructureShape):
        for name, inner in shape.members.items():
            yield from leaves(inner, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        yield from leaves(shape.member, f"{path}[]")
    else:
        yield path


def filled(value: Any, path: str = "") -> Iterator[str]:
    """Walk what a document says in the same words."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from filled(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from filled(inner, f"{path}[]")
    else:
        yield path


def test_the_document_of_these_tests_says_all_that_botocore_knows_of_these_members() -> None:
    shape = get_session().get_service_model("cloudfront").shape_for("DistributionConfig")
    assert isinstance(shape, StructureShape)
    members = {member for _, _, member in LENSES.values()}
    known = {path for name in members for path in leaves(shape.members[name], name)}
    # One certificate is instead of another, and the deprecated members say the same again.
    known -= {
        f"ViewerCertificate.{name}" for name in ("IAMCertificateId", "Certificate", "CertificateSource")
    }
    # In the place of legacy values.
    known -= {f"DefaultCacheBehavior.{name}" for name in ("CachePolicyId", "OriginRequestPolicyId")}

    assert known == {path for name in members for path in filled(DOCUMENT[name], name)}


def behaviors(**of_paths: Mapping[str, Any]) -> Behaviors:
    """Return behaviours in this order."""
    value = [{"path": f"/{name}/*", "origin": "media", **fields} for name, fields in of_paths.items()]
    return Behaviors.model_validate({"value": value})


def changed(before: Behaviors, after: Behaviors) -> dict[str, tuple[str, str]]:
    """Return what a plan says: found and wanted, by field."""
    change = Change("behaviors", before, after, Wish(after))
    return {field.field: (field.found, field.wanted) for field in change.fields}


def test_the_order_of_behaviors_is_kept_and_is_a_difference() -> None:
    one, other = behaviors(a={}, b={}), behaviors(b={}, a={})
    found = BEHAVIORS.get(BEHAVIORS.put({}, other))

    assert isinstance(found, Behaviors)
    assert [each.path for each in found.value] == ["/b/*", "/a/*"]
    assert found != one
    assert changed(found, one) == {"behaviors.order": ('["/b/*","/a/*"]', '["/a/*","/b/*"]')}


def test_drift_of_a_behavior_reads_field_by_field() -> None:
    found = behaviors(a={}, b={"viewerProtocol": "allow-all"})

    assert changed(found, behaviors(a={}, b={"compress": False})) == {
        "behaviors[/b/*].compress": ("true", "false"),
        "behaviors[/b/*].viewerProtocol": ("allow-all", "redirect-to-https"),
    }


def test_a_behavior_that_is_added_says_where_it_is_tried() -> None:
    fields = changed(behaviors(a={}), behaviors(b={}, a={}))

    assert fields["behaviors.order"] == ("absent", '["/b/*","/a/*"]')
    assert fields["behaviors[/b/*].origin"] == ("absent", "media")


def test_a_behavior_that_moves_takes_along_what_nobody_knows_of_it() -> None:
    body = {"CacheBehaviors": {"Quantity": 2, "Items": [
        {"PathPattern": "/a/*", "Newer": 1} | MODERN, {"PathPattern": "/b/*", "Newer": 2} | MODERN,
    ]}}  # fmt: skip
    found = BEHAVIORS.get(body)
    assert isinstance(found, Behaviors)

    moved = BEHAVIORS.put(body, Behaviors(value=found.value[::-1]))

    assert [(each["PathPattern"], each["Newer"]) for each in moved["CacheBehaviors"]["Items"]] == [
        ("/b/*", 2),
        ("/a/*", 1),
    ]


def test_what_cloudfront_lists_in_another_order_is_the_same() -> None:
    shuffled = copy.deepcopy(dict(LEGACY))
    shuffled["AllowedMethods"]["Items"].reverse()
    shuffled["TrustedKeyGroups"]["Items"].reverse()

    assert DEFAULT.get({"DefaultCacheBehavior": shuffled}) == DEFAULT.get({"DefaultCacheBehavior": LEGACY})


def test_a_policy_takes_the_place_of_legacy_values() -> None:
    body = DEFAULT.put({"DefaultCacheBehavior": LEGACY}, Behavior(origin="media", cache_policy_id="c"))

    assert (
        body["DefaultCacheBehavior"].keys() & {"ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"} == set()
    )
    assert body["DefaultCacheBehavior"]["CachePolicyId"] == "c"


@pytest.mark.parametrize(
    ("said", "filled_in"),
    [
        ({}, (0, 86_400, 31_536_000)),
        ({"minTTL": 100_000}, (100_000, 100_000, 31_536_000)),
        ({"maxTTL": 60}, (0, 60, 60)),
        ({"defaultTTL": 40_000_000}, (0, 40_000_000, 40_000_000)),
    ],
)
def test_legacy_ttls_that_are_silent_are_those_that_cloudfront_fills_in(
    said: dict[str, int], filled_in: tuple[int, int, int]
) -> None:
    value = Behavior.model_validate({"origin": "media", "forwardedValues": {}} | said)

    assert (value.min_ttl, value.default_ttl, value.max_ttl) == filled_in


CLOUDFRONTS_OWN = {
    "CloudFrontDefaultCertificate": True,
    "SSLSupportMethod": "vip",
    "MinimumProtocolVersion": "TLSv1",
    "CertificateSource": "cloudfront",
}
OF_ACM = {
    "ACMCertificateArn": "a",
    "SSLSupportMethod": "sni-only",
    "MinimumProtocolVersion": "TLSv1.2_2021",
    "Certificate": "a",
    "CertificateSource": "acm",
    "CloudFrontDefaultCertificate": False,
}
OLD_OF_IAM = {"Certificate": "i", "CertificateSource": "iam", "SSLSupportMethod": "vip"}


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        (CLOUDFRONTS_OWN, {}),
        ({}, {}),
        (
            OF_ACM,
            {"certificateARN": "a", "minimumProtocolVersion": "TLSv1.2_2021", "sslSupport": "sni-only"},
        ),
        (OLD_OF_IAM, {"iamCertificateID": "i", "sslSupport": "vip"}),
    ],
    ids=["CloudFront's own", "nothing", "of Certificate Manager", "of IAM, in deprecated members"],
)
def test_a_certificate_is_the_same_in_whichever_members_it_is_told(
    told: Mapping[str, Any], fields: Mapping[str, str]
) -> None:
    found = CERTIFICATE.get({"ViewerCertificate": told})

    assert isinstance(found, ViewerCertificate)
    assert found.fields() == fields
    assert CERTIFICATE.get(CERTIFICATE.put({"ViewerCertificate": told}, found)) == found


def test_another_certificate_leaves_nothing_of_the_one_before() -> None:
    body = CERTIFICATE.put({"ViewerCertificate": OF_ACM}, ViewerCertificate(iam_certificate_id="i"))

    assert body["ViewerCertificate"] == {
        "CloudFrontDefaultCertificate": False,
        "IAMCertificateId": "i",
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SSLSupportMethod": "sni-only",
    }


def test_what_others_wrote_beyond_our_models_is_shown_and_not_refused() -> None:
    geo = GeoRestrictionLens().get({"Restrictions": {"GeoRestriction": {"RestrictionType": "orbit"}}})
    logs = LoggingLens().get({"Logging": {"Enabled": True, "Bucket": "Logs"}})

    assert isinstance(geo, GeoRestriction)
    assert isinstance(logs, Logging)
    assert geo.fields()["type"] == "orbit"
    assert logs.fields()["bucket"] == "Logs"


def test_a_ttl_that_is_no_number_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValidationError, match="minTTL"):
        Behavior.model_validate({"origin": "media", "forwardedValues": {}, "minTTL": "soon"})


# Against the stand-in


def cached(behavior: B) -> B:
    """Return a behavior that says how long things are kept: CloudFront takes no other."""
    if behavior.cache_policy_id or behavior.forwarded_values:
        return behavior
    return behavior.model_copy(update={"cache_policy_id": CACHE[0]})


# CloudFront takes no certificate of Certificate Manager that is not there.
ANY_VALUES = {name: values for name, (_, values, _) in LENSES.items()} | {
    DEFAULT.name: DEFAULT_BEHAVIORS.map(cached),
    BEHAVIORS.name: PATHS.map(lambda paths: Behaviors(value=tuple(cached(each) for each in paths.value))),
    CERTIFICATE.name: CERTIFICATES.filter(lambda value: value.certificate_arn is None),
}


@pytest.fixture
def made(stand_in: StandIn) -> Target:
    """A distribution that says nothing but what it must."""
    origins = [
        {
            "Id": name,
            "DomainName": f"{name}.s3.amazonaws.com",
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        for name in ("media", "api")
    ]
    blank: Any = DEFAULT.put(
        {
            "CallerReference": secrets.token_hex(8),
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 2, "Items": origins},
        },
        Behavior(origin="media", cache_policy_id=CACHE[0]),
    )
    answer = stand_in.client("cloudfront").create_distribution(DistributionConfig=blank)
    account = Account(Meter(), Pacing(10_000.0), Source(Keys(ACCOUNT, "stand-in"), REGION, stand_in.url))
    address = "arn:aws:cloudfront::111122223333:distribution/{id}"
    return Target(account, "us-east-1", answer["Distribution"]["Id"], address)


@pytest.mark.standin
def test_a_new_distribution_shows_what_was_wished_and_nothing_else(made: Target) -> None:
    found = DEFAULT.observe(made)

    assert found == Behavior(origin="media", cache_policy_id=CACHE[0])
    for lens, _, _ in LENSES.values():
        if lens is not DEFAULT:
            assert lens.observe(made) == (lens.resting or ABSENT), lens.name


@pytest.mark.standin
def test_cloudfront_takes_what_the_lenses_write_and_gives_it_back(made: Target) -> None:
    @settings(few, max_examples=8)
    @given(values=st.fixed_dictionaries(ANY_VALUES))
    def gives_it_back(values: Mapping[str, Any]) -> None:
        made.forget()
        document = STORE.read(made)
        body = folded(document.body, {LENSES[name][0]: value for name, value in values.items()})

        STORE.replace(made, Document(body, document.version))

        made.forget()
        for name, value in values.items():
            assert LENSES[name][0].observe(made) == (ABSENT if value.is_empty() else value), name

    gives_it_back()


@pytest.mark.standin
def test_everything_that_can_be_said_comes_back_from_cloudfront_as_it_was(made: Target) -> None:
    document = STORE.read(made)
    values = {lens: lens.get(DOCUMENT) for lens, _, _ in LENSES.values()}
    values[CERTIFICATE] = ViewerCertificate(iam_certificate_id="ASCA1", ssl_support="vip")

    STORE.replace(made, Document(folded(document.body, values), document.version))

    made.forget()
    assert {lens: lens.observe(made) for lens in values} == values
