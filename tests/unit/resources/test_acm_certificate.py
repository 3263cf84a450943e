"""Certificates: requested once, found again, waited for, and told where they come to nothing."""

import json
from typing import Any

import pytest

from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.engine.errors import Invalid, Pending
from headrace.engine.ownership import OWNER_TAG, RETAINED_TAG
from headrace.engine.slices import ABSENT
from headrace.engine.work import Intent
from headrace.resources.acm.certificate._names import in_order, joined, names_in, token
from headrace.resources.acm.certificate._states import trouble
from headrace.resources.acm.certificate.presence import CertificatePresence, PresenceFacet
from headrace.resources.registry import resource_type
from tests.unit.aws.loopback import Answer, Loopback
from tests.unit.resources.place import ME, SOMEBODY, Place, errors, fine, record

KIND = "acm/certificate"
ROOT = PresenceFacet()
LIST, TAGS, DESCRIBE = "ListCertificates", "ListTagsForCertificate", "DescribeCertificate"
ID = "11111111-2222-3333-4444-555555555555"
ARN = f"arn:aws:acm:us-east-1:111122223333:certificate/{ID}"


class Wanted:
    """A certificate for two names that nobody else has."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.zone, self.domain = place.zone()
        self.names: tuple[str, ...] = (self.domain, f"*.{self.domain}")
        self.called = joined(self.names)

    def settle(self, id: str = "", owner: str = ME, **how: Any) -> tuple[Target, Any]:
        target = self.place.target(KIND, id, self.called, owner)
        report = self.place.settle(KIND, target, {}, {"names": self.names}, **how)
        return target, report

    @property
    def there(self) -> list[str]:
        """The ARNs of all certificates for the name."""
        found = self.place.acm.list_certificates(MaxItems=1000)["CertificateSummaryList"]
        return [each["CertificateArn"] for each in found if each["DomainName"] in self.names]

    def tags(self, arn: str) -> dict[str, str]:
        found = self.place.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
        return {each["Key"]: each["Value"] for each in found}


@pytest.fixture
def wanted(place: Place) -> Wanted:
    return Wanted(place)


# Requested and found


@pytest.mark.standin
def test_it_is_requested_with_its_owner_and_known_by_its_id(wanted: Wanted) -> None:
    target, report = wanted.settle()
    fine(report)
    assert wanted.place.calls() == [LIST, "RequestCertificate", DESCRIBE, TAGS]
    assert wanted.there == [target.arn]
    assert wanted.tags(target.arn) == {OWNER_TAG: ME}
    target, report = wanted.settle(target.id, known=True)
    assert (fine(report).plan.changes, wanted.place.calls()) == ((), [DESCRIBE, TAGS])


@pytest.mark.standin
def test_where_its_id_got_lost_it_is_found_by_its_names_and_its_owner(wanted: Wanted) -> None:
    theirs, _ = wanted.settle(owner=SOMEBODY)
    ours, _ = wanted.settle()
    assert len(wanted.there) == 2
    found, report = wanted.settle()
    assert fine(report).plan.changes == ()
    assert found.arn == ours.arn != theirs.arn
    # Each of the namesakes is asked for its tags, and ours for nothing twice.
    assert wanted.place.calls()[:3] == [LIST, TAGS, TAGS]
    assert wanted.tags(theirs.arn) == {OWNER_TAG: SOMEBODY}


@pytest.mark.standin
def test_one_for_more_names_of_which_the_first_is_the_same_is_another_one(wanted: Wanted) -> None:
    a, b = f"a.{wanted.domain}", f"b.{wanted.domain}"
    made = []
    for names in ((a, b), (a,), (a, b)):
        wanted.names, wanted.called = names, joined(names)
        target, report = wanted.settle()
        fine(report)
        made.append(target.arn)
    assert made[0] == made[2] != made[1]


@pytest.mark.standin
def test_a_request_whose_answer_got_lost_makes_no_second_certificate(wanted: Wanted) -> None:
    wanted.place.stand_in.fault(operation="RequestCertificate", action="drop", effect="after", count=3)
    _, report = wanted.settle()
    assert [kind for kind, _ in errors(report)] == ["Unavailable"]
    target, report = wanted.settle()
    fine(report)
    assert wanted.there == [target.arn]


@pytest.mark.standin
def test_it_waits_for_its_one_record_and_is_issued_once_that_is_there(wanted: Wanted) -> None:
    target, _ = wanted.settle()
    found = ROOT.observe(target)
    target.forget()
    found = ROOT.observe(target)
    assert isinstance(found, CertificatePresence)
    assert (found.status, found.issued_arn) == ("PENDING_VALIDATION", None)
    assert found.validation_names is not None
    assert found.validation_values is not None
    # A wildcard is proved by the record of what is below it.
    assert found.validation_names.keys() == found.validation_values.keys() == {wanted.domain}
    name, value = found.validation_names[wanted.domain], found.validation_values[wanted.domain]
    busy = ROOT.busy(target)
    assert isinstance(busy, Pending)
    assert busy.message == (
        f"The certificate for *.{wanted.domain}, {wanted.domain} is waiting for ACM to find its validation "
        f"record {name}."
    )
    wanted.place.put(wanted.zone, record(name, "CNAME", value))
    target.forget()
    found = ROOT.observe(target)
    assert isinstance(found, CertificatePresence)
    assert (found.status, found.issued_arn, ROOT.busy(target)) == ("ISSUED", target.arn, None)
    assert found.not_after is not None


# Let go of and removed


@pytest.mark.standin
def test_what_was_let_go_of_is_taken_back_and_not_requested_again(wanted: Wanted) -> None:
    first, _ = wanted.settle()
    fine(wanted.settle(first.id, intent=Intent.RELEASE)[1])
    assert wanted.tags(first.arn) == {RETAINED_TAG: ME}
    second, report = wanted.settle()
    fine(report)
    assert (second.arn, wanted.there, wanted.tags(first.arn)) == (first.arn, [first.arn], {OWNER_TAG: ME})


@pytest.mark.standin
def test_it_is_removed_by_its_id_alone(wanted: Wanted) -> None:
    made, _ = wanted.settle()
    target = wanted.place.target(KIND, made.id)
    fine(wanted.place.settle(KIND, target, {}, intent=Intent.REMOVE, known=True))
    assert wanted.there == []
    fine(wanted.place.settle(KIND, target, {}, intent=Intent.REMOVE, known=True))


@pytest.mark.standin
def test_another_certificate_under_its_id_is_left_alone(wanted: Wanted) -> None:
    made = wanted.place.acm.request_certificate(
        DomainName=f"other.{wanted.domain}", Tags=[{"Key": OWNER_TAG, "Value": ME}]
    )
    _, report = wanted.settle(made["CertificateArn"].rpartition("/")[2])
    ((kind, said),) = errors(report)
    assert (kind, "names cannot be changed" in said) == ("NotOurs", True)


def test_one_that_is_in_use_is_removed_later(account: Account, aws: Loopback) -> None:
    target = certificate(account, aws)
    aws.answers = [refusal("ResourceInUseException", f"Certificate {ARN} in account 111122223333 is in use.")]
    with pytest.raises(Pending, match="is in use"), target.translating():
        ROOT.remove(target, CertificatePresence(names=("a.example",)))


# What ACM is asked and tells


def certificate(account: Account, aws: Loopback, id: str = ID, name: str = "a.example") -> Target:
    located = resource_type(KIND).root.located("aws", "us-east-1", "111122223333")
    made = Target(account, "us-east-1", id, located, name, ME)
    aws.asked.clear()
    return made


def told(**body: Any) -> Answer:
    return Answer(200, json.dumps(body))


def refusal(code: str, message: str = "No.") -> Answer:
    return Answer(400, json.dumps({"__type": code, "message": message}))


def test_the_same_request_of_the_same_owner_has_the_same_token(account: Account, aws: Loopback) -> None:
    target = certificate(account, aws, id="")
    aws.answers = [told(CertificateArn=ARN)]
    names = ("www.example.com", "example.com")
    ROOT.create(target, CertificatePresence(owner=ME, names=names), {})
    (asked,) = aws.asked
    assert json.loads(asked.body) == {
        "DomainName": "example.com",
        "SubjectAlternativeNames": ["www.example.com"],
        "ValidationMethod": "DNS",
        "IdempotencyToken": token(ME, reversed(names)),
        "Tags": [{"Key": OWNER_TAG, "Value": ME}],
    }
    assert (target.id, target.arn) == (ID, ARN)
    assert len(token(ME, names)) == 32
    assert int(token(ME, names), 16)
    assert token(ME, names) != token(SOMEBODY, names) != token(SOMEBODY, names[:1])


def test_names_are_in_one_order_and_the_first_is_short_enough_to_be_the_common_one() -> None:
    long = f"{'a' * 60}.example.com"
    assert in_order([long, "B.example.com", "b.example.com", "*.b.example.com"]) == (
        "*.b.example.com",
        "b.example.com",
        long,
    )
    assert names_in(joined(["b.example", "a.example"])) == ("a.example", "b.example")


def test_of_several_that_are_ours_the_one_that_can_be_used_is_meant(account: Account, aws: Loopback) -> None:
    arns = [f"arn:aws:acm:us-east-1:111122223333:certificate/{n}" for n in range(4)]
    states = ["FAILED", "PENDING_VALIDATION", "ISSUED", "ISSUED"]
    listed = [
        {"CertificateArn": arn, "DomainName": "a.example", "Status": status}
        for arn, status in zip(arns, states, strict=True)
    ]
    others = [
        {
            "CertificateArn": f"{ARN}9",
            "DomainName": "a.example",
            "SubjectAlternativeNameSummaries": ["a.example", "b.example"],
        }
    ]
    ours = told(Tags=[{"Key": OWNER_TAG, "Value": ME}])
    retained = told(Tags=[{"Key": RETAINED_TAG, "Value": ME}])
    theirs = told(Tags=[{"Key": OWNER_TAG, "Value": SOMEBODY}, {"Key": RETAINED_TAG, "Value": ME}])
    target = certificate(account, aws, id="")
    described = told(Certificate={"Status": "ISSUED", "SubjectAlternativeNames": ["a.example"]})
    pages = [
        told(CertificateSummaryList=[*listed[:2], *others], NextToken="2"),
        ours,
        ours,
        told(CertificateSummaryList=listed[2:]),
        theirs,
        retained,
    ]
    aws.answers = [pages[0], *pages[1:3], pages[3], *pages[4:], described]
    found = ROOT.observe(target)
    assert isinstance(found, CertificatePresence)
    assert (target.id, found.owner, found.retained_by) == ("3", None, ME)
    assert len(aws.asked) == 7


def test_one_that_is_gone_is_not_there(account: Account, aws: Loopback) -> None:
    target = certificate(account, aws)
    aws.answers = [refusal("ResourceNotFoundException")]
    assert ROOT.observe(target) is ABSENT


@pytest.mark.usefixtures("impatient")
def test_the_quota_is_told_as_such(account: Account, aws: Loopback) -> None:
    target = certificate(account, aws, id="")
    said = "Error: you have reached your limit of 2500 certificates."
    # The SDK takes it for throttling, and tries three times.
    aws.answers = [refusal("LimitExceededException", said)] * 3
    with pytest.raises(Invalid, match="limit of 2500 certificates"), target.translating():
        ROOT.create(target, CertificatePresence(owner=ME, names=("a.example",)), {})


WAITING = [{"DomainName": "a.example", "ValidationStatus": "PENDING_VALIDATION"}]


@pytest.mark.parametrize(
    ("state", "kind", "said"),
    [
        (
            {"Status": "PENDING_VALIDATION", "DomainValidationOptions": WAITING},
            Pending,
            "The certificate for a.example is waiting for ACM to say which records prove its names.",
        ),
        (
            {"Status": "VALIDATION_TIMED_OUT"},
            Invalid,
            "The certificate for a.example cannot be used: ACM did not find the validation records within 72 "
            "hours. Check that the domain is delegated to the hosted zone in which they are. Then delete "
            f"{ARN}, and another one is requested.",
        ),
        (
            {"Status": "FAILED", "FailureReason": "CAA_ERROR"},
            Invalid,
            "The certificate for a.example cannot be used: a CAA record keeps AWS from issuing it. Let one "
            f"name amazon.com, or have none. Then delete {ARN}, and another one is requested.",
        ),
        (
            {"Status": "FAILED", "FailureReason": "OTHER"},
            Invalid,
            "The certificate for a.example cannot be used: its status is FAILED, for OTHER. Then delete "
            f"{ARN}, and another one is requested.",
        ),
        (
            {"Status": "REVOKED"},
            Invalid,
            "The certificate for a.example cannot be used: it was revoked. Then delete "
            f"{ARN}, and another one is requested.",
        ),
    ],
)
def test_what_is_to_be_done_is_told(state: Any, kind: type[Exception], said: str) -> None:
    told: Any = {"SubjectAlternativeNames": ["a.example"], "CertificateArn": ARN, **state}
    found = trouble(told)
    assert type(found) is kind
    assert str(found) == said


def test_an_issued_one_is_no_trouble() -> None:
    assert trouble({"Status": "ISSUED"}) is None
