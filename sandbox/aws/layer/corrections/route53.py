"""Where MiniStack's Route 53 is put right: names as it writes them, batches it refuses, zones by name."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import route53

from sandbox.aws.layer.corrections.wrapping import Answer, Handler, wrap

Record = Mapping[str, Any]

_CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
_TYPES = frozenset(
    {
        *("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV"),
        *("SSHFP", "SVCB", "TLSA", "TXT"),
    }
)
_PAGE = 100


def install() -> None:
    """Put Route 53 right."""
    wrap(route53, "_normalise_name", _written_as_route53_does)
    wrap(route53, "_change_resource_record_sets", _checked_batch)
    wrap(route53, "_list_hosted_zones_by_name", lambda _: _zones_by_name)
    wrap(route53, "handle_request", _told_where_not_implemented)


def _refused(code: str, message: str) -> Answer:
    answer: Answer = route53._error_response(code, message, 400)
    return answer


def _written_as_route53_does(original: Handler) -> Handler:
    """In lower case, and other characters than those of host names as octal codes."""

    def normalise(name: str) -> Any:
        kept = re.sub(r"[^a-z0-9._\\-]", lambda found: f"\\{ord(found.group()):03o}", (name or "").lower())
        return original(kept)

    return normalise


def _checked_batch(original: Handler) -> Handler:
    def change(zone_id: str, body: bytes) -> Any:
        zone, root = route53._zones.get(zone_id), route53._parse_body(body)
        batch = None if zone is None or root is None else route53._find(root, "ChangeBatch")
        changes = None if batch is None else route53._find(batch, "Changes")
        wrong = changes is not None and _wrong_batch(zone, changes)
        return wrong or original(zone_id, body)

    return change


def _wrong_batch(zone: Mapping[str, Any], changes: Any) -> Answer | None:
    """Why a batch is refused; what MiniStack refuses by itself is left to it."""
    types: dict[str, list[str]] = {}
    for record in route53._records[zone["id"]]:
        types.setdefault(record["Name"], []).append(record["Type"])
    for change in route53._findall(changes, "Change"):
        told = route53._find(change, "ResourceRecordSet")
        if told is None:
            return None
        action, record = route53._text(change, "Action"), route53._parse_record_set(told)
        there = types.setdefault(record["Name"], [])
        if action == "DELETE":
            there[:] = [kind for kind in there if kind != record["Type"]]
            continue
        if wrong := _wrong_record(zone, record, there):
            code, message = wrong
            return _refused(code, message)
        there.append(record["Type"])
    return None


def _wrong_record(zone: Mapping[str, Any], record: Record, there: list[str]) -> tuple[str, str] | None:
    """The code and the message with which a record that is to be written is refused."""
    name, kind, values = record["Name"], record["Type"], record.get("ResourceRecords", [])
    if kind not in _TYPES:
        return (
            "InvalidInput",
            f"1 validation error detected: Value '{kind}' at 'type' is not one of its values",
        )
    if name != zone["name"] and not name.endswith(f".{zone['name']}"):
        return _batch(f"RRSet with DNS name {name} is not permitted in zone {zone['name']}")
    if ("AliasTarget" in record) == bool(values and "TTL" in record):
        return (
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {'more' if values else 'none'} in Change with "
            f"[Name={name}, Type={kind}]",
        )
    if any((each == "CNAME") != (kind == "CNAME") for each in there):
        return _batch(
            f"RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type "
            f"{there[0]} with the same DNS name already exists in zone {zone['name']}"
        )
    return _wrong_values(kind, values) or _wrong_target(kind, record.get("AliasTarget"))


def _batch(message: str) -> tuple[str, str]:
    return "InvalidChangeBatch", f"[{message}]"


def _wrong_values(kind: str, values: list[str]) -> tuple[str, str] | None:
    """Text is in quotation marks; of the other values nothing is checked."""
    for value in values if kind in ("TXT", "SPF") else []:
        if not re.fullmatch(r'"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*', value):
            return _batch(
                "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed "
                f"in quotation marks) encountered with '{value}''"
            )
    return None


def _wrong_target(kind: str, target: Mapping[str, str] | None) -> tuple[str, str] | None:
    """What a record of CloudFront's zone points to is in it."""
    if target is None or target["HostedZoneId"] != _CLOUDFRONT_ZONE:
        return None
    if target["DNSName"].lower().endswith(".cloudfront.net."):
        return None
    return _batch(
        f"Tried to create an alias that targets {target['DNSName']}, type {kind} in zone {_CLOUDFRONT_ZONE}, "
        "but the alias target name does not lie within the target zone"
    )


def _zones_by_name(query: Mapping[str, Any]) -> Any:
    """ListHostedZonesByName: by their labels from the last one on, from the name that is asked for."""

    def asked(key: str) -> str:
        value = query.get(key, "")
        return str(value[0] if isinstance(value, list) else value)

    name, number = route53._normalise_name(asked("dnsname")), asked("hostedzoneid")
    size = min(int(asked("maxitems") or _PAGE), _PAGE)
    start = (route53._name_sort_key(name), number) if name else ((), "")
    zones = sorted(route53._zones.values(), key=_by_labels)
    rest = [zone for zone in zones if _by_labels(zone) >= start]
    following = rest[size] if len(rest) > size else None
    return route53._xml_response("ListHostedZonesByNameResponse", _page(name, rest[:size], following, size))


def _by_labels(zone: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    return route53._name_sort_key(zone["name"]), zone["id"]


def _page(
    name: str, zones: list[Any], following: Mapping[str, Any] | None, size: int
) -> Callable[[Any], None]:
    def build(root: Any) -> None:
        listed = route53.SubElement(root, "HostedZones")
        for zone in zones:
            route53._build_hosted_zone_el(listed, zone)
        told = {"IsTruncated": str(following is not None).lower(), "MaxItems": str(size)}
        if name:
            told["DNSName"] = name
        if following is not None:
            told |= {"NextDNSName": following["name"], "NextHostedZoneId": following["id"]}
        for member, value in told.items():
            route53.SubElement(root, member).text = value

    return build


def _told_where_not_implemented(original: Handler) -> Handler:
    async def handle(method: str, path: str, *request: Any) -> Any:
        answer = await original(method, path, *request)
        if b"Unknown Route53 endpoint: " in answer[2]:
            message = f"The stand-in does not implement {method} {path}."
            return route53._error_response("NotImplemented", message, 501)
        return answer

    return handle
