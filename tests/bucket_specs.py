"""Specs of AcceleratedBucket, good and bad: the API server and the operator must agree on each of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = sorted((ROOT / "manifests" / "samples").glob("acceleratedbucket-*.yaml"))

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws-cn:kms:cn-north-1:111122223333:alias/media"
OFF = {"enabled": False}

Spec = Mapping[str, Any]


def sample(path: Path) -> dict[str, Any]:
    """Return the object of a sample file."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def tags(count: int) -> dict[str, str]:
    """Return as many tags."""
    return {f"tag-{number}": "x" for number in range(count)}


GOOD: Mapping[str, Spec] = {
    "silence": {},
    "a name of 63 characters": {"bucketName": "b" * 63},
    "a name of 3 characters": {"bucketName": "abc"},
    "dots without acceleration": {"bucketName": "www.example.com", "acceleration": OFF},
    "dots where nothing is accelerated by default": {"bucketName": "www.example.com", "defaults": "None"},
    "a region of the US government": {"region": "us-gov-west-1"},
    "a region of an isolated partition": {"region": "us-isob-east-1"},
    "the shortest interval": {"resyncInterval": "30s"},
    "an interval in three parts": {"resyncInterval": "1h30m15s"},
    "the longest interval": {"resyncInterval": "99999h"},
    "an empty setting": {"acceleration": {}, "encryption": {}, "versioning": {}, "tags": {}},
    "a key of KMS": {"encryption": {"algorithm": "aws:kms", "kmsKeyARN": KEY, "bucketKey": True}},
    "an alias in China, twice encrypted": {"encryption": {"algorithm": "aws:kms:dsse", "kmsKeyARN": ALIAS}},
    "no bucket key for AES256": {"encryption": {"algorithm": "AES256", "bucketKey": False}},
    "nothing blocked": {"encryption": {"blockedEncryptionTypes": []}},
    "49 tags": {"tags": tags(49)},
    "tags as long as can be": {"tags": {"k" * 128: "v" * 256}},
    "tags in any script": {"tags": {"équipe": "ü" * 256, "部門": "財務 🧾", "empty": ""}},
}

BAD: Mapping[str, tuple[Spec, str]] = {
    "a region in capitals": ({"region": "EU-Central-1"}, "region"),
    "a region with digits of another script": ({"region": "eu-central-\u0661"}, "region"),
    "a region that is too long": ({"region": "us-" + "east" * 8 + "-1"}, "region"),
    "an unknown mode": ({"mode": "Sometimes"}, "mode"),
    "an unknown drift policy": ({"driftPolicy": "Ignore"}, "driftPolicy"),
    "unknown defaults": ({"defaults": "none"}, "defaults"),
    "an unknown deletion policy": ({"deletionPolicy": "Keep"}, "deletionPolicy"),
    "emptying what is retained": ({"emptyOnDelete": True}, "emptyOnDelete needs deletionPolicy Delete"),
    "an interval in words": ({"resyncInterval": "1 hour"}, "resyncInterval"),
    "no interval": ({"resyncInterval": ""}, "resyncInterval"),
    "too short an interval": ({"resyncInterval": "29s"}, "resyncInterval is at least 30s"),
    "an interval that overflows": ({"resyncInterval": "999999999999999h"}, "resyncInterval"),
    "a name of 64 characters": ({"bucketName": "b" * 64}, "bucketName"),
    "a name of 2 characters": ({"bucketName": "ab"}, "bucketName"),
    "a name in capitals": ({"bucketName": "Media"}, "bucketName"),
    "a name with a line below": ({"bucketName": "media\n"}, "bucketName"),
    "dots": ({"bucketName": "a.bc"}, "no dots in its name"),
    "dots, accelerated by half a word": ({"bucketName": "a.bc", "acceleration": {}}, "no dots in its name"),
    "dots, accelerated in so many words": (
        {"bucketName": "a.bc", "defaults": "None", "acceleration": {"enabled": True}},
        "no dots in its name",
    ),
    "an unknown algorithm": ({"encryption": {"algorithm": "AES128"}}, "algorithm"),
    "a key without KMS": ({"encryption": {"algorithm": "AES256", "kmsKeyARN": KEY}}, "kmsKeyARN needs"),
    "a key without an algorithm": ({"encryption": {"kmsKeyARN": KEY}}, "kmsKeyARN needs"),
    "a key by its id": ({"encryption": {"algorithm": "aws:kms", "kmsKeyARN": "1234abcd"}}, "kmsKeyARN"),
    "too long a key": ({"encryption": {"algorithm": "aws:kms", "kmsKeyARN": KEY + "0" * 2048}}, "kmsKeyARN"),
    "a bucket key without KMS": (
        {"encryption": {"algorithm": "AES256", "bucketKey": True}},
        "bucketKey needs",
    ),
    "a bucket key without an algorithm": ({"encryption": {"bucketKey": True}}, "bucketKey needs"),
    "a bucket key for two layers": (
        {"encryption": {"algorithm": "aws:kms:dsse", "bucketKey": True}},
        "bucketKey needs",
    ),
    "an unknown kind of encryption blocked": (
        {"encryption": {"blockedEncryptionTypes": ["SSE-KMS"]}},
        "blockedEncryptionTypes",
    ),
    "the same blocked twice": (
        {"encryption": {"blockedEncryptionTypes": ["SSE-C", "SSE-C"]}},
        "blockedEncryptionTypes",
    ),
    "an unknown owner": ({"ownershipControls": {"objectOwnership": "Me"}}, "objectOwnership"),
    "50 tags": ({"tags": tags(50)}, "at most 49 tags: S3 takes 50, and one is Headrace's owner tag"),
    "51 tags": ({"tags": tags(51)}, "tags"),
    "a tag of AWS": ({"tags": {"aws:createdBy": "me"}}, "begin with aws: or headrace.io/ are reserved"),
    "a tag of ours": ({"tags": {"headrace.io/owner": "me"}}, "begin with aws: or headrace.io/ are reserved"),
    "an empty tag key": ({"tags": {"": "x"}}, "tags"),
    "too long a tag key": ({"tags": {"k" * 129: "x"}}, "tags"),
    "too long a tag value": ({"tags": {"team": "ü" * 257}}, "team"),
    "an unknown field": ({"colour": "blue"}, "colour"),
    "an unknown field of a setting": ({"versioning": {"enabled": True, "mfa": True}}, "mfa"),
}
