"""Which members of CloudFront's DistributionConfig can be said, counted from botocore's shapes.

A member is what holds a value of its own, be it a list of values; what only counts the items of a list is
none. It is counted where it is: the CachePolicyId of the default behavior and that of the others are two.
``python -m tools.members`` prints the table of docs/comparison.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import botocore.session
from botocore.model import ListShape, Shape, StructureShape

from tools.markdown import table

Path = tuple[str, ...]

_TENANTS = "of multi-tenant distributions, which are out of scope"
_OLD = "an older way to say which certificate it is, which CloudFront answers beside the new one"

REASONS: Mapping[str, str] = {
    "CallerReference": "says which create call it was: given when the distribution is made, and kept",
    "TenantConfig": _TENANTS,
    "ConnectionMode": _TENANTS,
    "ViewerCertificate.Certificate": _OLD,
    "ViewerCertificate.CertificateSource": _OLD,
}
"""Members that no lens carries, with all in them, by their paths; a test shows that all others are."""

_TERRAFORM = (
    *("CallerReference", "ConnectionMode", "TenantConfig", "OriginGroups.Items.SelectionCriteria"),
    "Origins.Items.S3OriginConfig.OriginReadTimeout",
    *("ViewerCertificate.Certificate", "ViewerCertificate.CertificateSource"),
)
WITHOUT: Mapping[str, tuple[str, ...]] = {
    "Headrace": tuple(REASONS),
    "ACK cloudfront-controller v1.7.1": (
        *("AnycastIpListId", "CallerReference", "OriginGroups.Items.SelectionCriteria"),
        *("DefaultCacheBehavior.GrpcConfig", "CacheBehaviors.Items.GrpcConfig"),
    ),
    "provider-upjet-aws, commit 0de7aa91": _TERRAFORM,
    "Terraform provider aws v6.54.0": _TERRAFORM,
}
"""What cannot be said, with all that is in it. docs/comparison.md says how that was found."""


@dataclass(frozen=True)
class Member:
    """A member of DistributionConfig that holds a value of its own."""

    path: Path
    shape: Shape

    @property
    def name(self) -> str:
        """How it is called: Origins.Items.DomainName."""
        return ".".join(self.path)

    @property
    def reason(self) -> str | None:
        """Why no lens carries it; None where one does."""
        return next((why for path, why in REASONS.items() if below(self.name, (path,))), None)


def config_shape() -> StructureShape:
    """Return what botocore knows of a DistributionConfig."""
    shape = botocore.session.get_session().get_service_model("cloudfront").shape_for("DistributionConfig")
    assert isinstance(shape, StructureShape)  # noqa: S101 - for the types
    return shape


def members() -> tuple[Member, ...]:
    """Return all members, in botocore's order."""
    return tuple(_leaves(config_shape(), ()))


def _leaves(shape: Shape, path: Path) -> Iterator[Member]:
    if isinstance(shape, StructureShape):
        for name, inner in shape.members.items():
            if name != "Quantity":
                yield from _leaves(inner, (*path, name))
    elif isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        yield from _leaves(shape.member, path)
    else:
        yield Member(path, shape)


def below(name: str, paths: tuple[str, ...]) -> bool:
    """Say whether a member is one of these, or in one of them."""
    return any(f"{name}.".startswith(f"{path}.") for path in paths)


def covered(who: str, names: list[str]) -> str:
    """Say how many of these members can be said with this tool."""
    return f"{sum(not below(name, WITHOUT[who]) for name in names)} of {len(names)}"


def comparison() -> str:
    """Return the table of docs/comparison.md."""
    names = [member.name for member in members()]
    standard = [name for name in names if not below(name, tuple(REASONS))]
    rows = [(who, covered(who, names), covered(who, standard), _missing(who, standard)) for who in WITHOUT]
    return table(("", "all members", "of standard distributions", "of these not"), rows)


def _missing(who: str, names: list[str]) -> str:
    return ", ".join(f"`{name.replace('.Items', '')}`" for name in names if below(name, WITHOUT[who]))


def main() -> None:
    """Print the table."""
    print(comparison())


if __name__ == "__main__":
    main()
