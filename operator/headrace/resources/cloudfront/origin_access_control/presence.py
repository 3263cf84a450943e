"""Whether there is an origin access control under the name that says whose it is."""

from typing import ClassVar

from headrace.resources.cloudfront._named import NamedRoot, root_permissions
from headrace.resources.cloudfront._shapes import Config
from headrace.resources.cloudfront.origin_access_control._kind import KIND


class PresenceFacet(NamedRoot):
    """The origin access control itself."""

    kind = KIND
    address = "arn:{partition}:cloudfront::{account}:origin-access-control/{id}"
    carries: ClassVar[tuple[str, ...]] = ("settings",)
    permissions = root_permissions(KIND)
    blank: ClassVar[Config] = {
        "OriginAccessControlOriginType": "s3",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
