"""Specs of AcceleratedBucket, good and bad: the API server and the operator must agree on each of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws-cn:kms:cn-north-1:111122223333:alias/media"
OFF = {"enabled": False}

OLD = {"abortIncompleteUploadsAfterDays": 7}

Spec = Mapping[str, Any]


def tags(count: int) -> dict[str, str]:
    """Return as many tags."""
    return {f"tag-{number}": "x" for number in range(count)}


def cooling(*classes: str, **more: Any) -> dict[str, Any]:
    """Return a rule that moves objects into these storage classes, ten days after one another."""
    steps = [{"days": 10 * number, "storageClass": name} for number, name in enumerate(classes)]
    return {"transitions": steps, **more}


def lifecycle(*rules: Spec) -> Spec:
    """Return a spec with these rules; they have numbers for ids, if they have none."""
    return {"lifecycle": {"rules": [{"id": str(number), **rule} for number, rule in enumerate(rules)]}}


def dated(**days: str) -> dict[str, Any]:
    """Return a rule that moves objects into these storage classes on these days."""
    return {"transitions": [{"date": day, "storageClass": name} for name, day in days.items()]}


ALL_CLASSES = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")

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
    "plain HTTP": {"transport": {"tlsOnly": False}},
    "the newest TLS only": {"transport": {"minimumTLSVersion": "1.3"}},
    "no lifecycle": {"lifecycle": {}},
    "no rules": {"lifecycle": {"rules": []}},
    "rules that each do one thing": lifecycle(
        OLD,
        {"expiration": {"days": 1}},
        {"expiration": {"expiredObjectDeleteMarker": True}},
        {"noncurrentVersionExpiration": {"noncurrentDays": 1}},
        {"noncurrentVersionTransitions": [{"noncurrentDays": 0, "storageClass": "GLACIER"}]},
        cooling("GLACIER"),
    ),
    "every storage class, in any order": lifecycle(
        {"transitions": cooling(*ALL_CLASSES)["transitions"][::-1], "expiration": {"days": 51}}
    ),
    "dates": lifecycle(
        dated(GLACIER="2030-02-28", DEEP_ARCHIVE="2031-01-01") | {"expiration": {"date": "2032-12-31"}}
    ),
    "a filter of everything": lifecycle(
        cooling(
            "GLACIER",
            prefix="ü/" * 512,
            tags={"k" * 128: "v" * 256},
            objectSizeGreaterThan=1,
            objectSizeLessThan=50 * 2**40,
        )
    ),
    "an empty filter": lifecycle({**OLD, "prefix": "", "tags": {}, "transitions": []}),
    "a rule that is off": lifecycle({**OLD, "enabled": False}),
    "200 rules": lifecycle(*[cooling(*ALL_CLASSES, expiration={"days": 99})] * 200),
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
    "an old version of TLS": ({"transport": {"minimumTLSVersion": "1.1"}}, "minimumTLSVersion"),
    "a rule without an id": ({"lifecycle": {"rules": [OLD]}}, "id"),
    "two rules with one id": (lifecycle({**OLD, "id": "a"}, {**OLD, "id": "a"}), "rules"),
    "a rule that does nothing": (lifecycle({"prefix": "raw/"}), "a rule does at least one thing"),
    "a rule with nothing to do": (lifecycle(cooling()), "a rule does at least one thing"),
    "sizes that leave no room": (
        lifecycle({**OLD, "objectSizeGreaterThan": 9, "objectSizeLessThan": 9}),
        "objectSizeGreaterThan must be less than objectSizeLessThan",
    ),
    "a marker with tags": (
        lifecycle({"tags": {"a": ""}, "expiration": {"expiredObjectDeleteMarker": True}}),
        "expiredObjectDeleteMarker cannot be in a rule with tags",
    ),
    "uploads with tags": (
        lifecycle({**OLD, "tags": {"a": ""}}),
        "abortIncompleteUploadsAfterDays cannot be in a rule with tags",
    ),
    "a transition at no time": (
        lifecycle({"transitions": [{"storageClass": "GLACIER"}]}),
        "a transition has either days or a date",
    ),
    "a transition at two times": (
        lifecycle({"transitions": [{"storageClass": "GLACIER", "days": 1, "date": "2030-01-01"}]}),
        "a transition has either days or a date",
    ),
    "an expiration at no time": (lifecycle({"expiration": {}}), "an expiration has exactly one of"),
    "an expiration at no time, in so many words": (
        lifecycle({"expiration": {"expiredObjectDeleteMarker": False}}),
        "an expiration has exactly one of",
    ),
    "an expiration of everything": (
        lifecycle({"expiration": {"days": 1, "expiredObjectDeleteMarker": True}}),
        "an expiration has exactly one of",
    ),
    "days and dates": (
        lifecycle(cooling("GLACIER", expiration={"date": "2030-01-01"})),
        "a rule counts in days or in dates, not in both",
    ),
    "a storage class twice": (lifecycle(cooling("GLACIER", "GLACIER")), "transitions"),
    "a storage class from which nothing moves": (lifecycle(cooling("STANDARD")), "storageClass"),
    "a colder class first": (
        lifecycle(cooling("GLACIER", "STANDARD_IA")),
        "colder storage classes come later",
    ),
    "two classes at once": (
        lifecycle(dated(GLACIER="2030-01-01", DEEP_ARCHIVE="2030-01-01")),
        "colder storage classes come later",
    ),
    "expired before it moved": (
        lifecycle(cooling("STANDARD_IA", "GLACIER", expiration={"days": 10})),
        "the expiration comes after the last transition",
    ),
    "expired on the day on which it moves": (
        lifecycle(dated(GLACIER="2030-01-01") | {"expiration": {"date": "2030-01-01"}}),
        "the expiration comes after the last transition",
    ),
    "old versions in a colder class first": (
        lifecycle(
            {
                "noncurrentVersionTransitions": [
                    {"noncurrentDays": 1, "storageClass": "GLACIER"},
                    {"noncurrentDays": 2, "storageClass": "GLACIER_IR"},
                ]
            }
        ),
        "noncurrent versions: colder storage classes come later",
    ),
    "old versions deleted before they move": (
        lifecycle(
            {
                "noncurrentVersionTransitions": [{"noncurrentDays": 9, "storageClass": "GLACIER"}],
                "noncurrentVersionExpiration": {"noncurrentDays": 9},
            }
        ),
        "noncurrentVersionExpiration comes after the last of noncurrentVersionTransitions",
    ),
    "a day in another form": (lifecycle({"expiration": {"date": "2030-01-01T00:00:00Z"}}), "date"),
    "no days at all": (lifecycle({"expiration": {"days": 0}}), "days"),
    "too many versions to keep": (
        lifecycle({"noncurrentVersionExpiration": {"noncurrentDays": 1, "newerNoncurrentVersions": 101}}),
        "newerNoncurrentVersions",
    ),
    "an unknown minimum size": (
        {"lifecycle": {"transitionDefaultMinimumObjectSize": "1M"}},
        "transitionDefaultMinimumObjectSize",
    ),
    "50 tags": ({"tags": tags(50)}, "at most 49 tags: AWS takes 50, and one is Headrace's owner tag"),
    "51 tags": ({"tags": tags(51)}, "tags"),
    "a tag of AWS": ({"tags": {"aws:createdBy": "me"}}, "begin with aws: or headrace.io/ are reserved"),
    "a tag of ours": ({"tags": {"headrace.io/owner": "me"}}, "begin with aws: or headrace.io/ are reserved"),
    "an empty tag key": ({"tags": {"": "x"}}, "tags"),
    "too long a tag key": ({"tags": {"k" * 129: "x"}}, "tags"),
    "too long a tag value": ({"tags": {"team": "ü" * 257}}, "team"),
    "an unknown field": ({"colour": "blue"}, "colour"),
    "an unknown field of a setting": ({"versioning": {"enabled": True, "mfa": True}}, "mfa"),
}
