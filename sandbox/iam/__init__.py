"""IAM's part in a request to AWS: what it takes, what a role's policies say, how it is refused.

    guard ─→ signed ─→ requests (account) ─→ policy (conditions, patterns) ─→ refusals

Policies of identities alone: there are no boundaries, session policies or organizations here.
"""

from sandbox.iam.account import MotoAccount
from sandbox.iam.guard import ADMINISTRATOR, Caller, Grant, Guard
from sandbox.iam.policy import Policy, PolicyError

__all__ = ["ADMINISTRATOR", "Caller", "Grant", "Guard", "MotoAccount", "Policy", "PolicyError"]
