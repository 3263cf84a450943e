"""A place on the AWS stand-in where resource types are settled as the operator settles them."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.engine.ownership import Presence
from headrace.engine.reconcile import reconcile
from headrace.engine.wish import Layer, resolve
from headrace.engine.work import Report, Work
from headrace.resources.registry import resource_type
from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn

ME = "prod-1/Distribution/shop/media"
SOMEBODY = "prod-2/Distribution/bank/media"
# Where the APIs of CloudFront, Route 53 and the certificates for CloudFront are.
REGION = "us-east-1"


@dataclass
class Place:
    """One account; zones and names are new for each test."""

    stand_in: StandIn
    pool: Executor
    numbers: "count[int]" = field(default_factory=count)
    account: Account = field(init=False)
    mark: int = 0

    def __post_init__(self) -> None:
        source = Source(Keys(ACCOUNT, "stand-in"), REGION, self.stand_in.url)
        self.account = Account(Meter(), Pacing(10_000.0), source)
        # It is asked once for each account, and no pass is to be told of it.
        assert self.account.identity.account_id == ACCOUNT

    @property
    def route53(self) -> Any:
        return self.stand_in.client("route53", region=REGION)

    @property
    def acm(self) -> Any:
        return self.stand_in.client("acm", region=REGION)

    def target(self, kind: str, id: str = "", name: str = "", owner: str = ME) -> Target:
        address = resource_type(kind).root.located("aws", REGION, ACCOUNT)
        return Target(self.account, REGION, id, address, name, owner)

    def settle(
        self,
        kind: str,
        target: Target,
        settings: Mapping[str, Any],
        said: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> Report:
        """Make one pass in the name of the target's owner; the calls that it takes are in `calls`."""
        resource = resource_type(kind)
        presence = resource.root.slice.model_validate({"owner": target.owner, **(said or {})})
        assert isinstance(presence, Presence)
        wishes = resolve(resource.facets, [Layer("spec", settings)], frozenset(), secure=False)
        self.mark = self.stand_in.mark()
        return reconcile(Work(resource, target, presence, wishes, **how), self.pool)

    def calls(self) -> list[str]:
        """Return what the last pass asked for, in its order."""
        return [call.operation for call in self.stand_in.since(self.mark)]

    def zone(self, name: str = "", private: bool = False) -> tuple[str, str]:
        """Make a hosted zone; return its id and its name."""
        number = next(self.numbers)
        name = name or f"zone-{number}.example"
        more = {"VPC": {"VPCRegion": REGION, "VPCId": "vpc-1"}} if private else {}
        made = self.route53.create_hosted_zone(Name=name, CallerReference=f"zone-{number}", **more)
        return made["HostedZone"]["Id"].rpartition("/")[2], name

    def put(self, zone: str, *records: Mapping[str, Any], action: str = "CREATE") -> None:
        """Change records as somebody else would."""
        changes = [{"Action": action, "ResourceRecordSet": each} for each in records]
        self.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    def records(self, zone: str) -> dict[tuple[str, str], Any]:
        """Return what there is in a zone, but for what every zone has, by name and type."""
        found = self.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return {
            (each["Name"].rstrip("."), each["Type"]): each.get("AliasTarget", {}).get("DNSName")
            or [value["Value"] for value in each["ResourceRecords"]]
            for each in found
            if each["Type"] not in ("NS", "SOA")
        }


def record(name: str, kind: str, *values: str, **more: Any) -> dict[str, Any]:
    """Write a record set with plain values."""
    return {
        "Name": name,
        "Type": kind,
        "TTL": 60,
        "ResourceRecords": [{"Value": value} for value in values],
        **more,
    }


def errors(report: Report) -> list[tuple[str, str]]:
    """Return the class and the sentence of each failure."""
    return [(type(each.error).__name__, each.error.message) for each in report.failures]


def fine(report: Report) -> Report:
    """Return a report of which nothing failed, and nothing is left."""
    assert (errors(report), report.left, dict(report.held)) == ([], (), {})
    return report
