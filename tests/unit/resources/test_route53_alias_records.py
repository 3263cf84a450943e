"""Records of an alias: made, changed and removed as one, and never those of others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.engine.errors import Conflict, NotOurs
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT
from headrace.engine.work import Intent
from headrace.resources.registry import resource_type
from headrace.resources.route53.alias_records._mark import Mark, name_of_mark
from tests.unit.resources.place import ME, SOMEBODY, Place, errors, fine, record

pytestmark = pytest.mark.standin

KIND = "route53/alias_records"
D1, D2 = "d1.cloudfront.net", "d2.cloudfront.net"
LIST, CHANGE = "ListResourceRecordSets", "ChangeResourceRecordSets"
LOCAL = "192.0.2.1"


def wanted(target: str = D1, **said: bool) -> dict[str, Any]:
    return {"records": {"target": target, **said}}


def txt(whose: str, records: str = "A AAAA") -> list[str]:
    return [f'"heritage=headrace,headrace/records={records},headrace/{whose}"']


class Alias:
    """An alias in a zone of its own."""

    def __init__(self, place: Place, name: str = "cdn") -> None:
        self.place = place
        self.zone, self.domain = place.zone()
        self.name = f"{name}.{self.domain}" if name else self.domain
        self.id, self.mark = f"{self.zone}/{self.name}", name_of_mark(self.name)

    def settle(self, settings: Any = None, owner: str = ME, **how: Any) -> Any:
        target = self.place.target(KIND, self.id, owner=owner)
        return self.place.settle(KIND, target, wanted() if settings is None else settings, **how)

    @property
    def there(self) -> dict[tuple[str, str], Any]:
        return self.place.records(self.zone)

    def ours(self, whose: str = f"owner={ME}", to: str = D1) -> dict[tuple[str, str], Any]:
        return {
            (self.name, "A"): f"{to}.",
            (self.name, "AAAA"): f"{to}.",
            (self.mark, "TXT"): txt(whose),
        }


@pytest.fixture
def alias(place: Place) -> Alias:
    return Alias(place)


# Made and changed


@pytest.mark.parametrize("name", ["cdn", "*", ""], ids=["a name", "a wildcard", "the zone itself"])
def test_mark_and_records_are_made_with_one_write_and_read_with_one_call(place: Place, name: str) -> None:
    alias = Alias(place, name)
    fine(alias.settle())
    assert place.calls() == [LIST, CHANGE, LIST]
    assert {(n.replace("\\052", "*"), t): v for (n, t), v in alias.there.items()} == alias.ours()
    report = fine(alias.settle(known=True))
    assert (report.plan.changes, place.calls()) == ((), [LIST])


def test_a_change_is_one_write_and_the_mark_goes_with_it(alias: Alias) -> None:
    fine(alias.settle())
    report = fine(alias.settle(wanted(D2, ipv6=False, https=True), known=True))
    assert [f.field for f in report.plan.fields] == ["records.https", "records.ipv6", "records.target"]
    assert alias.place.calls() == [LIST, CHANGE, LIST]
    assert alias.there == {
        (alias.name, "A"): f"{D2}.",
        (alias.name, "HTTPS"): f"{D2}.",
        (alias.mark, "TXT"): txt(f"owner={ME}", "A HTTPS"),
    }


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (record("", "A", LOCAL), f"A {LOCAL}, AAAA {D1}"),
        (
            {
                "Name": "",
                "Type": "A",
                "AliasTarget": {"HostedZoneId": "Z1", "DNSName": D1, "EvaluateTargetHealth": False},
            },
            f"A {D1} in zone Z1, AAAA {D1}",
        ),
    ],
    ids=["an address", "an alias to something else of that name"],
)
def test_a_record_of_ours_that_somebody_changed_is_shown_and_put_right(
    alias: Alias, changed: dict[str, Any], found: str
) -> None:
    fine(alias.settle())
    alias.place.put(alias.zone, {**changed, "Name": alias.name}, action="UPSERT")
    report = fine(alias.settle())
    assert [(f.field, f.found, f.wanted) for f in report.plan.fields] == [("records.target", found, D1)]
    assert alias.there == alias.ours()


def test_a_record_of_ours_that_somebody_deleted_is_made_anew(alias: Alias) -> None:
    fine(alias.settle())
    target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": f"{D1}.", "EvaluateTargetHealth": False}
    gone = {"Name": alias.name, "Type": "A", "AliasTarget": target}
    alias.place.put(alias.zone, gone, action="DELETE")
    report = fine(alias.settle())
    assert [(f.found, f.wanted) for f in report.plan.fields] == [(f"A none, AAAA {D1}", D1)]
    assert alias.there == alias.ours()


# Of others


@pytest.mark.parametrize(
    ("kind", "value"), [("A", LOCAL), ("AAAA", "2001:db8::1"), ("CNAME", "old.example."), ("HTTPS", "1 .")]
)
def test_records_of_others_are_left_alone_and_told(alias: Alias, kind: str, value: str) -> None:
    alias.place.put(alias.zone, record(alias.name, kind, value))
    before = alias.there
    assert errors(alias.settle()) == [
        (
            "NotOurs",
            f"alias records {alias.id} exists ({kind} record to {value}) and was not made by Headrace; it is "
            "left alone. Choose another name.",
        )
    ]
    assert (alias.place.calls(), alias.there) == ([LIST], before)


def test_what_others_have_at_the_name_beside_addresses_is_none_of_our_business(alias: Alias) -> None:
    theirs = {(alias.name, "MX"): ["10 mail.example."], (alias.name, "TXT"): ['"v=spf1 -all"']}
    alias.place.put(alias.zone, *(record(*key, *values) for key, values in theirs.items()))
    fine(alias.settle())
    assert alias.there == {**alias.ours(), **theirs}
    fine(alias.settle({}, intent=Intent.REMOVE))
    assert alias.there == theirs


def test_records_of_another_owner_are_left_alone(alias: Alias) -> None:
    fine(alias.settle(owner=SOMEBODY))
    before = alias.there
    ((kind, said),) = errors(alias.settle(adopt=True))
    assert kind == "NotOurs"
    assert f"belongs to {SOMEBODY}" in said
    fine(alias.settle({}, intent=Intent.REMOVE))
    assert alias.there == before


def test_a_record_of_others_beside_ours_stays_and_keeps_ours_out(alias: Alias) -> None:
    fine(alias.settle())
    theirs = {(alias.name, "HTTPS"): ["1 . alpn=h2"]}
    alias.place.put(alias.zone, record(alias.name, "HTTPS", "1 . alpn=h2"))
    assert fine(alias.settle()).plan.changes == ()
    assert errors(alias.settle(wanted(https=True))) == [
        (
            "NotOurs",
            f"{alias.name} has records that were not made by Headrace: HTTPS record to 1 . alpn=h2. They are "
            "left alone. Remove them, or choose another name.",
        )
    ]
    assert alias.there == {**alias.ours(), **theirs}
    alias.settle({}, intent=Intent.REMOVE)
    assert alias.there == theirs
    # What is left is nobody's, and let be.
    fine(alias.settle({}, intent=Intent.REMOVE))
    assert alias.there == theirs


def test_a_record_that_comes_between_the_look_and_the_write_is_not_overwritten(alias: Alias) -> None:
    root, target = resource_type(KIND).root, alias.place.target(KIND, alias.id)
    assert root.observe(target) is ABSENT
    alias.place.put(alias.zone, record(alias.name, "A", LOCAL))
    records = resource_type(KIND).facet("records").slice.model_validate({"target": D1})
    with pytest.raises(NotOurs, match=f"{alias.name} has records .*: A record to {LOCAL}"):
        root.create(target, root.slice.model_validate({"owner": ME}), {"records": records})
    assert alias.there == {(alias.name, "A"): [LOCAL]}


def test_a_mark_that_changes_between_the_look_and_the_write_lets_nothing_be_done(alias: Alias) -> None:
    fine(alias.settle())
    facet, target = resource_type(KIND).facet("records"), alias.place.target(KIND, alias.id)
    found = facet.observe(target)
    alias.place.put(alias.zone, Mark(SOMEBODY, None, frozenset(["A"])).record(alias.name), action="UPSERT")
    before = alias.there
    with pytest.raises(Conflict), target.translating():
        facet.apply(target, facet.slice.model_validate({"target": D2}), found)
    assert alias.there == before


# Adopted, let go of, removed


@pytest.mark.parametrize(("kind", "value"), [("A", LOCAL), ("CNAME", "old.example.")])
def test_what_is_nobodys_is_adopted_where_that_is_asked_for(alias: Alias, kind: str, value: str) -> None:
    alias.place.put(alias.zone, record(alias.name, kind, value))
    fine(alias.settle(adopt=True))
    assert alias.there == alias.ours()


def test_records_with_a_routing_policy_are_not_adopted(alias: Alias) -> None:
    alias.place.put(alias.zone, record(alias.name, "A", LOCAL, SetIdentifier="one", Weight=1))
    ((kind, said),) = errors(alias.settle(adopt=True))
    assert (kind, "has records with a routing policy: A record to 192.0.2.1" in said) == ("NotOurs", True)
    assert alias.there == {(alias.name, "A"): [LOCAL]}


def test_what_was_let_go_of_is_taken_back_by_the_same_owner_only(alias: Alias) -> None:
    fine(alias.settle())
    fine(alias.settle({}, intent=Intent.RELEASE))
    assert alias.there == alias.ours(f"retained-by={ME}")
    ((kind, said),) = errors(alias.settle(owner=SOMEBODY))
    assert (kind, f"was retained by {ME}" in said) == ("NotOurs", True)
    fine(alias.settle(wanted(D2)))
    assert alias.there == alias.ours(to=D2)


def test_removal_is_one_write_and_takes_all_that_is_ours(alias: Alias) -> None:
    fine(alias.settle(wanted(https=True)))
    fine(alias.settle({}, intent=Intent.REMOVE, known=True))
    assert (alias.place.calls(), alias.there) == ([LIST, CHANGE, LIST], {})


def test_where_the_zone_is_gone_there_is_nothing_to_remove_and_no_place_to_make_it(alias: Alias) -> None:
    alias.place.route53.delete_hosted_zone(Id=alias.zone)
    fine(alias.settle({}, intent=Intent.REMOVE))
    ((kind, said),) = errors(alias.settle())
    assert (kind, alias.zone in said) == ("Invalid", True)


# The mark


def test_a_mark_that_is_far_behind_the_records_takes_a_second_call(alias: Alias) -> None:
    fine(alias.settle())
    below = [record(f"{number}.{alias.name}", "A", LOCAL) for number in range(100)]
    alias.place.put(alias.zone, *below)
    report = fine(alias.settle(known=True))
    assert (report.plan.changes, alias.place.calls()) == ((), [LIST, LIST])


@given(st.text(max_size=300), st.sets(st.sampled_from(["A", "AAAA", "CNAME", "HTTPS"])), st.booleans())
def test_whoever_the_owner_is_a_mark_reads_as_it_was_written(
    who: str, types: set[str], retained: bool
) -> None:
    presence = Presence(retained_by=who) if retained else Presence(owner=who)
    mark = Mark.of(presence, frozenset(types))
    value = mark.record("cdn.example.com")["ResourceRecords"][0]["Value"]
    assert value.isascii()
    assert value.isprintable()
    assert Mark.read(mark.record("cdn.example.com")) == mark


def test_a_text_is_in_strings_that_a_txt_record_can_hold() -> None:
    value = Mark("o" * 256).record("cdn.example.com")["ResourceRecords"][0]["Value"]
    assert [len(string) for string in value.strip('"').split('" "')] == [255, 52]


@pytest.mark.parametrize("text", ['"heritage=external-dns,external-dns/owner=default"', '"v=spf1"', "", '""'])
def test_other_texts_are_no_marks(text: str) -> None:
    assert Mark.read(record("_headrace.cdn.example.com", "TXT", text)) is None


def test_a_text_of_others_where_the_mark_belongs_is_left_alone(alias: Alias) -> None:
    alias.place.put(alias.zone, record(alias.mark, "TXT", '"hello"'))
    ((kind, said),) = errors(alias.settle())
    assert (kind, '(TXT record to "hello")' in said) == ("NotOurs", True)
