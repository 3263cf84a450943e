"""The functions that run on the events of a behaviour.

Source: "Restrictions on all edge functions" in the CloudFront Developer Guide.
"""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from headrace.engine.slices import ApiModel, Rule
from headrace.resources.models import checked

ONCE = "each event may have one function"
_BODY = "includeBody is for viewer-request and origin-request: a response has no request body"
_EDGE_REGION = "lambdas are functions in us-east-1: CloudFront takes them from no other region"


class FunctionAssociation(ApiModel):
    """A CloudFront Function that runs on an event."""

    event: Literal["viewer-request", "viewer-response"] = Field(description="When the function runs.")
    function_arn: str = Field(
        max_length=128,
        pattern=r"^arn:aws[a-z-]*:cloudfront::[0-9]{12}:function/[a-zA-Z0-9_-]{1,64}$",
        description="ARN of the function, which is published.",
    )


class LambdaAssociation(ApiModel):
    """A Lambda@Edge function that runs on an event."""

    # The API server runs them where required fields are missing, too: one that fails to run is not forgiven.
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.includeBody) || !self.includeBody || !has(self.event) || "
            "self.event.endsWith('-request')",
            _BODY,
            ".includeBody",
        ),
        Rule(
            "!has(self.functionARN) || self.functionARN.contains(':lambda:us-east-1:')",
            _EDGE_REGION,
            ".functionARN",
        ),
    )

    event: Literal["viewer-request", "viewer-response", "origin-request", "origin-response"] = Field(
        description="When the function runs."
    )
    function_arn: str = Field(
        max_length=256,
        pattern=r"^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9_-]{1,64}:[0-9]+$",
        description="ARN of a version of the function in us-east-1; neither an alias nor $LATEST.",
    )
    include_body: bool = Field(False, description="Let the function read the body of the request.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        checked(self, not self.include_body or self.event.endswith("-request"), _BODY)
        return checked(self, ":lambda:us-east-1:" in self.function_arn, _EDGE_REGION)
