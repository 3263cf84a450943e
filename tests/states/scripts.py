"""How each state of each kind is brought about: what people do, and what AWS does, until it is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.kinds.definition import PAUSED
from sandbox.aws.stand_in import Fault
from sandbox.world import Object
from tests.states.stage import AccountStage, BucketStage, ResourceStage, SiteStage, Stage

DELETED = {"deletionPolicy": "Delete"}
REPORTED = {"driftPolicy": "Report"}
EDIT = {"tags": {"team": "shop"}}
UNAVAILABLE: Fault = {"status": 503, "code": "ServiceUnavailable"}
# The answer to a HEAD has no body, so that it cannot say why.
THROTTLED: Fault = {
    "operation": "(?!HeadBucket).*",
    "status": 503,
    "code": "SlowDown",
    "message": "Please reduce your request rate.",
}
DENIED: Fault = {"status": 403, "code": "AccessDenied", "message": "Access Denied"}


@dataclass(frozen=True)
class Script:
    """One state of one kind."""

    kind: str
    name: str
    play: Callable[[Any], Object]
    early: bool = False
    """Whether it is played before there is an operator."""
    late: bool = False
    """Whether CloudFront takes its time with it."""
    bug: bool = False
    """Whether the operator has to have a bug."""

    @property
    def path(self) -> str:
        """The file of what was recorded."""
        return f"{self.kind}/{self.name}.yaml"


# What stands for resources of the cloud


def _fresh(stage: Stage) -> Object:
    stage.apply()
    return stage.get()


def _in_sync(stage: Stage, **more: Any) -> Object:
    stage.have_account()
    stage.apply(**more)
    return stage.reason("InSync")


def _edited(stage: Stage) -> Object:
    """The operator has heard of the edit, and waits for the first answer of AWS."""
    _in_sync(stage)
    held = stage.fault(action="hold")
    stage.edit(**EDIT)
    stage.ground.aws.wait_until_held(held)
    return stage.get()


def _creating(stage: Stage) -> Object:
    stage.have_account()
    stage.busy()
    stage.apply()
    return stage.reason("Creating")


def _updating(stage: Stage) -> Object:
    _in_sync(stage)
    stage.busy()
    stage.edit(**EDIT)
    return stage.reason("Updating")


def _drifted(stage: ResourceStage) -> Object:
    _in_sync(stage, **REPORTED, **({"comment": "the shop"} if stage.kind == SiteStage.kind else {}))
    stage.drift()
    stage.look_now()
    return stage.reason("Drifted")


def _put_right(stage: ResourceStage) -> Object:
    _in_sync(stage, **({"comment": "the shop"} if stage.kind == SiteStage.kind else {}))
    stage.drift()
    stage.look_now()
    stage.until(lambda obj: "lastCorrection" in obj["status"], "a correction")
    return stage.reason("InSync")


def _missing(stage: ResourceStage) -> Object:
    _in_sync(stage, **REPORTED)
    stage.erase()
    stage.look_now()
    return stage.reason("Drifted", ready="False")


def _observing(stage: ResourceStage) -> Object:
    stage.have_account()
    stage.apply(mode="Observe", **stage.by_hand())
    return stage.reason("Observing", ready="True")


def _observing_nothing(stage: Stage) -> Object:
    stage.have_account()
    stage.apply(mode="Observe")
    return stage.reason("Observing", ready="False")


def _paused(stage: Stage) -> Object:
    _in_sync(stage)
    return stage.pause()


def _paused_and_edited(stage: Stage) -> Object:
    _in_sync(stage)
    stage.pause()
    stage.edit(**EDIT)
    return stage.reason("Paused", ready="False")


def _paused_from_the_start(stage: Stage) -> Object:
    stage.have_account()
    stage.apply({PAUSED: "true"})
    return stage.reason("Paused")


def _paused_and_deleted(stage: Stage) -> Object:
    _in_sync(stage, **DELETED)
    stage.pause()
    stage.delete()
    return stage.deletion("Paused")


def _denied(stage: Stage) -> Object:
    stage.have_account()
    stage.fault(DENIED, operation="CreateBucket|CreateDistribution.*")
    stage.apply()
    return stage.reason("AccessDenied")


def _not_ours(stage: ResourceStage) -> Object:
    stage.have_account()
    stage.apply(**stage.by_hand())
    return stage.reason("NotOurs")


def _moved(stage: Stage) -> Object:
    _in_sync(stage)
    stage.edit(account=stage.have_another_account())
    return stage.reason("Moved")


def _outage(fault: Fault, reason: str) -> Callable[[Stage], Object]:
    def play(stage: Stage) -> Object:
        stage.have_account()
        stage.fault(fault)
        stage.apply()
        return stage.reason(reason)

    return play


def _lasting(fault: Fault, reason: str) -> Callable[[Stage], Object]:
    def play(stage: Stage) -> Object:
        _in_sync(stage)
        stage.fault(fault)
        stage.look_now()
        return stage.reason(reason, ready="True")

    return play


def _deleting(stage: Stage) -> Object:
    _in_sync(stage, **DELETED)
    stage.busy()
    stage.delete()
    return stage.deletion("Deleting")


def _deletion_denied(stage: Stage) -> Object:
    _in_sync(stage, **DELETED)
    stage.fault(DENIED, operation="(Delete|Update).*")
    stage.delete()
    return stage.deletion("AccessDenied")


def _bug(stage: Stage) -> Object:
    stage.have_account()
    stage.apply()
    return stage.reason("InternalError")


_CLOUD: Mapping[str, Callable[[Any], Object]] = {
    "edited": _edited,
    "creating": _creating,
    "updating": _updating,
    "drifted": _drifted,
    "put-right": _put_right,
    "missing": _missing,
    "observing": _observing,
    "observing-nothing": _observing_nothing,
    "paused": _paused,
    "paused-edited": _paused_and_edited,
    "paused-from-the-start": _paused_from_the_start,
    "paused-deleting": _paused_and_deleted,
    "access-denied": _denied,
    "not-ours": _not_ours,
    "moved": _moved,
    "throttled": _outage(THROTTLED, "Throttled"),
    "throttled-lasting": _lasting(THROTTLED, "Throttled"),
    "unavailable": _outage(UNAVAILABLE, "Unavailable"),
    "unavailable-lasting": _lasting(UNAVAILABLE, "Unavailable"),
    "deleting": _deleting,
    "deletion-denied": _deletion_denied,
}


# Buckets


def _waiting_for_account(stage: BucketStage) -> Object:
    stage.apply()
    return stage.reason("Waiting")


def _no_acceleration_there(stage: BucketStage) -> Object:
    stage.have_account()
    stage.apply(region="eu-north-1", acceleration={"enabled": True})
    return stage.reason("InvalidSpec")


def _not_empty(stage: BucketStage) -> Object:
    _in_sync(stage, **DELETED)
    stage.s3.put_object(Bucket=stage.bucket, Key="precious", Body=b"content")
    stage.delete()
    return stage.deletion("NotEmpty")


# Distributions


def _site_in_sync(stage: SiteStage) -> Object:
    stage.have_account()
    stage.have_bucket()
    stage.apply(**stage.over_a_bucket())
    return stage.reason("InSync")


def _waiting_for_bucket(stage: SiteStage) -> Object:
    stage.have_account()
    stage.apply(**stage.over_a_bucket())
    return stage.reason("Waiting")


def _waiting_for_stalled(stage: SiteStage) -> Object:
    stage.have_account()
    bucket = stage.beside(BucketStage)
    bucket.apply(**bucket.by_hand())
    bucket.reason("NotOurs")
    stage.apply(**stage.over_a_bucket())
    return stage.reason("Waiting")


def _nothing_to_adopt(stage: SiteStage) -> Object:
    stage.have_account()
    stage.apply(distributionID="E1NOTHERE23456", adoption="IfExists")
    return stage.reason("InvalidSpec")


def _deploying(stage: SiteStage) -> Object:
    stage.have_account()
    stage.apply()
    return stage.reason("Deploying")


def _disabling(stage: SiteStage) -> Object:
    stage.have_account()
    stage.apply(**DELETED)
    stage.reason("Deploying")
    stage.delete()
    return stage.deletion("Deleting")


# Accounts


def _account(stage: AccountStage) -> Object:
    stage.have_account()
    return stage.reason("InSync")


def _account_edited(stage: AccountStage) -> Object:
    _account(stage)
    held = stage.fault(service="sts", action="hold")
    stage.edit(defaultTags={"team": "platform"})
    stage.ground.aws.wait_until_held(held)
    return stage.get()


def _no_secret(stage: AccountStage) -> Object:
    stage.apply()
    return stage.reason("Waiting")


def _no_keys(stage: AccountStage) -> Object:
    stage.put_secret({"aws_access_key_id": stage.number})
    stage.apply()
    return stage.reason("InvalidSpec")


def _account_fault(fault: Fault, reason: str) -> Callable[[AccountStage], Object]:
    def play(stage: AccountStage) -> Object:
        stage.fault(fault, service="sts")
        stage.have_account()
        return stage.reason(reason)

    return play


def _account_lasting(fault: Fault, reason: str) -> Callable[[AccountStage], Object]:
    def play(stage: AccountStage) -> Object:
        _account(stage)
        stage.fault(fault, service="sts")
        stage.look_now()
        return stage.reason(reason, ready="True")

    return play


def _in_use(stage: AccountStage) -> Object:
    stage.have_account()
    bucket = stage.beside(BucketStage)
    bucket.apply()
    bucket.reason("InSync")
    stage.delete()
    return stage.deletion("Waiting")


def _account_bug(stage: AccountStage) -> Object:
    stage.have_account()
    return stage.reason("InternalError")


_UNKNOWN_KEYS: Fault = {
    "status": 403,
    "code": "InvalidClientTokenId",
    "message": "The security token included in the request is invalid.",
}
_STS_THROTTLED: Fault = {"status": 400, "code": "Throttling", "message": "Rate exceeded"}
_ACCOUNTS: Mapping[str, Callable[[AccountStage], Object]] = {
    "in-sync": _account,
    "edited": _account_edited,
    "waiting": _no_secret,
    "invalid-spec": _no_keys,
    "access-denied": _account_fault(_UNKNOWN_KEYS, "AccessDenied"),
    "throttled": _account_fault(_STS_THROTTLED, "Throttled"),
    "throttled-lasting": _account_lasting(_STS_THROTTLED, "Throttled"),
    "unavailable": _account_fault(UNAVAILABLE, "Unavailable"),
    "unavailable-lasting": _account_lasting(UNAVAILABLE, "Unavailable"),
    "deleting-in-use": _in_use,
}
_BUCKETS: Mapping[str, Callable[[BucketStage], Object]] = {
    **_CLOUD,
    "in-sync": _in_sync,
    "waiting": _waiting_for_account,
    "invalid-spec": _no_acceleration_there,
    "not-empty": _not_empty,
}
_SITES: Mapping[str, Callable[[SiteStage], Object]] = {
    **_CLOUD,
    "in-sync": _site_in_sync,
    "waiting": _waiting_for_bucket,
    "waiting-for-stalled": _waiting_for_stalled,
    "invalid-spec": _nothing_to_adopt,
}
_LATE: Mapping[str, Callable[[SiteStage], Object]] = {
    "deploying": _deploying,
    "deploying-deleting": _disabling,
}
_PLAYED: Mapping[str, Mapping[str, Callable[[Any], Object]]] = {
    AccountStage.kind: _ACCOUNTS,
    BucketStage.kind: _BUCKETS,
    SiteStage.kind: _SITES,
}

SCRIPTS: tuple[Script, ...] = (
    *(Script(kind, "fresh", _fresh, early=True) for kind in _PLAYED),
    *(Script(kind, name, play) for kind, plays in _PLAYED.items() for name, play in plays.items()),
    *(Script(SiteStage.kind, name, play, late=True) for name, play in _LATE.items()),
    Script(AccountStage.kind, "internal-error", _account_bug, bug=True),
    *(Script(kind, "internal-error", _bug, bug=True) for kind in (BucketStage.kind, SiteStage.kind)),
)
"""All states of all kinds."""
