"""How pip reaches its package index here, as secrets for a build that has to reach it in the same way."""

import ast
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.image.steps import answer

_CERTIFICATES = "/run/secrets/ca.crt"
_KEPT = ("extra-index-url", "index-url", "proxy", "retries", "timeout", "trusted-host")
# What the library below pip heeds where pip is told nothing, in its order.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_LINE = re.compile(r"(?P<section>.+)\.(?P<key>[a-z-]+)=(?P<value>'.*'|\".*\")")


def secrets(directory: Path) -> dict[str, Path]:
    """Write what the build has to know into this directory; return the files by the secrets' names."""
    settings = parse(answer(sys.executable, "-m", "pip", "config", "list") or "")
    bundle = settings.pop("cert", None) or next(filter(None, map(os.environ.get, _BUNDLES)), None)
    certificates = {"ca.crt": Path(bundle)} if bundle and Path(bundle).is_file() else {}
    config = directory / "pip.conf"
    config.write_text(render(settings, trusting=bool(certificates)))
    return {"pip.conf": config, **certificates}


def parse(listing: str) -> dict[str, str]:
    """Return the settings that matter from what ``pip config list`` says; the environment comes last."""
    found = [match for line in listing.splitlines() if (match := _LINE.fullmatch(line))]
    found.sort(key=lambda match: match["section"] == ":env:")
    return {
        match["key"]: str(ast.literal_eval(match["value"]))
        for match in found
        if match["key"] in (*_KEPT, "cert")
    }


def render(settings: Mapping[str, str], *, trusting: bool) -> str:
    """Return a pip.conf; with the certificates of the other secret, where there are any."""
    lines = {**settings, **({"cert": _CERTIFICATES} if trusting else {})}
    # An index after the first goes on a line of its own, indented: that is how pip splits them.
    said = (
        f"{key} = {value.strip().replace(chr(10), chr(10) + '  ')}" for key, value in sorted(lines.items())
    )
    return "\n".join(["[global]", *said, ""])
