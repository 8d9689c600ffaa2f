"""The gate before AWS: each signed request is let through or refused, by its caller's policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.iam.policy import Match, Policy, Request, decide
from sandbox.iam.refusals import Refusal, denied, refusal
from sandbox.iam.requests import Account, UnknownRequest, requests
from sandbox.iam.signed import Signed, signed

ADMINISTRATOR = "sandbox"  # an access key that may do everything


@dataclass(frozen=True)
class Grant:
    """A request that was allowed, and by what."""

    request: Request
    by: Match


@dataclass(frozen=True)
class Caller:
    """Who has an access key: the ARN of the session, and the name of the role."""

    arn: str
    role: str


class Guard:
    """The gate: `callers` by their access keys, and what the policies of each role are.

    `grants` has each right that was used, in order.
    """

    def __init__(
        self,
        account: Account,
        callers: Mapping[str, Caller],
        policies: Mapping[str, Sequence[Policy]],
    ) -> None:
        self._account = account
        self._callers = callers
        self._policies = policies
        self.grants: list[Grant] = []

    def check(self, environ: dict[str, Any]) -> Refusal | None:
        """The answer to a request that is refused; None: it may go on."""
        found = signed(environ)
        if found is None:
            return refusal("", "", "the request is not signed")
        if found.access_key == ADMINISTRATOR:
            return None
        caller = self._callers.get(found.access_key)
        if caller is None:
            return refusal(found.service, "", "the security token in the request is invalid")
        return self._refused(found, caller)

    def _refused(self, found: Signed, caller: Caller) -> Refusal | None:
        try:
            wanted = requests(found, self._account)
        except UnknownRequest as error:
            return refusal(found.service, "", str(error))
        for each in wanted:
            decision = decide(self._policies.get(caller.role, ()), each)
            if not decision.allowed or decision.by is None:
                words = denied(caller.arn, each, decision)
                return refusal(found.service, each.action, words)
            self.grants.append(Grant(each, decision.by))
        return None
