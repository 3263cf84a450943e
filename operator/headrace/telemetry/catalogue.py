"""Every metric of ours: its name, type and labels, and what it means. The reference page is made from this.

Names follow Prometheus' conventions: base units, `_total` for counters. Each label has a bound, said in
`LABELS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, get_args

MOST_OUTCOMES = 100
MOST_REGIONS = 50
MOST_FIELDS = 200
MOST_RESOURCES = 50

Result = Literal[
    "in_sync", "changed", "drifted", "deploying", "error", "stalled", "deleted", "bug", "api_error"
]
"""What can come of a pass."""


class Type(StrEnum):
    """What kind of metric it is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True)
class Metric:
    """One metric, under the name by which it is asked for."""

    name: str
    type: Type
    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds, of histograms only."""


_PASS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT = (0.001, 0.01, 0.1, 1, 10, 60, 300)
_CALL = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 20)
# A bucket is there within seconds, a distribution within a quarter of an hour.
_EDIT = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 3600)

# The process

BUILD = Metric(
    "headrace_build_info", Type.INFO, "The operator's version; the value is 1.", ("version", "python")
)
LEADER = Metric("headrace_leader", Type.GAUGE, "Whether this replica leads: 1, or 0 while it stands by.")
OTHER_OPERATORS = Metric(
    "headrace_other_operators",
    Type.GAUGE,
    "Other releases of Headrace that wrote to our objects within the last hour.",
)
WATCH_AGE = Metric(
    "headrace_watch_age_seconds",
    Type.GAUGE,
    "Time since bytes came in on a watch, of the one that is silent for longest.",
)

# Passes

RECONCILES = Metric(
    "headrace_reconciles_total",
    Type.COUNTER,
    "Passes over objects, by what came of them.",
    ("kind", "result"),
)
RECONCILE_SECONDS = Metric(
    "headrace_reconcile_duration_seconds", Type.HISTOGRAM, "How long a pass took.", ("kind",), _PASS
)
EDIT_TO_READY = Metric(
    "headrace_edit_to_ready_seconds",
    Type.HISTOGRAM,
    "Time from when an object, or an edit of it, came in on the watch until its status said Ready about it.",
    ("kind",),
    _EDIT,
)
CORRECTIONS = Metric("headrace_corrections_total", Type.COUNTER, "Passes that put drift right.", ("kind",))

# The queue

QUEUE_WAIT = Metric(
    "headrace_queue_wait_seconds",
    Type.HISTOGRAM,
    "How long an object was due before its pass began.",
    ("kind",),
    _WAIT,
)
QUEUE_DEPTH = Metric("headrace_queue_depth", Type.GAUGE, "Objects that are due.")
QUEUE_OLDEST = Metric("headrace_queue_oldest_seconds", Type.GAUGE, "How long the oldest object is due.")
WORKERS_BUSY = Metric("headrace_workers_busy", Type.GAUGE, "Objects that are worked on.")

# AWS

AWS_REQUESTS = Metric(
    "headrace_aws_requests_total",
    Type.COUNTER,
    "Requests to AWS, retries too, by service, operation and outcome.",
    ("service", "operation", "outcome"),
)
AWS_SECONDS = Metric(
    "headrace_aws_request_duration_seconds",
    Type.HISTOGRAM,
    "How long AWS took to answer.",
    ("service",),
    _CALL,
)
AWS_THROTTLED = Metric(
    "headrace_aws_throttled_requests_total",
    Type.COUNTER,
    "Requests that AWS refused because there were too many.",
    ("service", "operation", "region"),
)
DENIED = Metric(
    "headrace_permission_denied_total",
    Type.COUNTER,
    "Passes that lacked a permission in AWS, by IAM action.",
    ("action",),
)

# Kubernetes

KUBERNETES_REQUESTS = Metric(
    "headrace_kubernetes_requests_total",
    Type.COUNTER,
    "Requests to the Kubernetes API server.",
    ("verb", "resource", "code"),
)

# Objects

OBJECTS = Metric("headrace_objects", Type.GAUGE, "Objects, by state.", ("kind", "state"))
DRIFTED_OBJECTS = Metric(
    "headrace_drifted_objects",
    Type.GAUGE,
    "Objects of which AWS has something else than their spec.",
    ("kind",),
)
DRIFTED_FIELDS = Metric(
    "headrace_drifted_fields",
    Type.GAUGE,
    "Objects of which this field differs in AWS.",
    ("kind", "field"),
)

# Each object

_OBJECT = ("kind", "namespace", "name")
OBJECT_READY = Metric(
    "headrace_object_ready", Type.GAUGE, "Whether the object is Ready (1) or not (0).", _OBJECT
)
OBJECT_STALLED = Metric(
    "headrace_object_stalled", Type.GAUGE, "Whether the object waits for a person (1) or not (0).", _OBJECT
)
OBJECT_DRIFTED_FIELDS = Metric(
    "headrace_object_drifted_fields", Type.GAUGE, "How many fields of the object differ in AWS.", _OBJECT
)
OBJECT_REASON = Metric(
    "headrace_object_reason_info",
    Type.GAUGE,
    "The reason that the object's Ready gives; the value is 1.",
    (*_OBJECT, "reason"),
)

OF_EACH_OBJECT = (OBJECT_READY, OBJECT_STALLED, OBJECT_DRIFTED_FIELDS, OBJECT_REASON)
"""Series that grow with the number of objects; `--no-object-metrics` switches them off."""

METRICS = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
"""All of them, in the order of the page."""

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "action": "an IAM action of those that Headrace declares to use, or `other`",
        "code": "the HTTP status of the answer, or `error` where none came",
        "field": "the path of a field without the names that users give to items, keys and nodes: "
        f"`lifecycle.rules[].prefix`, `tags`; the first {MOST_FIELDS} of a kind, then `other`",
        "kind": "the kind of the object",
        "name": "the object's name; only in series of each object",
        "namespace": "the object's namespace, empty for an AWSAccount; only in series of each object",
        "operation": "the operation of the service, as botocore names it",
        "outcome": "`ok`, AWS's error code, or the name of botocore's exception; "
        f"the first {MOST_OUTCOMES}, then `other`",
        "python": "the version of Python",
        "reason": "one of the reasons that a status gives, or `Unknown` before the first",
        "region": f"the AWS region; the first {MOST_REGIONS}, then `other`",
        "resource": "the resource's plural, with a subresource behind a slash; "
        f"the first {MOST_RESOURCES}, then `other`",
        "result": ", ".join(f"`{result}`" for result in get_args(Result)),
        "service": "the AWS service, as botocore names it",
        "state": "`progressing`, `ready`, `stalled`",
        "verb": "`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, or `other`",
        "version": "the operator's version",
    }
)
"""What the values of each label are, and how many there can be."""
