"""Who asks: tokens and their users."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.kubernetes.statuses import unauthorized

AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()


Authenticator = Callable[[str], User | None]
"""A bearer token to its user; None: the token is not valid."""
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


class Access:
    """The tokens that are known."""

    def __init__(self, authenticators: Sequence[Authenticator] = ()) -> None:
        self._authenticators = list(authenticators)
        self._tokens: dict[str, User] = {}

    def add(self, token: str, user: User) -> None:
        """Know a token."""
        self._tokens[token] = user

    def user(self, authorization: str) -> User:
        """Who sent this header; 401 for a token that nobody knows."""
        if not authorization:
            return ANONYMOUS
        token = authorization.removeprefix("Bearer ").strip()
        if token in self._tokens:
            return authenticated(self._tokens[token])
        for authenticate in self._authenticators:
            if user := authenticate(token):
                return authenticated(user)
        raise unauthorized()


def authenticated(user: User) -> User:
    """The user, in the group of all that are known."""
    if AUTHENTICATED in user.groups:
        return user
    return User(user.name, (*user.groups, AUTHENTICATED))
