"""Which hosted zone a name lies in. Only public ones count: viewers do not see private ones.

A resource in a zone has the id `<zone id>/<name>`. Where only the zone's name is known, or nothing, our name
for the resource is `<zone name>/<name>` or `/<name>`, and the zone is looked up once: what it is called by
AWS is a part of the id from then on.
"""

from collections.abc import Iterator, Sequence

from headrace.aws.target import Target
from headrace.engine.errors import Invalid
from headrace.resources.route53._names import is_zone_id, lies_in, plain


def asked_for(target: Target) -> tuple[str, str]:
    """Return the zone, by its id, by its name or '', and the name in it, as the target is called by us."""
    zone, _, name = (target.id or target.name).partition("/")
    return zone, plain(name)


def zone_of(target: Target) -> str:
    """Return the id of the zone that the target is in.

    Raises:
        Invalid: there is none, or more than one.
    """
    zone, name = asked_for(target)
    return zone if is_zone_id(zone) else _looked_up(target, plain(zone), name)


def _looked_up(target: Target, zone: str, name: str) -> str:
    """Find the zone of this name, or else the most specific one that the name lies in."""
    around = zone or ".".join(name.split(".")[-2:])
    found = [
        (called, id)
        for called, id in _public_zones(target, around)
        if (called == zone if zone else lies_in(name, called))
    ]
    nearest = max((called for called, _ in found), key=len, default="")
    return _only([id for called, id in found if called == nearest], nearest or zone, name)


def _only(ids: Sequence[str], zone: str, name: str) -> str:
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise Invalid(
            f"There is more than one public hosted zone {zone}: {', '.join(sorted(ids))}. Set "
            "dns.hostedZoneID to the one to which the domain is delegated."
        )
    what = f"is named {zone}" if zone else f"has room for {name}"
    raise Invalid(
        f"No public hosted zone of this account {what}. Make one, or name another one in dns.hostedZoneID or "
        "dns.hostedZoneName."
    )


def _public_zones(target: Target, around: str) -> Iterator[tuple[str, str]]:
    """Yield name and id of the zones at and below this name; AWS has them in one piece, by their labels."""
    more: dict[str, str] = {}
    while True:
        answer = target.route53.list_hosted_zones_by_name(**({"DNSName": around} | more))
        page = [(plain(each["Name"]), each) for each in answer["HostedZones"]]
        for called, each in page:
            if lies_in(called, around) and not each.get("Config", {}).get("PrivateZone"):
                yield called, each["Id"].rpartition("/")[2]
        if not answer.get("IsTruncated") or not lies_in(page[-1][0], around):
            return
        more = {"DNSName": answer["NextDNSName"], "HostedZoneId": answer["NextHostedZoneId"]}
