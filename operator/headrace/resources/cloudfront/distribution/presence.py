"""Whether the distribution exists and whose it is. The owner tag travels in CreateDistributionWithTags."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import Field

from headrace.aws.tagged import find
from headrace.aws.target import Target, absent_on
from headrace.engine.document import Body, Document, DocumentRoot
from headrace.engine.errors import CloudError, Conflict, Deploying, Pending
from headrace.engine.facet import Permissions
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT, KeyedSlice, Missing, Slice
from headrace.resources.cloudfront._tags import TAGGING, tags_of, written
from headrace.resources.cloudfront.distribution._refusals import ASKING, explained
from headrace.resources.cloudfront.distribution._store import STORE, document

_IN_PROGRESS = "InProgress"
# CloudFront ends its refusal of a CallerReference that it knows with the id of what was made with it.
_ALREADY = re.compile(r"Already exists: ([A-Z0-9]+)")


class DistributionPresence(Presence):
    """That a distribution exists, for an owner."""

    filled_by_cloud: ClassVar[frozenset[str]] = frozenset({"domain_name"})

    caller_reference: str | None = Field(
        None, description="By which CloudFront knows a create call again; it can never change."
    )
    domain_name: str | None = Field(None, description="The name at which viewers reach it.")

    def completed(self, found: Slice | Missing) -> Self:
        """Fill in what CloudFront says; what the distribution was made with stays."""
        whole = super().completed(found)
        if not isinstance(found, DistributionPresence):
            return whole
        return whole.model_copy(update={"caller_reference": found.caller_reference})


class PresenceFacet(DocumentRoot[DistributionPresence, Target]):
    """The distribution itself."""

    name = "presence"
    slice = DistributionPresence
    store = STORE
    address = "arn:{partition}:cloudfront::{account}:distribution/{id}"
    carries: ClassVar[tuple[str, ...]] = ("tags",)
    requires: ClassVar[tuple[str, ...]] = ("origins", "defaultBehavior")
    id_from_cloud = True
    granted_as = "distributions"
    permissions = Permissions(
        read=frozenset({"cloudfront:GetDistribution", "cloudfront:ListTagsForResource", "tag:GetResources"}),
        write=frozenset(
            {
                "cloudfront:CreateDistribution",
                "cloudfront:DeleteDistribution",
                "cloudfront:TagResource",
                "cloudfront:UntagResource",
                "cloudfront:UpdateDistribution",
            }
        ),
        create=frozenset({"cloudfront:CreateDistribution"}),
        remove=frozenset({"cloudfront:DeleteDistribution", "cloudfront:UpdateDistribution"}),
        explain=ASKING,
    )

    def observe(self, target: Target) -> DistributionPresence | Missing:
        """Read the distribution and its tags; look for it by its owner where its id is not known."""
        if not target.id:
            found = find(target, "cloudfront:distribution")
            if found is None:
                return ABSENT
            target.identify(found.rpartition("/")[2])
        with absent_on("NoSuchDistribution"):
            return _presence(STORE.read(target), tags_of(target))
        return ABSENT

    def blank(self, target: Target, after: DistributionPresence) -> Body:
        """Return the configuration of a distribution of which nothing is said."""
        return {
            # The owner's UID, a guard against making it twice: the refusal names what is there.
            "CallerReference": after.caller_reference,
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 0, "Items": []},
            "DefaultCacheBehavior": {"TargetOriginId": "", "ViewerProtocolPolicy": "redirect-to-https"},
        }

    def create_from(
        self, target: Target, after: DistributionPresence, body: Body, carried: Mapping[str, Slice]
    ) -> None:
        """Make the distribution with its owner, and with the tags that it is to have.

        A pass that died may have made it just now: then its tags are not found yet, but CloudFront knows the
        CallerReference. Whose it is, is read back as ever.
        """
        tags = after.marks()
        for value in carried.values():
            tags.update(value.entries if isinstance(value, KeyedSlice) else {})
        said: Any = {"DistributionConfig": dict(body), "Tags": written(tags)}
        client = target.cloudfront
        with explained(target, body):
            try:
                answer = client.create_distribution_with_tags(DistributionConfigWithTags=said)
            except client.exceptions.DistributionAlreadyExists as error:
                target.identify(_already(error.response["Error"].get("Message", "")))
            else:
                target.identify(answer["Distribution"]["Id"])
                target.tell(STORE.name, document(answer))

    def apply(
        self, target: Target, after: DistributionPresence, before: DistributionPresence | Missing
    ) -> None:
        """Change whose the distribution is."""
        TAGGING.remark(target, after, before)

    def busy(self, target: Target) -> CloudError | None:
        """Say since when CloudFront has been rolling out the configuration, if it has not done so yet."""
        return _deploying(target, STORE.read(target), "is being deployed")

    def remove(self, target: Target, before: DistributionPresence) -> None:
        """Disable the distribution, wait until all edge locations know it, and only then delete it."""
        found = STORE.read(target)
        if found.body.get("Enabled", True):
            STORE.replace(target, Document({**found.body, "Enabled": False}, found.version))
            raise Pending(f"distribution {target.id} was disabled, to be deleted once all edges know it.")
        deploying = _deploying(target, found, "was disabled and is to be deleted: edges get to know it")
        if deploying is not None:
            raise deploying
        with absent_on("NoSuchDistribution"):
            target.cloudfront.delete_distribution(Id=target.id, IfMatch=found.version)


def _already(said: str) -> str:
    """Return the id of the distribution that was made with the same CallerReference."""
    found = _ALREADY.search(said)
    if found is None:
        raise Conflict(f"CloudFront has made the distribution already, and does not list it yet: {said}")
    return found[1]


def _presence(found: Document, tags: Mapping[str, str]) -> DistributionPresence:
    return DistributionPresence.of(
        tags,
        domain_name=str(found.about["domainName"]),
        caller_reference=found.body["CallerReference"],
    )


def _deploying(target: Target, found: Document, what: str) -> Deploying | None:
    if found.about["status"] != _IN_PROGRESS:
        return None
    since: datetime = found.about["lastModified"]
    return Deploying(
        f"distribution {target.id} {what}, since {since:%Y-%m-%dT%H:%M:%SZ}.", since=since.timestamp()
    )
