"""The steps of the demo in which a distribution brings a private bucket to its viewers, and goes again."""

import json
import time
from typing import Any

from sandbox.aws.clients import REGION
from sandbox.demo_stage import NAMESPACE, Stage, Step
from sandbox.errors import SandboxError
from sandbox.world import condition

# Seconds until edge locations know a change: until it was seen, and then far less than in life.
_SEEN, _SHORT = 60.0, 1.5
MEDIA, BACKUP = "acme-shop-media", "acme-shop-backup"
KEY, SPARE = "launch/video.bin", "sorry.txt"
PRIVATE = f"{MEDIA}.s3.eu-central-1.amazonaws.com"
HEADER = "x-served-for"
SITE = f"""\
apiVersion: headrace.io/v1alpha1
kind: AcceleratedBucket
metadata: {{name: backup, namespace: {NAMESPACE}}}
spec: {{bucketName: {BACKUP}, region: eu-west-1}}
---
apiVersion: headrace.io/v1alpha1
kind: Distribution
metadata: {{name: site, namespace: {NAMESPACE}}}
spec:
  origins:
  - {{name: media, bucketRef: {{name: media}}}}
  - {{name: backup, bucketRef: {{name: backup}}}}
  originGroups:
  - {{name: either, members: [media, backup], failoverOn: [403, 503]}}
  defaultBehavior:
    origin: either
    responseHeaders:
      inline: {{customHeaders: [{{header: {HEADER}, value: {NAMESPACE}}}]}}
  deletionPolicy: Delete
"""
_PATIENCE, _POLL = 30.0, 0.02


def ask(stage: Stage) -> None:
    """Apply a distribution over two buckets, one of which comes with it."""
    stage.aws.deployment(_SEEN)
    stage.apply(SITE)
    site = stage.world.of("Distribution")
    site.until(lambda obj: obj.get("status", {}).get("state") == "InProgress", "site", "the deployment")
    stage.kubectl("get", "dist", "-n", NAMESPACE)
    stage.aws.deployment(_SHORT)
    stage.kubectl("wait", "--for=condition=Ready", "dist/site", "-n", NAMESPACE, "--timeout=30s")
    head, row = stage.kubectl("get", "dist", "-n", NAMESPACE).splitlines()
    stage.requests([call for call in stage.writes() if call.resource != BACKUP])
    stage.field("site", ".status.parts[*].name", "dist")
    shown = [row[head.index(name) :].split()[0] for name in ("READY", "REASON", "STATUS", "DRIFT")]
    stage.check(shown == ["True", "InSync", "Deployed", "0"], "it is Ready once edge locations know it")
    names = [each["name"] for each in site.get("site")["status"]["parts"]]
    stage.check(
        [name.partition("/")[0] for name in names]
        == ["access-control", "response-headers-policy", "distribution"],
        "one object stands for a distribution, its access control and its policy",
    )


def view(stage: Stage) -> None:
    """Look at the bucket and at the distribution as a browser does."""
    domain = stage.field("site", ".status.domainName", "dist")
    stage.check(stage.view(PRIVATE, f"/{KEY}").status == 403, "the bucket itself lets nobody in")
    got = stage.view(domain, f"/{KEY}")
    stored = stage.s3.get_object(Bucket=MEDIA, Key=KEY)["Body"].read()
    stage.check(
        got.status == 200 and got.body == stored, "the distribution brings what is in it, to everybody"
    )
    stage.check(got.headers.get(HEADER) == NAMESPACE, f"and the policy adds {HEADER}: {NAMESPACE}")
    stage.s3.put_object(Bucket=BACKUP, Key=SPARE, Body=b"back soon", ContentType="text/plain")
    spare = stage.view(domain, f"/{SPARE}")
    stage.check(spare.body == b"back soon", f"what {MEDIA} has not, comes from {BACKUP}: failover")


def tamper(stage: Stage) -> None:
    """Change the distribution, and the bucket's policy, as somebody in the console does."""
    id = stage.field("site", ".status.id", "dist")
    cloudfront = stage.aws.client("cloudfront", region=REGION)
    read = cloudfront.get_distribution_config(Id=id)
    config = read["DistributionConfig"]
    config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "allow-all"
    before = len(stage.calls(of_operator=False))
    cloudfront.update_distribution(Id=id, IfMatch=read["ETag"], DistributionConfig=config)
    stage.s3.delete_bucket_policy(Bucket=MEDIA)
    stage.requests(stage.calls(of_operator=False)[before:])
    domain = stage.field("site", ".status.domainName", "dist")
    stage.check(stage.view(domain, f"/{KEY}").status == 403, "the grant is gone: nobody gets anything")
    stage.look_now("media", "grant")
    stage.told("media")
    stage.check(stage.view(domain, f"/{KEY}").status == 200, "the bucket lets the distribution in again")
    stage.look_now("site", "console", "dist")
    stage.kubectl("wait", "--for=condition=Ready", "dist/site", "-n", NAMESPACE, "--timeout=30s")
    changed = stage.told("site")
    stage.check(
        changed == ["~ defaultBehavior.viewerProtocol: allow-all -> redirect-to-https (default)"],
        "of the distribution one field differed, found and wanted",
    )
    updates = [call.operation for call in stage.writes() if call.operation.startswith("Update")]
    stage.check(updates == ["UpdateDistribution"], "it took one UpdateDistribution")


def leave(stage: Stage) -> None:
    """Delete the distribution, and see each step of that."""
    domain = stage.field("site", ".status.domainName", "dist")
    stage.kubectl("delete", "dist", "site", "-n", NAMESPACE, "--wait=false")
    sentences = _farewell(stage)
    stage.check(any("was disabled" in each for each in sentences), "the status told each step on the way")
    stage.events("site", "Deleted")
    stage.requests(stage.writes())
    sids = [each["Sid"] for each in _statements(stage)]
    stage.check(sids == ["HeadraceTLSOnly"], "the bucket's policy lets nobody in any more")
    stage.check(stage.view(domain, f"/{KEY}").status == 403, "nobody answers at the distribution's name")
    stage.check(stage.view(PRIVATE, f"/{KEY}").status == 403, "and the bucket is as private as it was")


def _statements(stage: Stage) -> list[dict[str, Any]]:
    policy: dict[str, Any] = json.loads(stage.s3.get_bucket_policy(Bucket=MEDIA)["Policy"])
    return list(policy["Statement"])


def _farewell(stage: Stage) -> list[str]:
    """Show, and return, what the object says of itself until it is gone, each sentence once."""
    site, said, deadline = stage.world.of("Distribution"), [""], time.monotonic() + _PATIENCE
    while (obj := site.find("site")) is not None:
        sentence = str(condition(obj, "Ready").get("message", ""))
        if condition(obj, "Reconciling") and sentence != said[-1]:
            stage.screen.said("status", sentence)
            said.append(sentence)
        if time.monotonic() > deadline:
            raise SandboxError(f"The distribution is still there after {_PATIENCE:g} s: {sentence}")
        time.sleep(_POLL)
    return said[1:]


DELIVERY = (
    Step(
        "A distribution over the bucket is asked for",
        "It waits for a second bucket, which comes with it. Access control, policy, distribution and\n"
        "the grants in the buckets' policies follow from one object. Edge locations here take seconds.",
        ask,
    ),
    Step(
        "A viewer gets what the bucket keeps to itself",
        "The stand-in answers viewers, and evaluates the access control and the policies of the buckets.",
        view,
    ),
    Step(
        "Somebody changes the distribution in the console",
        "And takes the grant out of the bucket's policy. Each object puts right what is its own.",
        tamper,
    ),
    Step(
        "The distribution is deleted, step by step",
        "deletionPolicy: Delete asked for that. It is disabled, and deleted once edge locations know; then\n"
        "goes what belonged to it, and what the buckets gave to it.",
        leave,
    ),
)
