"""How S3 encrypts new objects that come without a word about encryption."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from headrace.aws.target import Target, absent_on
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import Missing, Rule, Slice
from headrace.resources.s3.bucket._common import whose

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ServerSideEncryptionRuleOutputTypeDef, ServerSideEncryptionRuleTypeDef

_KEY_NEEDS_KMS = "kmsKeyARN needs algorithm aws:kms or aws:kms:dsse"
_BUCKET_KEY_NEEDS_KMS = "bucketKey needs algorithm aws:kms"


def _own_key_is_none(value: object) -> object:
    """AWS's own key for S3 is what no key at all means."""
    return None if isinstance(value, str) and value.endswith(":alias/aws/s3") else value


class Encryption(Slice):
    """The default encryption of new objects. Without it S3 uses AES256, which cannot be turned off."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.kmsKeyARN) || (has(self.algorithm) && self.algorithm != 'AES256')",
            _KEY_NEEDS_KMS,
            ".kmsKeyARN",
        ),
        Rule(
            "!has(self.bucketKey) || !self.bucketKey || (has(self.algorithm) && self.algorithm == 'aws:kms')",
            _BUCKET_KEY_NEEDS_KMS,
            ".bucketKey",
        ),
    )
    passes: ClassVar[Mapping[str, str]] = {"kms_key_arn": "keys"}
    filled_by_cloud: ClassVar[frozenset[str]] = frozenset({"blocked_encryption_types"})

    algorithm: Literal["AES256", "aws:kms", "aws:kms:dsse"] = Field(
        "AES256",
        description="AES256: keys of S3. aws:kms: a key of KMS. aws:kms:dsse: twice, with a key of KMS.",
    )
    kms_key_arn: Annotated[str | None, BeforeValidator(_own_key_is_none)] = Field(
        None,
        max_length=2048,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+$",
        description="ARN of the KMS key, or of an alias of it. Silent: the key that AWS keeps for S3.",
    )
    bucket_key: bool = Field(
        False, description="Derive keys for the bucket, which saves most requests to KMS. For aws:kms only."
    )
    blocked_encryption_types: tuple[Literal["SSE-C"], ...] | None = Field(
        None,
        max_length=1,
        description="Kinds of encryption that writers may not ask for; an empty list blocks none.",
    )

    @model_validator(mode="after")
    def _keys_need_kms(self) -> Self:
        if self.kms_key_arn is not None and self.algorithm == "AES256":
            raise ValueError(_KEY_NEEDS_KMS)
        if self.bucket_key and self.algorithm != "aws:kms":
            raise ValueError(_BUCKET_KEY_NEEDS_KMS)
        return self


class EncryptionFacet(Facet[Encryption, Target]):
    """Default encryption has no off: S3 falls back to AES256."""

    name = "encryption"
    slice = Encryption
    resting = Encryption()
    default = Encryption()
    permissions = Permissions(
        read=frozenset({"s3:GetEncryptionConfiguration"}), write=frozenset({"s3:PutEncryptionConfiguration"})
    )

    def observe(self, target: Target) -> Encryption | Missing:
        """Read the one rule that a bucket has."""
        with absent_on("ServerSideEncryptionConfigurationNotFoundError"):
            answer = target.s3.get_bucket_encryption(**whose(target))
            return _from_rule(answer["ServerSideEncryptionConfiguration"]["Rules"][0])
        return Encryption(blocked_encryption_types=())

    def apply(self, target: Target, after: Encryption, before: Encryption | Missing) -> None:
        """Replace the rule."""
        target.s3.put_bucket_encryption(
            **whose(target), ServerSideEncryptionConfiguration={"Rules": [_to_rule(after)]}
        )


def _from_rule(rule: "ServerSideEncryptionRuleOutputTypeDef") -> Encryption:
    default = rule.get("ApplyServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"})
    algorithm = default["SSEAlgorithm"]
    blocked = rule.get("BlockedEncryptionTypes", {}).get("EncryptionType", [])
    values: dict[str, Any] = {
        "algorithm": algorithm,
        "kms_key_arn": _own_key_is_none(default.get("KMSMasterKeyID")),
        # S3 answers a bucket key for algorithms that have no use for one.
        "bucket_key": rule.get("BucketKeyEnabled", False) and algorithm == "aws:kms",
        "blocked_encryption_types": tuple(kind for kind in blocked if kind != "NONE"),
    }
    # Unchecked: S3 answers what others wrote, such as a bare key id, and that is more than spec may say.
    return Encryption.model_construct(**values)


def _to_rule(value: Encryption) -> "ServerSideEncryptionRuleTypeDef":
    rule: ServerSideEncryptionRuleTypeDef = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": value.algorithm},
        "BucketKeyEnabled": value.bucket_key,
    }
    if value.kms_key_arn is not None:
        rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] = value.kms_key_arn
    if value.blocked_encryption_types is not None:
        rule["BlockedEncryptionTypes"] = {"EncryptionType": list(value.blocked_encryption_types) or ["NONE"]}
    return rule
