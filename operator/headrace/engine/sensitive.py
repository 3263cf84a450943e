"""Values that nobody is to read: all that is ever shown of them is a short hash."""

import hashlib
import re
from typing import Any

from pydantic import GetCoreSchemaHandler, Secret
from pydantic_core import CoreSchema, core_schema

# Enough to see that a value changed, too little to say what it was.
_SHOWN = 8
_HASH = re.compile(rf"sha256:[0-9a-f]{{{_SHOWN}}}")


class Sensitive(Secret[str]):
    """A text that shows as its hash wherever it is written: in plans, drift, events, logs and JSON.

    Two are equal if their values are. `get_secret_value` is the one way to the value itself, and is for what
    sends it to the cloud.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Refuse hashes: a value that went through JSON on its way would be written to the cloud as one."""
        schema = super().__get_pydantic_core_schema__(source, handler)
        return core_schema.no_info_after_validator_function(_no_hash, schema)

    def __len__(self) -> int:
        """Return the length of the value, for bounds of fields."""
        return len(self.get_secret_value())

    def _display(self) -> str:
        digest = hashlib.sha256(self.get_secret_value().encode()).hexdigest()
        return f"sha256:{digest[:_SHOWN]}"


def _no_hash(value: Sensitive) -> Sensitive:
    if _HASH.fullmatch(value.get_secret_value()):
        raise ValueError("this is what is shown of a value, and not the value itself")
    return value
