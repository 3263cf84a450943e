"""What docs/installing.md tells people to type, so that it can be tried."""

import re
import shlex

from tools.charts import ROOT

_PAGE = ROOT / "docs" / "installing.md"


def block(heading: str, language: str) -> str:
    """Return the first block of a language below a heading."""
    below = _PAGE.read_text(encoding="utf-8").split(f"# {heading}\n")[1]
    found = re.search(rf"^```{language}\n(.*?)^```", below, re.M | re.S)
    assert found, f"{_PAGE} has no {language} below {heading}"
    return found[1]


def commands(heading: str) -> list[list[str]]:
    """Return the commands below a heading, each as its words; charts are found wherever the tests run."""
    lines = block(heading, "sh").replace("\\\n", " ").splitlines()
    return [[_found(word) for word in shlex.split(line)] for line in lines]


def _found(word: str) -> str:
    return str(ROOT / word) if word.startswith(("charts/", "crds/", "manifests/")) else word
