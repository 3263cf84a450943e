"""Which hosted zone a name lies in."""

import pytest

from headrace.engine.errors import Invalid
from headrace.resources.route53._names import base, lies_in, plain
from headrace.resources.route53._zones import zone_of
from tests.unit.resources.place import Place, fine

KIND = "route53/alias_records"


@pytest.mark.parametrize(
    ("told", "name"),
    [("cdn.Example.com.", "cdn.example.com"), ("\\052.example.com.", "*.example.com"), ("a", "a"), ("", "")],
)
def test_names_are_told_in_one_form(told: str, name: str) -> None:
    assert plain(told) == name


def test_a_name_lies_in_a_zone_by_whole_labels() -> None:
    assert lies_in("example.com", "example.com")
    assert lies_in("a.b.example.com", "example.com")
    assert not lies_in("myexample.com", "example.com")
    assert not lies_in("com", "example.com")


def test_a_wildcard_is_proved_by_what_is_below_it() -> None:
    assert base("*.example.com") == base("example.com") == "example.com"


def called(place: Place, name: str, id: str = "") -> str:
    place.mark = place.stand_in.mark()
    return zone_of(place.target(KIND, id, name))


@pytest.mark.standin
@pytest.mark.parametrize(("id", "name"), [("Z1/cdn.example.com", ""), ("", "Z1/cdn.example.com")])
def test_a_zone_that_is_said_by_its_id_is_not_looked_up(place: Place, id: str, name: str) -> None:
    assert called(place, name, id) == "Z1"
    assert place.calls() == []


@pytest.mark.standin
def test_a_zone_is_found_by_its_name_with_one_call(place: Place) -> None:
    zone, domain = place.zone()
    assert called(place, f"{domain}/cdn.{domain}") == zone
    assert place.calls() == ["ListHostedZonesByName"]


@pytest.mark.standin
def test_where_no_zone_is_said_the_nearest_one_is_found_with_one_call(place: Place) -> None:
    outer, domain = place.zone()
    # The stand-in lists by the whole name, where AWS goes by the labels: both have this one next.
    inner, below = place.zone(f"zzz.{domain}")
    place.zone(f"zzzz.{domain}")
    assert called(place, f"/cdn.{below}") == inner
    assert place.calls() == ["ListHostedZonesByName"]
    assert called(place, f"/cdn.{domain}") == called(place, f"/{domain}") == outer


@pytest.mark.standin
def test_the_zone_is_a_part_of_the_id_once_it_is_found(place: Place) -> None:
    zone, domain = place.zone()
    target = place.target(KIND, name=f"{domain}/cdn.{domain}")
    fine(place.settle(KIND, target, {"records": {"target": "d1.cloudfront.net"}}))
    assert target.id == f"{zone}/cdn.{domain}"
    assert target.arn == f"arn:aws:route53:::hostedzone/{zone}"
    assert place.calls().count("ListHostedZonesByName") == 1


@pytest.mark.standin
def test_two_zones_of_one_name_are_told_by_their_ids(place: Place) -> None:
    first, domain = place.zone()
    second, _ = place.zone(domain)
    ids = ", ".join(sorted([first, second]))
    for name in (f"{domain}/cdn.{domain}", f"/cdn.{domain}"):
        with pytest.raises(
            Invalid, match=rf"more than one public hosted zone {domain}: {ids}\. Set dns\.hostedZoneID"
        ):
            called(place, name)


@pytest.mark.standin
def test_private_zones_do_not_count(place: Place) -> None:
    _, domain = place.zone(f"private-{next(place.numbers)}.example", private=True)
    with pytest.raises(Invalid, match=f"No public hosted zone of this account is named {domain}"):
        called(place, f"{domain}/cdn.{domain}")
    with pytest.raises(Invalid, match=rf"No public hosted zone of this account has room for cdn\.{domain}"):
        called(place, f"/cdn.{domain}")
    zone, _ = place.zone(domain)
    assert called(place, f"/cdn.{domain}") == zone
