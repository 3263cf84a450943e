"""What CloudFront does not say when it refuses a configuration; only asked where that happened.

Who holds an alias that is taken; which alias a certificate does not cover.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from headrace.aws.cloudfront_codes import ADVICE
from headrace.aws.target import Target
from headrace.engine.document import Body
from headrace.engine.errors import CloudError, Invalid

_TAKEN, _CERTIFICATE = "CNAMEAlreadyExists", "InvalidViewerCertificate"

ASKING = frozenset(
    {"acm:DescribeCertificate", "cloudfront:ListConflictingAliases", "cloudfront:ListDistributions"}
)
"""The IAM actions for asking what CloudFront does not say."""


@contextmanager
def explained(target: Target, body: Body) -> Iterator[None]:
    """Where CloudFront refuses this configuration for its names, say for which, and why.

    Raises:
        CloudError: what CloudFront refuses.
    """
    try:
        with target.translating():
            yield
    except Invalid as error:
        names = sorted({str(name).lower() for name in (body.get("Aliases") or {}).get("Items", ())})
        told = ""
        if error.context.code == _TAKEN:
            held = _holders(target, names)
            told = "; ".join(held or [f"{' or '.join(names)} is held by what this account cannot see"])
            told = f"{told}. {ADVICE[_TAKEN]}"
        elif error.context.code == _CERTIFICATE:
            told = _uncovered(target, (body.get("ViewerCertificate") or {}).get("ACMCertificateArn"), names)
        if not told:
            raise
        refused = f"AWS refused {error.context.operation} ({error.context.code}): {told}"
        raise error.with_message(refused) from error


def covers(names: Iterable[str], alias: str) -> bool:
    """Say whether a certificate with these names is for this alias; a wildcard stands for one label.

    A wildcard of the alias itself is covered by the same wildcard only.
    """
    wanted = alias.lower().rstrip(".")
    _, _, parent = wanted.partition(".")
    known = {name.lower().rstrip(".") for name in names}
    return wanted in known or (f"*.{parent}" in known and bool(parent))


def _uncovered(target: Target, arn: str | None, aliases: list[str]) -> str:
    """Say which aliases the certificate is not for; nothing where that cannot be seen."""
    if not arn:
        return ""
    try:
        with target.translating():
            told = target.acm.describe_certificate(CertificateArn=arn)["Certificate"]
    except CloudError:
        return ""
    names = sorted(told.get("SubjectAlternativeNames", []))
    missing = [alias for alias in aliases if not covers(names, alias)]
    if not missing:
        return ""
    return (
        f"the certificate {arn} is for {', '.join(names)}, and not for {', '.join(missing)}. Take another "
        "certificate, or take these names out of aliases."
    )


def _holders(target: Target, names: list[str]) -> list[str]:
    """Return what is known of who holds these names; nothing where it may not be asked."""
    try:
        with target.translating():
            return sorted(_in_account(target, names)) or sorted(set(_elsewhere(target, names)))
    except CloudError:
        return []


def _in_account(target: Target, names: list[str]) -> Iterator[str]:
    for page in target.cloudfront.get_paginator("list_distributions").paginate():
        for each in page["DistributionList"].get("Items", []):
            taken = {name.lower() for name in each["Aliases"].get("Items", [])}.intersection(names)
            if each["Id"] != target.id:
                yield from (f"{name} is held by distribution {each['Id']} of this account" for name in taken)


def _elsewhere(target: Target, names: list[str]) -> Iterator[str]:
    """Yield what CloudFront tells of other accounts, the greater part of which it hides.

    It tells it only to who has a distribution with a certificate for the name.
    """
    for name in names if target.id else ():
        answer = target.cloudfront.list_conflicting_aliases(DistributionId=target.id, Alias=name)
        for each in answer["ConflictingAliasesList"].get("Items", []):
            number = each["DistributionId"]
            if not target.id.endswith(number.lstrip("*")):
                yield f"{each['Alias']} is held by distribution {number} of account {each['AccountId']}"
