"""What the spec of a distribution says of it as a whole, and the settings that it makes."""

from typing import Any, ClassVar

from pydantic import Field

from headrace.engine.slices import ApiModel, Rule
from headrace.resources.cloudfront.distribution.aliases import Aliases
from headrace.resources.cloudfront.distribution.anycast_ip_list_id import AnycastIPListID
from headrace.resources.cloudfront.distribution.cache_tag_header import CacheTagHeader
from headrace.resources.cloudfront.distribution.comment import Comment
from headrace.resources.cloudfront.distribution.connection_function_id import ConnectionFunctionID
from headrace.resources.cloudfront.distribution.continuous_deployment_policy_id import (
    ContinuousDeploymentPolicyID,
)
from headrace.resources.cloudfront.distribution.default_root_object import DefaultRootObject
from headrace.resources.cloudfront.distribution.enabled import Enabled
from headrace.resources.cloudfront.distribution.http_version import HttpVersion
from headrace.resources.cloudfront.distribution.ipv6 import IPv6
from headrace.resources.cloudfront.distribution.price_class import PriceClass
from headrace.resources.cloudfront.distribution.staging import Staging
from headrace.resources.cloudfront.distribution.web_acl import WebACL

_STAYS = "Silent: what is there stays."
_NONE = f"{_STAYS} Empty: there must be none."
_STAGING_STAYS = "staging cannot be changed: a distribution is made as a staging one, or is none"


class GeneralSpec(ApiModel):
    """The fields of a spec that are one value each; the names are those of their facets."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.staging) && self.staging) == (has(oldSelf.staging) && oldSelf.staging)",
            _STAGING_STAYS,
            ".staging",
        ),
    )

    aliases: Aliases | None = Field(
        None,
        description=(
            "The domain names, beside its own, at which the distribution answers: cdn.example.com, or "
            f"*.example.com for all right below it. The certificate must cover them. {_NONE}"
        ),
    )
    comment: Comment | None = Field(None, description=f"What people are to know of the distribution. {_NONE}")
    enabled: Enabled | None = Field(
        None, description="Whether the distribution answers viewers. Silent: true."
    )
    price_class: PriceClass | None = Field(
        None,
        description=(
            "From how many edge locations it is served. PriceClass_100: North America, Europe and Israel. "
            "PriceClass_200: most regions. PriceClass_All: all. None: for plans that have no price class. "
            f"{_STAYS}"
        ),
    )
    http_version: HttpVersion | None = Field(
        None,
        description="The versions of HTTP that viewers may speak, beside HTTP/1.1. Silent: http2.",
    )
    ipv6: IPv6 | None = Field(
        None,
        description=(
            "Whether it has addresses of IPv6, too; false with a list of static addresses of IPv4 only. "
            "Silent: true."
        ),
    )
    default_root_object: DefaultRootObject | None = Field(
        None, description=f"What is served for the path /, such as index.html. {_NONE}"
    )
    web_acl: WebACL | None = Field(
        None,
        description=(
            "The web ACL that every request has to pass: the ARN of one of AWS WAF with the scope "
            f"CLOUDFRONT, or the id of one of AWS WAF Classic. {_NONE}"
        ),
    )
    staging: Staging | None = Field(
        None,
        description=(
            "Whether it is a staging distribution, which gets a part of another one's traffic. It can never "
            f"change. {_STAYS}"
        ),
    )
    continuous_deployment_policy_id: ContinuousDeploymentPolicyID | None = Field(
        None,
        description=(
            "The id of the continuous deployment policy that sends a part of the traffic to a staging "
            f"distribution. {_NONE}"
        ),
    )
    anycast_ip_list_id: AnycastIPListID | None = Field(
        None, description=f"The id of the Anycast list of static addresses at which it answers. {_NONE}"
    )
    cache_tag_header: CacheTagHeader | None = Field(
        None,
        description=(
            "The header of the origin's answers that has the tags of what is cached, by which it can be "
            f"invalidated. {_NONE}"
        ),
    )
    connection_function_id: ConnectionFunctionID | None = Field(
        None,
        description=f"The id of the function that decides on each connection of a viewer. {_NONE}",
    )

    def general_settings(self) -> dict[str, dict[str, Any]]:
        """Return what is said of these facets, by facet, and nothing that is silent."""
        said = ((name, getattr(self, name)) for name in GeneralSpec.model_fields)
        return {
            GeneralSpec.model_fields[name].alias or name: {"value": value.value}
            for name, value in said
            if value is not None
        }
