"""How files are named after what is in them."""

import re


def kebab(name: str) -> str:
    """AcceleratedBucket is accelerated-bucket in the name of a file, as publicAccessBlock is with dashes."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
