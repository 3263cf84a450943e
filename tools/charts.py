"""The generated files of the charts, and manifests/install.yaml, which is rendered from one of them.

Charts are written by hand but for what follows from the kinds: the definitions, and the lists of resources
that the operator has rights on, and what the values may say of accounts.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from headrace.kinds.aws_account import AWSAccount
from headrace.kinds.crd import crd_name, custom_resource_definition
from headrace.kinds.definition import Definition
from sandbox.tools import tool
from tools.yaml_text import to_yaml

ROOT = Path(__file__).resolve().parent.parent
CHARTS = Path("charts")
CRDS, OPERATOR = CHARTS / "headrace-crds", CHARTS / "headrace"
NAMESPACE = "headrace-system"
"""The namespace of install.yaml, and the one that the documentation installs to."""
NAME = "headrace-operator"
"""The name of the operator's objects there: its Deployment, ServiceAccount, Lease, roles."""

_KINDS = Path("templates", "_kinds.tpl")
_SCHEMA = Path("values.schema.json")
_INSTALL_VALUES = Path("manifests", "install-values.yaml")
# What only Helm is to see: whoever applies install.yaml manages the objects by other means.
_OF_HELM = ("app.kubernetes.io/managed-by", "helm.sh/chart")

# What is for the API server alone, or for people.
_OF_THE_API_SERVER = ("x-kubernetes-validations", "default", "description")

Producer = Callable[[], str]
Kinds = Iterable[Definition[Any]]


def files(kinds: Kinds, header: str) -> Mapping[Path, Producer]:
    """Return what makes the text of each generated file, by its path below the root of the repository."""
    kinds = list(kinds)
    return {
        **{
            CRDS / "templates" / f"{crd_name(kind)}.yaml": partial(crd_template, kind, header)
            for kind in kinds
        },
        OPERATOR / _KINDS: partial(kinds_template, kinds, header),
        OPERATOR / _SCHEMA: partial(values_schema, kinds),
        **{chart / "README.md": partial(readme, chart) for chart in (CRDS, OPERATOR)},
        Path("manifests", "install.yaml"): partial(install, kinds),
    }


def crd_template(kind: Definition[Any], header: str) -> str:
    """Return the definition of a kind as a template; only its metadata is one.

    Descriptions may have anything in them: what Helm would take for an action is made a text.
    """
    definition = custom_resource_definition(kind)
    text = escaped(to_yaml([definition], header))
    name = f"metadata:\n  name: {crd_name(kind)}\n"
    return text.replace(name, f'{name}  {{{{- include "headrace-crds.metadata" . | nindent 2 }}}}\n', 1)


def escaped(text: str) -> str:
    """Return a template that Helm renders to just this text."""
    return text.replace("{{", '{{ "{{" }}')


def kinds_template(kinds: Kinds, header: str) -> str:
    """Return the template that names the resources of our group, by commas, for the rules of roles."""

    def named(name: str, chosen: Kinds) -> str:
        plurals = ",".join(sorted(kind.plural for kind in chosen))
        return f'{{{{- define "headrace.{name}" }}}}{plurals}{{{{ end }}}}\n'

    kinds = list(kinds)
    namespaced = (kind for kind in kinds if kind.namespaced)
    return f"{{{{/* {header} */}}}}\n{named('kinds', kinds)}{named('namespacedKinds', namespaced)}"


def values_schema(kinds: Kinds) -> str:
    """Return the schema of the operator's values, with what accounts may say as their definition has it."""
    schema = json.loads((ROOT / OPERATOR / _SCHEMA).read_text(encoding="utf-8"))
    (account,) = (kind for kind in kinds if kind.name == AWSAccount.name)
    (version,) = custom_resource_definition(account)["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema["$defs"]["accountSpec"] = {"$comment": "Generated from the model. Do not edit.", **closed(spec)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def closed(schema: Any) -> Any:
    """Return the schema of a definition as JSON schema: nothing is let in that it does not name.

    Rules in CEL are left out, as Helm does not know them.
    """
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: closed(value) for key, value in schema.items() if key not in _OF_THE_API_SERVER}
    if "properties" in schema:
        # A property may be called as what is left out.
        kept["properties"] = {name: closed(value) for name, value in schema["properties"].items()}
        kept["additionalProperties"] = False
    return kept


def readme(chart: Path) -> str:
    """Return the page of a chart, with its values as helm-docs writes them."""
    root = ROOT / chart
    return _run("helm-docs", "--dry-run", "--skip-version-footer", f"--chart-search-root={root}")


def install(kinds: Kinds) -> str:
    """Return all that `kubectl apply` needs beside the CRDs."""
    made = yaml.safe_load_all(rendered(kinds, f"--values={ROOT / _INSTALL_VALUES}", "--skip-tests"))
    documents = [_restricted_namespace(), *(_without_helm(document) for document in made)]
    return to_yaml(
        documents, f"Generated by `make generate` from {OPERATOR} and {_INSTALL_VALUES}. Do not edit."
    )


def rendered(kinds: Kinds, *arguments: str) -> str:
    """Return what Helm makes of the operator's chart, as the release `headrace`.

    The kinds are as the models have them, whatever the tree still says of them.
    """
    with TemporaryDirectory() as folder:
        chart = Path(folder, OPERATOR.name)
        shutil.copytree(ROOT / OPERATOR, chart)
        (chart / _KINDS).write_text(kinds_template(kinds, ""), encoding="utf-8")
        return _run("helm", "template", "headrace", str(chart), f"--namespace={NAMESPACE}", *arguments)


def _restricted_namespace() -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _without_helm(document: dict[str, Any]) -> dict[str, Any]:
    labels = document["metadata"]["labels"]
    kept = {key: value for key, value in labels.items() if key not in _OF_HELM}
    return {**document, "metadata": {**document["metadata"], "labels": kept}}


def _run(program: str, *arguments: str) -> str:
    """Return what a tool prints, less the spaces at the ends of lines that templates leave behind."""
    done = subprocess.run([tool(program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {done.stderr.strip()}")
    return _tidy(done.stdout)


def _tidy(text: str) -> str:
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
