"""One pass over one AWSAccount: whether AWS takes its credentials, and who we are there."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from headrace.aws.sessions import Identity
from headrace.controller import finalizer
from headrace.controller.accounts import Accounts
from headrace.controller.api import Api, ApiError, Object, conditions_of
from headrace.controller.conditions import Aspect, bug, conditions, kept, moment
from headrace.controller.consequences import Next, consequence
from headrace.controller.lines import Line, error_of
from headrace.controller.outcome import Outcome, Recorder
from headrace.controller.status import LASTING
from headrace.controller.transitions import turned
from headrace.controller.writer import write_status
from headrace.engine.errors import CloudError, Invalid, Throttled, Unavailable
from headrace.kinds.status import Reason
from headrace.telemetry.catalogue import Result

log = logging.getLogger("headrace.reconcile")

# A Secret is read again this often, and AWS asked who we are; there is no watch on Secrets.
_RECHECK_SECONDS = 20.0
# While something is wrong that a person mends in IAM or in the Secret.
_HOPEFUL_SECONDS = 5.0
_SHOWN_USERS = 5
_KNOWN = ("accountID", "callerARN", "credentialsVersion")


class AccountReconciler:
    """Looks at one account at a time; safe for threads."""

    def __init__(self, accounts: Accounts, api: Api, recorder: Recorder, clock: Callable[[], float]) -> None:
        self._accounts, self._api, self._recorder, self._clock = accounts, api, recorder, clock

    def __call__(self, obj: Object, outages: int = 0) -> Outcome:
        """Make one pass over an account."""
        try:
            return self._look(obj, outages)
        except ApiError:
            raise
        except Exception as error:
            log.exception("bug while reconciling", extra={"object": obj.ref})
            ready = bug(type(error).__name__)
            aspects = [ready, ready.also("Reconciling")]
            return self._told(obj, aspects, self._as_told(obj), "bug", Next.BACKOFF)

    def _look(self, obj: Object, outages: int) -> Outcome:
        if obj.deleting:
            return self._deletion(obj)
        if not obj.held:
            obj = finalizer.put_on(self._api, obj)
        try:
            identity = self._identity(obj)
            version = self._accounts.secret_version(obj)
        except CloudError as error:
            return self._failed(obj, error, outages)
        told = {"accountID": identity.account_id, "callerARN": identity.caller}
        if version is not None:
            told["credentialsVersion"] = version
        message = f"AWS account {identity.account_id}, as {identity.caller}"
        return self._told(obj, [Aspect("Ready", "True", Reason.IN_SYNC, message)], told, "in_sync")

    def _identity(self, obj: Object) -> Identity:
        identity = self._accounts.itself(obj).check()
        defaults = self._accounts.defaults()
        if obj.ref.name in defaults and len(defaults) > 1:
            raise Invalid(f"AWSAccounts {' and '.join(defaults)} all say default: true; only one may.")
        return identity

    def _deletion(self, obj: Object) -> Outcome:
        """Let go of the account once no object works with it any more."""
        if not obj.held:
            return Outcome(None, result="deleted")
        users = self._accounts.used_by(obj.ref.name)
        if not users:
            finalizer.take_off(self._api, obj)
            self._accounts.forget(obj.ref.name)
            return Outcome(None, result="deleted")
        shown = ", ".join(str(user) for user in users[:_SHOWN_USERS])
        more = f" and {len(users) - _SHOWN_USERS} more" if len(users) > _SHOWN_USERS else ""
        message = f"Still used by {shown}{more}: it goes when they are gone, or name another account."
        ready = Aspect("Ready", "False", Reason.WAITING, message)
        return self._told(obj, [ready, ready.also("Reconciling")], self._as_told(obj), "error", Next.BACKOFF)

    def _failed(self, obj: Object, error: CloudError, outages: int) -> Outcome:
        effect = consequence(error)
        ready = Aspect("Ready", "False", effect.reason, error.message)
        aspects = [ready, ready.also("Stalled" if effect.stalled else "Reconciling")]
        told = self._as_told(obj)
        result: Result = "stalled" if effect.stalled else "error"
        if not isinstance(error, Unavailable | Throttled):
            return _failing(self._told(obj, aspects, told, result, _HOPEFUL_SECONDS), error)
        lasting = outages + 1 >= LASTING
        known = kept(obj, (effect.reason, error.message) if lasting else None)
        # All that work with it wait for it, and the question costs one call.
        return _failing(replace(self._told(obj, known or aspects, told, result), outage=True), error)

    def _as_told(self, obj: Object) -> dict[str, Any]:
        return {key: obj.status[key] for key in _KNOWN if key in obj.status}

    def _told(
        self,
        obj: Object,
        aspects: list[Aspect],
        told: dict[str, Any],
        result: Result,
        next_: float | Next = _RECHECK_SECONDS,
    ) -> Outcome:
        status = {
            "observedGeneration": obj.generation,
            "conditions": conditions(obj, aspects, moment(self._clock())),
            **told,
        }
        if obj.requested_at is not None:
            status["lastHandledReconcileAt"] = obj.requested_at
        before = obj
        written = obj if status == obj.status else write_status(self._api, obj, status)
        if written is None:
            return Outcome(None, result="deleted")
        news = turned(before.status, status)
        if news is not None:
            self._recorder.record(written, news)
        ready, changed = conditions_of(status)["Ready"], status != before.status
        line = Line(logging.INFO if changed else logging.DEBUG, ready["message"], {"reason": ready["reason"]})
        return Outcome(written, next_, result=result, line=line)


def _failing(outcome: Outcome, error: CloudError) -> Outcome:
    """Tell of the error; what is asked every few seconds is worth a line only where the answer is news."""
    outcome = replace(outcome, errors=(error,))
    if outcome.line is None:
        return outcome
    level = logging.WARNING if outcome.line.level == logging.INFO else outcome.line.level
    about = {**outcome.line.about, "errors": [error_of(error)]}
    return replace(outcome, line=replace(outcome.line, level=level, about=about))
