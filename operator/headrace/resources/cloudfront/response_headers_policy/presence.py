"""Whether there is a response headers policy under the name that its content gives it; many may share it."""

from typing import ClassVar

from headrace.resources.cloudfront._named import NamedRoot, root_permissions
from headrace.resources.cloudfront._shapes import Config
from headrace.resources.cloudfront.response_headers_policy._kind import KIND


class PresenceFacet(NamedRoot):
    """The response headers policy itself."""

    kind = KIND
    address = "arn:{partition}:cloudfront::{account}:response-headers-policy/{id}"
    carries: ClassVar[tuple[str, ...]] = ("config",)
    permissions = root_permissions(KIND)
    blank: ClassVar[Config] = {}
