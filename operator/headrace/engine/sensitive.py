"""Values that nobody is to read: all that is ever shown of them is a short hash."""

import hashlib

from pydantic import Secret

# Enough to see that a value changed, too little to say what it was.
_SHOWN = 8


class Sensitive(Secret[str]):
    """A text that shows as its hash wherever it is written: in plans, drift, events, logs and JSON.

    Two are equal if their values are. `get_secret_value` is the one way to the value itself, and is for what
    sends it to the cloud.
    """

    def __len__(self) -> int:
        """Return the length of the value, for bounds of fields."""
        return len(self.get_secret_value())

    def _display(self) -> str:
        digest = hashlib.sha256(self.get_secret_value().encode()).hexdigest()
        return f"sha256:{digest[:_SHOWN]}"
