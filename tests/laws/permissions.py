"""Laws of permissions, tried as a user who is not root, where the cloud itself checks every request."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from headrace.aws.target import Target as CloudTarget
from headrace.engine.document import create
from headrace.engine.errors import Denied
from headrace.engine.facet import ResourceType, Root, Target
from headrace.engine.ownership import Presence
from headrace.engine.slices import Missing, Slice
from sandbox.aws.stand_in import StandIn
from tests.laws.aws_world import AwsWorld, RequestLog, stand_in_world
from tests.laws.laws import AnyFacet, each_value, least, look, looks, prepared, remove, stands_on

_USER = "operator"

Step = Callable[[Any], object]
"""One thing that a member does to a target."""


@dataclass(frozen=True)
class Guarded:
    """An AWS that checks policies, as its root sees it and as a user whose policy we write."""

    root: AwsWorld
    user: AwsWorld
    caller: str
    """The ARN of the user, as IAM made it."""
    log: RequestLog
    iam: Any
    cloudfront: Any
    """As root."""

    def allow(self, actions: Collection[str]) -> None:
        """Let the user do just this; the log starts anew."""
        statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.put_user_policy(UserName=_USER, PolicyName="declared", PolicyDocument=document)
        self.log.news()

    def refused(self) -> list[str]:
        """Return the operations that were denied since the policy was written."""
        return sorted({call.operation for call in self.log.news() if call.status == 403})


@contextmanager
def guarded(aws: StandIn) -> Iterator[Guarded]:
    """Make a user in this stand-in, which has to check policies."""
    iam = aws.client("iam")
    caller = iam.create_user(UserName=_USER)["User"]["Arn"]
    key = iam.create_access_key(UserName=_USER)["AccessKey"]
    secret = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    with stand_in_world(aws, "root") as root, stand_in_world(aws, "user", **secret) as user:
        yield Guarded(root, user, caller, RequestLog(aws), iam, aws.client("cloudfront"))


def declared(*members: AnyFacet) -> frozenset[str]:
    """Return all actions that these declare."""
    return frozenset().union(*(each.permissions.read | each.permissions.write for each in members))


def alone(resource: ResourceType, member: AnyFacet) -> ResourceType:
    """Return the resource as if it had only this member, what that stands on, and what it cannot lack."""
    below = stands_on(resource, member)
    wanted = {member.name, *(each.name for each in below), *resource.root.requires}
    kept = tuple(each for each in resource.facets if each.name in wanted)
    return ResourceType(resource.name, resource.root, kept)


def law_declared_is_enough(
    law: Callable[[ResourceType, AwsWorld], None], resource: ResourceType, world: Guarded
) -> None:
    """With just what its members declare another law holds, and nothing else was ever asked for."""
    world.allow(declared(*resource.members()))
    who = ", ".join(member.name for member in resource.members())
    try:
        law(resource, world.user)
    finally:
        # Also where the law fails: what was refused is why, and also where it holds all the same.
        refused = world.refused()
        assert not refused, f"what {who} declare does not do for {refused}"


def law_each_permission_is_needed(
    resource: ResourceType, member: AnyFacet, action: str, world: Guarded
) -> None:
    """Without this one something is denied, and the error names it, the resource and who was refused."""
    helping = _ready(resource, member, world.root)
    target = world.user.at(resource, helping.name, helping.id)
    world.allow(declared(*alone(resource, member).members()) - {action})
    denials = _denials(_steps(resource, member, helping, world.root), target, helping)
    assert denials, f"{member.name} declares {action} and has no use for it"
    for denied, arn in denials:
        told = (denied.context.action, denied.context.resource, denied.context.caller)
        wanted = (action, arn, world.caller)
        assert told == wanted, f"{member.name} without {action}: the error tells of {told}"
        unsaid = [word for word in wanted if word not in denied.message]
        assert not unsaid, f"{member.name} without {action}: {denied.message!r} does not say {unsaid}"


def _ready(resource: ResourceType, member: AnyFacet, world: AwsWorld) -> CloudTarget:
    """Make what a member stands on; the root stands on nothing."""
    target = world.fresh(resource) if member is resource.root else prepared(resource, world, member)
    assert isinstance(target, CloudTarget)
    return target


def _denials(steps: Iterable[Step], target: CloudTarget, helping: CloudTarget) -> list[tuple[Denied, str]]:
    """Do all the steps; what the user is refused root does, so that the next one has its turn.

    With each denial comes the ARN of what it was about, as it was known by then.
    """
    found = []
    for step in steps:
        try:
            _take(step, target)
            helping.identify(target.id)
        except Denied as denied:
            found.append((denied, target.arn))
            _take(step, helping)
            target.identify(helping.id)
    return found


def _take(step: Step, target: Target) -> None:
    target.forget()
    with target.translating():
        step(target)


def _steps(resource: ResourceType, member: AnyFacet, target: Target, world: AwsWorld) -> Iterator[Step]:
    """Yield all that a member does, from nothing to nothing."""
    if isinstance(member, Root):
        ours = world.presence(resource, target)
        yield member.observe
        yield partial(_create, resource, ours, least(resource, world))
        yield member.observe
        yield from looks(resource)
        if member.marked:
            yield partial(_write, member, ours.released(), ours)
            yield partial(_write, member, ours, ours.released())
        yield lambda there: remove(resource, there, ours)
        return
    for value in each_value(resource, member, world):
        yield member.observe
        yield partial(_write, member, value, look(member, target))


def _create(resource: ResourceType, ours: Presence, carried: Mapping[str, Slice], target: Target) -> None:
    create(resource, target, ours, carried)


def _write(facet: AnyFacet, after: Slice | Missing, before: Slice | Missing, target: Target) -> None:
    if isinstance(after, Slice):
        facet.apply(target, after, before)
    else:
        facet.remove(target, before)
