"""AWSAccount, the boundary of tenants: where and as whom objects work in AWS, and who may use it."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from headrace.engine.slices import ApiModel, Rule
from headrace.kinds.definition import Column, Definition, Region
from headrace.kinds.status import Condition
from headrace.resources.tagging import KEPT, RESERVED, TagKey, TagValue

_ONE_SOURCE = "credentials come from secretRef or from roleARN, not from both"
_WHO = "name namespaces in names, or select them by labels in selector, or both"

Name = Annotated[str, Field(max_length=63)]
Label = Annotated[str, Field(max_length=317)]
LabelValue = Annotated[str, Field(max_length=63)]
Pattern = Annotated[str, Field(min_length=1, max_length=256)]
Service = Annotated[str, Field(max_length=63)]
Rate = Annotated[int, Field(ge=1, le=10000)]


class SecretRef(ApiModel):
    """A Secret with the keys aws_access_key_id, aws_secret_access_key and perhaps aws_session_token."""

    name: str = Field(max_length=253, description="Its name, in the operator's own namespace.")


class Credentials(ApiModel):
    """Where credentials come from. Silent: what the operator itself runs with (IRSA, pod identity, …)."""

    rules: ClassVar[tuple[Rule, ...]] = (Rule("!(has(self.secretRef) && has(self.roleARN))", _ONE_SOURCE),)

    secret_ref: SecretRef | None = Field(
        None, description="Credentials in a Secret; read again when it changes."
    )
    role_arn: str | None = Field(
        None,
        max_length=2048,
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
        description=(
            "A role to assume with the operator's own credentials, with the ExternalId "
            "<cluster id>/<namespace> (<cluster id>/_account for the account's own check)."
        ),
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.secret_ref is not None and self.role_arn is not None:
            raise ValueError(_ONE_SOURCE)
        return self


class BucketPatterns(ApiModel):
    """Names of buckets, with * for any characters."""

    create: tuple[Pattern, ...] = Field(
        (), max_length=50, description="Names that buckets may have. None: no bucket may be made."
    )
    adopt: tuple[Pattern, ...] = Field(
        (), max_length=50, description="Names of buckets that may be adopted. None: none may."
    )


class DistributionPatterns(ApiModel):
    """Ids of distributions, with * for any characters."""

    adopt: tuple[Pattern, ...] = Field(
        (), max_length=50, description="Ids of distributions that may be adopted. None: none may."
    )


class Passes(ApiModel):
    """ARNs, with * for any characters, that objects may have AWS services use."""

    roles: tuple[Pattern, ...] = Field((), max_length=50, description="IAM roles. None: no role.")
    keys: tuple[Pattern, ...] = Field((), max_length=50, description="KMS keys. None: no key.")
    certificates: tuple[Pattern, ...] = Field((), max_length=50, description="Certificates. None: none.")


class Selector(ApiModel):
    """Labels that a namespace must have, all of them."""

    match_labels: dict[Label, LabelValue] = Field(
        min_length=1, max_length=16, description="Labels and their values."
    )


class NamespaceEntry(ApiModel):
    """Namespaces, and what objects in them may do. What is not said is not allowed."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("has(self.selector) || (has(self.names) && size(self.names) > 0)", _WHO),
    )

    names: tuple[Name, ...] = Field(
        (), max_length=100, description="Namespaces by name, with * for any characters."
    )
    selector: Selector | None = Field(None, description="Namespaces by their labels.")
    buckets: BucketPatterns | None = Field(None, description="What buckets may be called.")
    distributions: DistributionPatterns | None = Field(None, description="Which distributions may be had.")
    hosted_zones: tuple[Pattern, ...] = Field(
        (), max_length=50, description="Ids of hosted zones in which records may be made. None: none."
    )
    passes: Passes | None = Field(None, description="What AWS services may be made to use.")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.selector is None and not self.names:
            raise ValueError(_WHO)
        return self


class AccountSpec(ApiModel):
    """An AWS account as one identity sees it."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.defaultTags) || self.defaultTags.all(key, "
            "!key.startsWith('aws:') && !key.startsWith('headrace.io/'))",
            KEPT,
            ".defaultTags",
        ),
    )

    region: Region | None = Field(
        None,
        description="The region of objects that name none. Silent: the operator's own default region.",
    )
    credentials: Credentials | None = Field(
        None, description="As whom to work. Silent: as the operator itself."
    )
    endpoint_url: str | None = Field(
        None, max_length=2048, pattern="^https?://.+", description="Another endpoint for all services of AWS."
    )
    default_tags: dict[TagKey, TagValue] = Field(
        default={}, max_length=49, description="Tags that everything gets that can carry tags; spec wins."
    )
    requests_per_second: dict[Service, Rate] = Field(
        default={}, max_length=50, description="The pace for a service, by its name in boto3: s3, cloudfront."
    )
    default: bool = Field(False, description="Whether objects that name no account use this one.")
    namespaces: tuple[NamespaceEntry, ...] = Field(
        (), max_length=100, description="Who may use the account, and for what. None: nobody."
    )

    @field_validator("default_tags")
    @classmethod
    def _not_reserved(cls, value: dict[str, str]) -> dict[str, str]:
        if any(key.startswith(RESERVED) for key in value):
            raise ValueError(KEPT)
        return value


class AccountStatus(ApiModel):
    """What is known of the account."""

    observed_generation: int = Field(
        -1, ge=-1, description="The generation of the spec that was looked at last."
    )
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=8,
        description="Ready: AWS takes the credentials. Stalled while only a person can help.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    account_id: str | None = Field(None, max_length=12, description="The AWS account.")
    caller_arn: str | None = Field(None, max_length=2048, description="Who the operator is there.")
    credentials_version: str | None = Field(
        None, max_length=64, description="The resourceVersion of the Secret whose credentials are in use."
    )
    last_handled_reconcile_at: str | None = Field(
        None,
        max_length=1024,
        description="The last value of headrace.io/reconcile-requested-at that was answered.",
    )


class AWSAccount(Definition[AccountSpec]):
    """One account, or one identity in it, for the whole cluster."""

    name = "AWSAccount"
    plural = "awsaccounts"
    short_names = ("awsacct",)
    description = "Where and as whom objects work in AWS, and which namespaces may use it for what."
    spec = AccountSpec
    status = AccountStatus
    namespaced = False
    columns = (
        Column("Account", ".status.accountID"),
        Column("Default", ".spec.default", "boolean"),
        Column("Caller", ".status.callerARN", priority=1),
    )
