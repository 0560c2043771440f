"""Who may come in: tokens, kept as hashes, and the three roles."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
import time
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from tidings.model.errors import Forbidden, InvalidParameter, NotFound, Unauthenticated
from tidings.model.ids import addressable, new_token
from tidings.store.base import Store, Token, Transaction

Role = Literal["read", "write", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


class Caller(msgspec.Struct, frozen=True):
    """Who makes a request: the token's name and role."""

    name: str
    role: Role

    def require(self, role: Role) -> None:
        """Raises Forbidden where this caller's role does not reach ``role``."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise Forbidden(f"this needs a token with the role {role}; {self.name} has the role {self.role}")


def token_hash(token: str) -> bytes:
    """What is kept of a token. Tokens are random and long, so that one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def presented_token(headers: Mapping[str, str]) -> str:
    """The token of a request: bearer, or the password of basic auth. Raises Unauthenticated where there is none."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    if scheme.lower() == "basic":
        try:
            user_and_password = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise Unauthenticated("the basic authorization header cannot be read") from None
        return user_and_password.partition(":")[2]
    raise Unauthenticated(
        "a token is needed: send «Authorization: Bearer <token>», or basic auth with the token as password"
    )


class Gatekeeper:
    """The tokens in force. One for each server; it hears of changes that others make within a second."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_hash: dict[bytes, Token] = {}
        self._reading = threading.Lock()
        self.refresh()

    def refresh(self) -> None:
        """Read the tokens again; one reader at a time, so that no older state comes after a newer one."""
        with self._reading, self._store.snapshot() as snapshot:
            self._by_hash = {token.hash: token for token in snapshot.tokens()}

    def first_token(self, wanted: str) -> str | None:
        """On a catalog without tokens make the first admin's, ``wanted`` or a new one, and return it; else None.

        Of several servers that start together one makes it.
        """
        token = wanted or new_token()
        kept = _kept("admin", "admin", token)

        def work(tx: Transaction) -> bool:
            if is_first := not tx.tokens():
                tx.add_token(kept)
            return is_first

        made = not self._by_hash and self._store.transact(work)
        self.refresh()
        return token if made else None

    def knows(self, token: str) -> bool:
        return token_hash(token) in self._by_hash

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether the token of a request is still in force."""
        return self.knows(presented_token(headers))

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Raises Unauthenticated."""
        token = self._by_hash.get(token_hash(presented_token(headers)))
        if token is None:
            raise Unauthenticated("this token is not known, or was revoked")
        return Caller(token.name, _role(token.role))

    def tokens(self) -> list[Token]:
        return sorted(self._by_hash.values(), key=lambda token: token.name)

    def add(self, name: str, role: str) -> str:
        """A new token; raises InvalidParameter or Conflict. This is the only time it is seen."""
        token = new_token()
        kept = _kept(addressable("a token's name", name), _role(role), token)
        self._store.transact(lambda tx: tx.add_token(kept))
        self.refresh()
        return token

    def remove(self, name: str) -> None:
        """Raises NotFound, and Forbidden for the last admin, who could never be made again."""

        def work(tx: Transaction) -> None:
            # In the transaction: two servers could each take the other's admin for the last but one.
            tokens = tx.tokens()
            if name not in [token.name for token in tokens]:
                raise NotFound(f"there is no token named {name}")
            if [token.name for token in tokens if token.role == "admin"] == [name]:
                raise Forbidden(f"{name} is the last admin token; add another admin before revoking it")
            tx.remove_token(name)

        self._store.transact(work)
        self.refresh()


def _kept(name: str, role: Role, token: str) -> Token:
    return Token(name, role, token_hash(token), time.time_ns() // 1_000_000)


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise InvalidParameter(f"there is no role {role!r}; it must be one of {', '.join(ROLES)}")
