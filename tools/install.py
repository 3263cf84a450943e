"""manifests/install.yaml: the namespace, the ServiceAccount, its rights and the operator's Deployment."""

from collections.abc import Iterable
from typing import Any

from headrace import __version__
from headrace.controller.secrets import READER
from headrace.kinds.definition import GROUP, Definition

NAMESPACE = "headrace-system"
NAME = "headrace-operator"
IMAGE = f"headrace-operator:{__version__}"
_PORT = 8080
_LABELS = {"app.kubernetes.io/name": "headrace", "app.kubernetes.io/component": "operator"}

Manifest = dict[str, Any]


def manifests(kinds: Iterable[Definition[Any]]) -> list[Manifest]:
    """Return all that `kubectl apply` needs beside the CRDs."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": _restricted()},
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta()}
    rights = [_role(kinds), _binding(), *_own_rights(), _reader()]
    return [namespace, account, *rights, _deployment()]


def _restricted() -> dict[str, str]:
    return {"pod-security.kubernetes.io/enforce": "restricted"}


def _meta(*, namespaced: bool = True) -> Manifest:
    return {"name": NAME, **({"namespace": NAMESPACE} if namespaced else {}), "labels": _LABELS}


def _role(kinds: Iterable[Definition[Any]]) -> Manifest:
    """Grant what is used and nothing else; a test compares this with the API server's audit log."""
    plurals = sorted(kind.plural for kind in kinds)
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": _meta(namespaced=False),
        "rules": [
            # The objects: watched, and patched for the finalizer. Their spec is never written.
            _rule(GROUP, plurals, ["get", "list", "watch", "patch"]),
            _rule(GROUP, [f"{plural}/status" for plural in plurals], ["patch"]),
            _rule("events.k8s.io", ["events"], ["create", "patch"]),
            # To notice namespaces that come and go.
            _rule("", ["namespaces"], ["list", "watch"]),
            # Its UID is the cluster's id, unless one is given.
            {**_rule("", ["namespaces"], ["get"]), "resourceNames": ["kube-system"]},
        ],
    }


def _own_rights() -> list[Manifest]:
    """Grant, in the operator's own namespace only, to read the Secrets of accounts and to hold its Lease."""
    leases = "coordination.k8s.io"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": _meta(),
        "rules": [
            _rule("", ["secrets"], ["get"]),
            # What is to be made has no name yet, as far as rights go.
            _rule(leases, ["leases"], ["create"]),
            {**_rule(leases, ["leases"], ["get", "update"]), "resourceNames": [NAME]},
        ],
    }
    return [role, _binding(namespaced=True)]


def _reader() -> Manifest:
    """Let whoever owns a namespace grant the operator to read the Secrets there. It is bound nowhere."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": _meta(namespaced=False) | {"name": READER},
        "rules": [_rule("", ["secrets"], ["get"])],
    }


def _rule(group: str, resources: list[str], verbs: list[str]) -> Manifest:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _binding(*, namespaced: bool = False) -> Manifest:
    kind = "Role" if namespaced else "ClusterRole"
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{kind}Binding",
        "metadata": _meta(namespaced=namespaced),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def _deployment() -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(),
        "spec": {
            # One works, the other stands ready.
            "replicas": 2,
            "strategy": {"type": "RollingUpdate"},
            "selector": {"matchLabels": _LABELS},
            "template": {"metadata": {"labels": _LABELS}, "spec": _pod()},
        },
    }


def _pod() -> Manifest:
    return {
        "serviceAccountName": NAME,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 30,
        "containers": [
            {
                "name": "operator",
                "image": IMAGE,
                "args": ["--allow-ambient", "--leader-elect", f"--listen=0.0.0.0:{_PORT}"],
                "ports": [{"name": "http", "containerPort": _PORT}],
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}},
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 30},
                "resources": {"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }
