"""Tools that the tests and the generators run: each is built from a Go module of its own, in a folder here.

Their modules are apart because they want different versions of the same libraries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.programs import GoModule


@dataclass(frozen=True)
class _Tool:
    """The module whose version is the tool's, and how the linker tells it that version, if it has to."""

    module: str
    told: Mapping[str, str] = field(default_factory=dict)
    own: bool = False
    """Whether the program is ours, and the module is what it is about."""

    def package(self, name: str) -> str:
        return "." if self.own else f"{self.module}/cmd/{name}"


_TOOLS = {
    "helm": _Tool("helm.sh/helm/v4", {"helm.sh/helm/v4/internal/version.version": "v{}"}),
    "helm-docs": _Tool("github.com/norwoodj/helm-docs", {"main.version": "{}"}),
    "kstatus": _Tool("github.com/fluxcd/cli-utils", own=True),
    "kube-score": _Tool("github.com/zegl/kube-score", {"main.version": "{}"}),
    "kubeconform": _Tool("github.com/yannh/kubeconform", {"main.version": "v{}"}),
    "kwok": _Tool("sigs.k8s.io/kwok"),
}
TOOLS = tuple(_TOOLS)


def tool(name: str) -> Path:
    """The program, built if it is not in the cache yet.

    Raises SandboxError if Go is missing, too old, or fails.
    """
    return _module(name).built([name]) / name


def tool_version(name: str) -> str:
    """The version of the tool that its go.mod pins, such as ``4.2.4``; of kstatus that of the library."""
    return _module(name).version(_TOOLS[name].module).removeprefix("v")


def _module(name: str) -> GoModule:
    made = _TOOLS[name]
    return GoModule(
        name=name,
        folder=Path(__file__).parent / name,
        packages={name: made.package(name)},
        cost="up to three minutes on 2 cores",
        variables=lambda _: {
            variable: value.format(tool_version(name)) for variable, value in made.told.items()
        },
    )
