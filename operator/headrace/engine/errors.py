"""Errors of the cloud, in classes by what is to be done next.

    CloudError
    +-- Throttled     too many requests: back off, and slow down
    +-- Unavailable   an outage or a lost connection: back off
    +-- Waiting       something that it refers to is not there yet: look again when it is
    |   +-- Blocked       nor will it be before a person mends what it refers to
    +-- Pending       AWS is busy with an earlier change: look again soon
    |   +-- Deploying     it carries a change to all its edge locations: look again after a part of that time
    +-- Conflict      a lost race: look again at once
    +-- Denied        a permission is missing: look again in minutes, or after an edit
    |   +-- BadCredentials  nobody knows who we are: look again soon, credentials are replaced elsewhere
    +-- NotOurs       it belongs to somebody else: hands off
    |   +-- Moved     it was made elsewhere: never make a second one
    +-- Invalid       AWS, or we, refuse the wish itself: look again after an edit
    +-- NotEmpty      what is to be deleted still has content

"Not there" is no error but a value: ABSENT. An exception of no class here is a bug of ours.
"""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Context:
    """Where an error came from. All of it may be unknown and is then empty."""

    service: str = ""
    operation: str = ""
    code: str = ""
    status: int = 0
    request_id: str = ""
    host_id: str = ""
    """The second id that S3 gives each request; its support asks for both."""
    action: str = ""
    resource: str = ""
    caller: str = ""


class CloudError(Exception):
    """Something went wrong in the cloud. The message is a sentence for the user."""

    def __init__(self, message: str, context: Context | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.context = context or Context()

    def with_message(self, message: str) -> Self:
        """Return the same error, saying something else."""
        return type(self)(message, replace(self.context))


class Throttled(CloudError):
    """The cloud asks us to slow down."""


class Unavailable(CloudError):
    """The cloud does not answer, or answers that it cannot."""


class Pending(CloudError):
    """The cloud is still busy with an earlier change."""


class Waiting(CloudError):
    """Something that the object refers to is not there yet."""


class Blocked(Waiting):
    """What the object waits for waits for a person."""


class Deploying(Pending):
    """The cloud is rolling a change out, which takes minutes."""

    def __init__(self, message: str, context: Context | None = None, since: float = 0.0) -> None:
        super().__init__(message, context)
        self.since = since
        """When that began, in seconds since the epoch."""

    def with_message(self, message: str) -> Self:
        """Return the same error, saying something else."""
        return type(self)(message, replace(self.context), self.since)


class Conflict(CloudError):
    """Somebody else changed the same thing at the same time."""


class Denied(CloudError):
    """A permission or a credential is missing."""


class BadCredentials(Denied):
    """The credentials themselves are missing, wrong or expired."""


class NotOurs(CloudError):
    """What is there belongs to somebody else."""


class Moved(NotOurs):
    """The resource was made in another account or region, or under another name, than is asked for now."""


class Invalid(CloudError):
    """The wish itself is refused."""


class NotEmpty(CloudError):
    """What is to be deleted still has content that somebody may want."""
