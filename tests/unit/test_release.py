"""What a release says of itself, and where: the same sentence and the same version everywhere."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

import headrace
from tests.bucket_specs import ROOT
from tools.charts import CRDS, OPERATOR

# What is copied from: an image with a tag, and the ref of this repository.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
REFS = [*sorted((ROOT / "manifests" / "argocd").rglob("*.yaml")), ROOT / "docs" / "gitops.md"]


def chart(path: Path) -> dict[str, Any]:
    about: dict[str, Any] = yaml.safe_load((ROOT / path / "Chart.yaml").read_text())
    return about


def project() -> dict[str, Any]:
    about: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return about


def test_chart_package_and_image_call_headrace_the_same() -> None:
    sentence = project()["description"]

    assert chart(OPERATOR)["description"].startswith(sentence)
    assert f'image.description="{sentence}"' in (ROOT / "Dockerfile").read_text()
    assert (headrace.__doc__ or "").casefold() == f"Headrace: {sentence}".casefold()


def test_package_charts_and_image_have_one_version() -> None:
    versions = {chart(path)[key] for path in (CRDS, OPERATOR) for key in ("version", "appVersion")}

    assert versions | {project()["version"]} == {headrace.__version__}


def test_examples_name_the_image_of_this_version() -> None:
    found = {tag for page in PAGES for tag in re.findall(r"headrace-operator:(\d[\w.-]*)", page.read_text())}

    assert found == {headrace.__version__}


def test_examples_of_gitops_take_this_repository_at_the_tag_of_this_version() -> None:
    source = r"(?:repoURL|url): https://git\.example\.com/acme/headrace\.git\n"
    text = "".join(path.read_text() for path in REFS)
    refs = re.findall(source + r"\s+(?:targetRevision: |ref: \{tag: )([^}\s]+)", text)

    assert len(refs) == len(re.findall(source, text)) > 3
    assert set(refs) == {f"v{headrace.__version__}"}
