"""Passwords of people as argon2id hashes (RFC 9106). Only `store` and `desk` import this module.

Nothing else is hashed this way: keys and tokens are random enough for SHA-256.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from casectl.config import Config

LONGEST = 1024
"""Bytes of a password; more would only cost time."""


class Cost(msgspec.Struct, frozen=True):
    """What a hash costs: passes over `memory` KiB in so many parallel lanes."""

    rounds: int = 3
    memory: int = 65_536
    lanes: int = 1


def cost_of(config: Config) -> Cost:
    """The cost that the configuration wants."""
    wanted = (config.number(f"oauth.password_{part}") for part in ("rounds", "memory", "lanes"))
    return Cost(*(number or 1 for number in wanted))


def _hasher(cost: Cost) -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=cost.rounds, memory_cost=cost.memory, parallelism=cost.lanes)


def make_hash(password: str, cost: Cost | None = None) -> str:
    """The hash to keep of a password."""
    return _hasher(cost or Cost()).hash(password.encode("utf-8", "surrogatepass"))


def verify(hashed: str, password: str) -> bool:
    """Whether the password is the one; takes as long as the hash says, whatever the answer."""
    from argon2.exceptions import InvalidHashError, VerificationError

    word = password.encode("utf-8", "surrogatepass")
    try:
        return len(word) <= LONGEST and _hasher(Cost()).verify(hashed, word)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(hashed: str, cost: Cost) -> bool:
    """Whether a hash was made at another cost, and should be made anew while the password is at hand."""
    return _hasher(cost).check_needs_rehash(hashed)
