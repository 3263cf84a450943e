"""The continuous deployment policy of a distribution."""

from pydantic import Field

from headrace.resources.cloudfront.distribution._member import Member, Text


class ContinuousDeploymentPolicyID(Text):
    """The policy that sends a part of the traffic to a staging distribution."""

    value: str = Field("", max_length=64, description="The id of a continuous deployment policy.")


class ContinuousDeploymentPolicyIDLens(Member[ContinuousDeploymentPolicyID]):
    """None is the empty one."""

    name, slice = "continuousDeploymentPolicyID", ContinuousDeploymentPolicyID
    path, off = ("ContinuousDeploymentPolicyId",), ""
