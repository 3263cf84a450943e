"""The record by which a name is proved: made once for all, and there as long as somebody needs it."""

from typing import Any

import pytest

from headrace.aws.target import Target
from headrace.engine.ownership import OWNER_TAG
from headrace.engine.slices import ABSENT
from headrace.engine.work import Intent
from headrace.resources.registry import resource_type
from tests.unit.resources.place import ME, SOMEBODY, Place, errors, fine, record

pytestmark = pytest.mark.standin

KIND = "route53/validation_record"
LIST, CHANGE = "ListResourceRecordSets", "ChangeResourceRecordSets"
VALUE, OTHER = "_v.acm-validations.aws", "_w.acm-validations.aws"


class Proved:
    """A name in a zone of its own, and what ACM asks for."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.zone, self.domain = place.zone()
        self.name = f"cdn.{self.domain}"
        self.record_name = f"_n.{self.name}"
        self.id = f"{self.zone}/{self.record_name}"

    def settle(self, id: str = "", owner: str = ME, **how: Any) -> tuple[Target, Any]:
        target = self.place.target(KIND, id, f"{self.zone}/{self.name}", owner)
        said = {"proof": {"recordName": self.record_name, "value": VALUE}}
        removed = how.get("intent", Intent.KEEP) is not Intent.KEEP
        return target, self.place.settle(KIND, target, {} if removed else said, **how)

    def remove(self) -> Any:
        return self.settle(self.id, intent=Intent.REMOVE, known=True)[1]

    def certificate(self, name: str, owner: str = "") -> str:
        tags = {"Tags": [{"Key": OWNER_TAG, "Value": owner}]} if owner else {}
        made = self.place.acm.request_certificate(DomainName=name, ValidationMethod="DNS", **tags)
        return str(made["CertificateArn"])

    @property
    def there(self) -> dict[tuple[str, str], Any]:
        return self.place.records(self.zone)

    @property
    def ours(self) -> dict[tuple[str, str], Any]:
        return {(self.record_name, "CNAME"): [f"{VALUE}."]}


@pytest.fixture
def proved(place: Place) -> Proved:
    return Proved(place)


def test_it_is_made_and_known_by_its_id_from_then_on(proved: Proved) -> None:
    target, report = proved.settle()
    fine(report)
    assert proved.place.calls() == [LIST, CHANGE, LIST]
    assert (target.id, proved.there) == (proved.id, proved.ours)
    target, report = proved.settle(target.id, known=True)
    assert (fine(report).plan.changes, proved.place.calls()) == ((), [LIST])


def test_the_zone_may_be_known_by_its_name(proved: Proved) -> None:
    target = proved.place.target(KIND, "", f"{proved.domain}/{proved.name}")
    said = {"proof": {"recordName": proved.record_name, "value": VALUE}}
    fine(proved.place.settle(KIND, target, said))
    assert (target.id, proved.there) == (proved.id, proved.ours)


@pytest.mark.parametrize("owner", [ME, SOMEBODY])
def test_where_it_is_there_already_nothing_is_written_whoever_made_it(proved: Proved, owner: str) -> None:
    proved.place.put(proved.zone, record(proved.record_name, "CNAME", VALUE))
    target, report = proved.settle(owner=owner)
    fine(report)
    assert (CHANGE in proved.place.calls(), target.id) == (False, proved.id)
    assert proved.there == {(proved.record_name, "CNAME"): [VALUE]}


def test_one_that_says_something_else_is_left_alone(proved: Proved) -> None:
    proved.place.put(proved.zone, record(proved.record_name, "CNAME", OTHER))
    assert errors(proved.settle()[1]) == [
        (
            "NotOurs",
            f"{proved.record_name} is a CNAME record to {OTHER}, where ACM wants {VALUE}. It is left alone. "
            "Remove it.",
        )
    ]
    assert proved.there == {(proved.record_name, "CNAME"): [OTHER]}


def test_one_that_was_right_and_is_not_any_more_is_put_right(proved: Proved) -> None:
    fine(proved.settle()[1])
    proved.place.put(proved.zone, record(proved.record_name, "CNAME", OTHER), action="UPSERT")
    _, report = proved.settle(proved.id, known=True)
    fine(report)
    assert [(f.field, f.found, f.wanted) for f in report.plan.fields] == [("proof.value", OTHER, VALUE)]
    assert proved.there == proved.ours


def test_letting_go_of_it_writes_nothing(proved: Proved) -> None:
    fine(proved.settle()[1])
    fine(proved.settle(proved.id, intent=Intent.RELEASE, known=True)[1])
    assert (CHANGE in proved.place.calls(), proved.there) == (False, proved.ours)


def test_it_goes_where_no_certificate_needs_it(proved: Proved) -> None:
    fine(proved.settle()[1])
    # Ours goes after it, and one for another name is proved by another record.
    proved.certificate(proved.name, ME)
    proved.certificate(f"www.{proved.name}", SOMEBODY)
    fine(proved.remove())
    assert proved.place.calls() == [LIST, "ListCertificates", "ListTagsForCertificate", CHANGE, LIST]
    assert proved.there == {}
    fine(proved.remove())


@pytest.mark.parametrize("owner", ["", SOMEBODY])
@pytest.mark.parametrize("name", ["", "*."])
def test_it_stays_as_long_as_a_certificate_of_others_needs_it(proved: Proved, owner: str, name: str) -> None:
    fine(proved.settle()[1])
    needing = proved.certificate(name + proved.name, owner)
    fine(proved.remove())
    assert (CHANGE in proved.place.calls(), proved.there) == (False, proved.ours)
    proved.place.acm.delete_certificate(CertificateArn=needing)
    fine(proved.remove())
    assert proved.there == {}


def test_where_the_zone_is_gone_there_is_nothing_to_remove(proved: Proved) -> None:
    proved.place.route53.delete_hosted_zone(Id=proved.zone)
    fine(proved.remove())


def test_as_long_as_nobody_knows_its_name_there_is_none(proved: Proved) -> None:
    target = proved.place.target(KIND, "", f"{proved.zone}/{proved.name}")
    proved.place.mark = proved.place.stand_in.mark()
    assert resource_type(KIND).root.observe(target) is ABSENT
    assert resource_type(KIND).facet("proof").observe(target) is ABSENT
    assert proved.place.calls() == []
