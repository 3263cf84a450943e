"""The programs of a control plane: those that KUBEBUILDER_ASSETS names, or built once from Go modules."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.programs import GoModule, missing

PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}


def binaries(names: Iterable[str] = PACKAGES) -> Path:
    """The directory that holds the programs ``names``: by default all of them.

    ``$KUBEBUILDER_ASSETS`` where it is set; else a directory of the cache, into which is built what
    is missing there: minutes for the first time, nothing afterwards.
    Raises SandboxError if a program is missing, or if Go is missing, too old, or fails.
    """
    wanted = tuple(names)
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return _complete(Path(assets), wanted)
    return _MODULE.built(wanted)


def kubernetes_version() -> str:
    """The version of Kubernetes that go.mod pins, such as ``v1.36.1``."""
    return _MODULE.version("k8s.io/kubernetes")


def _complete(assets: Path, wanted: Sequence[str]) -> Path:
    if lacking := missing(assets, wanted):
        raise SandboxError(
            f"KUBEBUILDER_ASSETS={assets} lacks {', '.join(lacking)}: the sandbox needs {', '.join(wanted)}. "
            "Add what is missing, or unset KUBEBUILDER_ASSETS to have all of them built."
        )
    return assets.absolute()


def _variables(program: str) -> Mapping[str, str]:
    """Kubernetes learns its version from the linker only.

    Without it the server reports a version that is no semver, which Helm and kubectl refuse.
    """
    if program == "etcd":
        return {}
    version = kubernetes_version()
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitCommit": "module"}
    values |= {"gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{key}": value for package in packages for key, value in values.items()}


_MODULE = GoModule(
    name="control-plane",
    folder=Path(__file__).parent,
    packages=PACKAGES,
    cost="about 6 minutes and 2 GB of memory on 2 cores",
    instead=", or name a directory of ready programs in KUBEBUILDER_ASSETS",
    variables=_variables,
)
