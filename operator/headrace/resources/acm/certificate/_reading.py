"""What ACM tells of a certificate, read once for all who ask in a look, and how it is found by its names."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from headrace.aws.target import Target
from headrace.engine.ownership import OWNER_TAG, RETAINED_TAG
from headrace.resources.acm.certificate._names import in_order, names_in

if TYPE_CHECKING:
    from mypy_boto3_acm.type_defs import CertificateDetailTypeDef

_PAGE = 1000
_TAGS = "tags"
# Where there are several, which should not be: the one that can be used.
_BEST = ("ISSUED", "PENDING_VALIDATION")


def id_in(arn: str) -> str:
    """Return the id of a certificate, which is the end of its ARN."""
    return arn.rpartition("/")[2]


def detail(target: Target) -> "CertificateDetailTypeDef":
    """Return what ACM tells of the certificate."""
    answer: Any = target.share(
        "certificate", lambda: target.acm.describe_certificate(CertificateArn=target.arn)
    )
    return cast("CertificateDetailTypeDef", answer["Certificate"])


def tags_of(target: Target) -> dict[str, str]:
    """Return the tags of the certificate."""
    return cast(dict[str, str], target.share(_TAGS, lambda: _tags(target, target.arn)))


def find(target: Target) -> None:
    """Let the target know its id, if there is such a certificate that is, or was, its owner's.

    The Tagging API would answer with one call, too, but tells of what was tagged only after a while. The list
    is always right, and only certificates for just these names are asked for their tags: mostly none or one.
    """
    tagged = [(each, _tags(target, each["CertificateArn"])) for each in _namesakes(target)]
    mine = [(each, tags) for each, tags in tagged if _is_mine(target, tags)]
    if mine:
        best, tags = min(mine, key=lambda found: (_rank(found[0]), found[0]["CertificateArn"]))
        target.identify(id_in(best["CertificateArn"]))
        target.share(_TAGS, lambda: tags)


def _namesakes(target: Target) -> Iterator[Mapping[str, Any]]:
    names = names_in(target.name)
    pages = target.acm.get_paginator("list_certificates").paginate(PaginationConfig={"PageSize": _PAGE})
    for page in pages:
        for each in page["CertificateSummaryList"]:
            told = each.get("SubjectAlternativeNameSummaries", names)
            if each["DomainName"] == names[0] and in_order(told) == names:
                yield each


def _is_mine(target: Target, tags: Mapping[str, str]) -> bool:
    return target.owner in (tags.get(OWNER_TAG), None if OWNER_TAG in tags else tags.get(RETAINED_TAG))


def _rank(summary: Mapping[str, Any]) -> int:
    status = summary.get("Status")
    return _BEST.index(status) if status in _BEST else len(_BEST)


def _tags(target: Target, arn: str) -> dict[str, str]:
    answer = target.acm.list_tags_for_certificate(CertificateArn=arn)
    return {tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags", [])}
