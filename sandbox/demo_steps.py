"""The steps of the demo, in their order: each does something real, shows what came of it, and checks that."""

import os
import shlex

from sandbox.demo_delivery import DELIVERY
from sandbox.demo_stage import ARGUMENTS, NAMESPACE, Stage, Step
from sandbox.errors import SandboxError
from sandbox.operator import USER
from sandbox.world import condition

BUCKET = "acme-shop-media"
MEDIA = f"""\
apiVersion: headrace.io/v1alpha1
kind: AcceleratedBucket
metadata: {{name: media, namespace: {NAMESPACE}}}
spec:
  bucketName: {BUCKET}
  region: eu-central-1
  versioning: {{enabled: true}}
  tags: {{team: shop}}
"""
# Said once more, with one line more.
MEDIA_TO_DELETE = f"{MEDIA}  deletionPolicy: Delete\n"

WRONG = f"""\
apiVersion: headrace.io/v1alpha1
kind: AcceleratedBucket
metadata: {{name: wrong, namespace: {NAMESPACE}}}
spec:
  bucketName: www.acme.example
"""
REFUSAL = "an accelerated bucket has no dots in its name"

TAKEN = "acme-shop-archive"
STRANGER = "another-cluster/AcceleratedBucket/shop/archive"
NAMESAKE = f"""\
apiVersion: headrace.io/v1alpha1
kind: AcceleratedBucket
metadata: {{name: archive, namespace: {NAMESPACE}}}
spec:
  bucketName: {TAKEN}
  deletionPolicy: Delete
"""

KEY = "launch/video.bin"
CONTENT = os.urandom(256 * 1024)
OWNER_TAG, RETAINED_TAG = "headrace.io/owner", "headrace.io/retained-by"


def install(stage: Stage) -> None:
    """Apply CRDs and manifests."""
    stage.kubectl("apply", "--server-side", "-f", "crds", "-f", "manifests/install.yaml")
    said = stage.kubectl("wait", "--for=condition=Established", "-f", "crds")
    stage.check("condition met" in said, "the API server knows the kinds")


def start(stage: Stage) -> None:
    """Start the operator with its ServiceAccount's token, and show what that may do."""
    stage.operator.start()
    listen = stage.operator.url.removeprefix("http://")
    stage.screen.command(shlex.join(("python", "-m", "headrace", "--listen", listen, *ARGUMENTS)))
    stage.check(stage.operator.ready(), "the operator's /readyz answers ok")
    own = f"--kubeconfig={stage.sandbox.directory / 'operator.kubeconfig'}"
    who = stage.plane.kubectl_run("auth", "whoami", "--output=jsonpath={.status.userInfo.username}", own)
    stage.check(who == USER, f"for the API server it is {who}")
    status = "acceleratedbuckets/status.headrace.io"
    may = stage.plane.kubectl_run("auth", "can-i", "patch", status, "--all-namespaces", own)
    stage.check(may.strip() == "yes", "it may write the status of buckets")
    try:
        stage.plane.kubectl_run("auth", "can-i", "get", "secrets", "--all-namespaces", own)
    except SandboxError as error:
        stage.check(str(error).endswith(" no"), "it may not read secrets")
    else:
        raise SandboxError("The operator may read secrets, which it has no need of.")


def create(stage: Stage) -> None:
    """Apply a bucket and wait for it as anybody would."""
    world = stage.world
    stage.apply(MEDIA)
    stage.kubectl("wait", "--for=condition=Ready", "abkt/media", "-n", NAMESPACE, "--timeout=30s")
    world.ready()
    changed = stage.told("media")
    stage.check("+ versioning.enabled: true (spec)" in changed, "the plan has what the spec says")
    stage.check("+ acceleration.enabled: true (default)" in changed, "and our defaults")
    stage.requests(stage.calls())
    stage.events("media", "InSync")
    tags = stage.tags(BUCKET)
    stage.check(stage.versioning(BUCKET) == "Enabled", f"AWS has {BUCKET}, with versioning Enabled")
    stage.check(
        tags.get("team") == "shop" and tags.get(OWNER_TAG, "").endswith("/AcceleratedBucket/shop/media"),
        f"and with the tags team={tags.get('team')} and {OWNER_TAG}={tags.get(OWNER_TAG)}",
    )


def look(stage: Stage) -> None:
    """Show the bucket as kubectl does."""
    head, row = stage.kubectl("get", "abkt", "-n", NAMESPACE).splitlines()
    stage.kubectl("get", "abkt", "-n", NAMESPACE, "-o", "wide")
    shown = dict(zip(head.split(), row.split(), strict=True))
    wanted = {"READY": "True", "REASON": "InSync", "BUCKET": BUCKET, "DRIFT": "0"}
    stage.check(wanted.items() <= shown.items(), "the bucket is Ready, InSync, and nothing of it differs")
    stage.check(not stage.calls(), "looking costs no call to AWS")


def upload(stage: Stage) -> None:
    """Write through the accelerated endpoint and read through the plain one."""
    endpoint = stage.field("media", ".status.endpoints.accelerated")
    client = stage.accelerated()
    try:
        client.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)
    finally:
        client.close()
    stored = stage.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    put, got = stage.calls(of_operator=False)
    stage.requests([put, got], hosts=True)
    stage.check(put.host == endpoint, f"the upload was addressed to {endpoint}, which the status names")
    stage.check(
        got.host != endpoint and stored == CONTENT,
        f"read at the plain endpoint: the same {len(CONTENT)} bytes",
    )


def drift(stage: Stage) -> None:
    """Change AWS behind the operator's back, and have it put right."""
    _suspend(stage)
    obj = stage.look_now("media", "first")
    changed = stage.told("media")
    stage.check(
        changed == ["~ versioning.enabled: false -> true (spec)"], "one field differed, found and wanted"
    )
    stage.events("media", "Corrected")
    stage.field("media", ".status.lastCorrection")
    stage.check(
        obj["status"]["lastCorrection"]["fields"] == ["versioning.enabled"], "the status remembers it"
    )
    stage.check(stage.versioning(BUCKET) == "Enabled", "versioning is Enabled again")


def report(stage: Stage) -> None:
    """The same once more, where the operator is only to tell."""
    patch = '{"spec":{"driftPolicy":"Report"}}'
    stage.kubectl("patch", "abkt", "media", "-n", NAMESPACE, "--type=merge", f"--patch={patch}")
    stage.world.until(
        lambda obj: obj["status"].get("appliedGeneration") == obj["metadata"]["generation"],
        what="the new policy",
    )
    _suspend(stage)
    obj = stage.look_now("media", "second")
    said = stage.kubectl("get", "abkt", "media", "-n", NAMESPACE)
    stage.check(said.splitlines()[1].split()[4] == "1", "kubectl get shows DRIFT 1")
    stage.field("media", ".status.drift")
    found = [{"field": "versioning.enabled", "wanted": "true", "found": "false"}]
    stage.check(
        obj["status"]["drift"] == found, "the status names the field, what is wanted and what was found"
    )
    stage.events("media", "Drifted")
    stage.check(not stage.writes(), "the operator wrote nothing to AWS")
    stage.check(stage.versioning(BUCKET) == "Suspended", "versioning is still Suspended")


def refuse(stage: Stage) -> None:
    """Apply a spec that cannot work."""
    stage.screen.yaml(WRONG)
    said = stage.refused("apply", "-f", "-", input=WRONG)
    stage.check(REFUSAL in said, "the API server says which field, why, and what to do")
    stage.check(stage.world.find("wrong") is None, "the object was never stored")
    stage.check(not stage.calls(), "AWS was not asked")


def leave_alone(stage: Stage) -> None:
    """Ask for a bucket that another owner has."""
    stage.s3.create_bucket(
        Bucket=TAKEN,
        CreateBucketConfiguration={
            "LocationConstraint": "eu-central-1",
            "Tags": [{"Key": OWNER_TAG, "Value": STRANGER}],
        },
    )
    stage.requests(stage.calls(of_operator=False))
    stage.apply(NAMESAKE)
    obj = stage.world.stalled("NotOurs", "archive")
    stage.kubectl("get", "abkt", "archive", "-n", NAMESPACE)
    stage.field("archive", '.status.conditions[?(@.type=="Stalled")].message')
    message = condition(obj, "Stalled")["message"]
    stage.check(STRANGER in message, "the sentence names the owner")
    stage.events("archive", "NotOurs")
    stage.kubectl("delete", "abkt", "archive", "-n", NAMESPACE)
    stage.events("archive", "Deleted")
    stage.check(not stage.writes(), "the operator wrote nothing to AWS, not even on deletion")
    stage.check(stage.tags(TAKEN) == {OWNER_TAG: STRANGER}, "the bucket is there as it was")


def retain(stage: Stage) -> None:
    """Delete the object and keep the bucket."""
    stage.kubectl("delete", "abkt", "media", "-n", NAMESPACE)
    stage.events("media", "Deleted")
    tags = stage.tags(BUCKET)
    stage.check(BUCKET in stage.buckets(), f"AWS still has {BUCKET}")
    stage.check(OWNER_TAG not in tags, "it has no owner any more")
    stage.check(
        tags.get(RETAINED_TAG, "").endswith("/AcceleratedBucket/shop/media"),
        f"but the tag {RETAINED_TAG}={tags.get(RETAINED_TAG)}",
    )
    stored = stage.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    stage.check(stored == CONTENT, "the upload is still in it")


def delete(stage: Stage) -> None:
    """Take the bucket back by the same object, and delete it with its bucket."""
    stage.apply(MEDIA_TO_DELETE)
    stage.world.ready()
    tags = stage.tags(BUCKET)
    stage.check(OWNER_TAG in tags and RETAINED_TAG not in tags, "the same owner has its bucket back")
    stage.events("media", "InSync")
    for version in stage.s3.list_object_versions(Bucket=BUCKET).get("Versions", []):
        stage.s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    stage.kubectl("delete", "abkt", "media", "-n", NAMESPACE)
    stage.events("media", "Deleted")
    stage.requests(stage.writes())
    stage.check(BUCKET not in stage.buckets(), f"AWS has no {BUCKET} any more")


def _suspend(stage: Stage) -> None:
    """Suspend versioning as somebody who does not know of Kubernetes."""
    before = len(stage.calls(of_operator=False))
    stage.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    stage.requests(stage.calls(of_operator=False)[before:])


STEPS = (
    Step(
        "The kinds and the operator's rights are installed",
        "As on any cluster. The Deployment starts no pod here: its operator is a process of the next step,\n"
        "with the token of the same ServiceAccount.",
        install,
    ),
    Step(
        "The operator starts",
        "It reaches the API server as its ServiceAccount, so what RBAC does not grant it, it cannot do.",
        start,
    ),
    Step(
        "A bucket is asked for",
        "What is not said has a safe default. The plan names each field, what was found and what is wanted,\n"
        "and from where it comes; then it is carried out, with reads side by side, and read back.",
        create,
    ),
    Step(
        "What kubectl shows",
        "Ready is true only after AWS was read back and found equal.",
        look,
    ),
    Step(
        "An upload enters through the accelerated endpoint",
        "There are no edge locations here. What can be shown is the name: botocore signs the upload for\n"
        "the accelerated endpoint and addresses it, as the request log has it.",
        upload,
    ),
    *DELIVERY,
    Step(
        "Somebody suspends versioning behind our back",
        "The whole is compared again every resyncInterval (1h), or at once when somebody asks. "
        "What differs is put right.",
        drift,
    ),
    Step(
        "The same with driftPolicy: Report",
        "Where people want to decide for themselves, what differs is told and left so.",
        report,
    ),
    Step(
        "A spec that cannot work is refused at once",
        "Rules are part of the CRD: the API server itself says no, before anything is stored.",
        refuse,
    ),
    Step(
        "A bucket of another owner is left alone",
        "Every bucket carries the name of its owner. One that carries another's is neither changed\n"
        "nor deleted, not even with deletionPolicy: Delete.",
        leave_alone,
    ),
    Step(
        "The object is deleted, its bucket is retained",
        "deletionPolicy: Retain is the default. The bucket stays with all that is in it; "
        "a tag says who left it.",
        retain,
    ),
    Step(
        "The object comes back, and goes with its bucket",
        "The same object finds its bucket again by that tag. With deletionPolicy: Delete the bucket goes,\n"
        "once it is empty: we empty it by hand, because Headrace deletes no data.",
        delete,
    ),
)
