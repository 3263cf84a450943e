"""Takes out of an environment what the operator never uses; the Dockerfile runs it in what it builds.

Nothing but the standard library and the operator itself is there then.
"""

import shutil
import sysconfig
from pathlib import Path
from typing import get_args, get_overloads

from headrace.aws.sessions import Account

# How botocore itself comes by credentials: roles and web identities, IAM Identity Center, `aws login`.
_FOR_CREDENTIALS = frozenset({"signin", "sso", "sso-oidc", "sts"})


def services() -> frozenset[str]:
    """Return the AWS services that a client can be made for, by the names that botocore has for them."""
    made = (get_args(way.__annotations__["service"]) for way in get_overloads(Account.client))
    return _FOR_CREDENTIALS.union(*made)


def unused(packages: Path) -> list[Path]:
    """Return the directories that nothing of ours ever reads: models of other services, a second client."""
    models = packages / "botocore" / "data"
    missing = sorted(name for name in services() if not (models / name).is_dir())
    if missing:
        raise SystemExit(f"botocore has no model of {', '.join(missing)} in {models}.")
    others = sorted(path for path in models.iterdir() if path.is_dir() and path.name not in services())
    # The API clients once more, for asyncio.
    return [*others, packages / "kubernetes" / "aio"]


def main() -> None:
    """Remove them from the environment in which this runs."""
    for path in unused(Path(sysconfig.get_path("purelib"))):
        shutil.rmtree(path)


if __name__ == "__main__":
    main()
