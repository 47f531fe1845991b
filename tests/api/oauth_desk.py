"""A served desk whose people have passwords, shared by the tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from casectl.api.app import make_app
from tests.api.oauth_flows import CHEAP, give_password
from tests.conftest import copied
from tests.served import Served, Servers, config_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.store.cluster import Address
    from tests.conftest import Database


class LoginDesk(msgspec.Struct):
    """A server and its database; wanda and walt of acme and admin of globex have the password."""

    served: Served
    database: Database


@pytest.fixture(scope="module")
def desk(serving: Servers, server: Address, served_template: Database) -> Iterator[LoginDesk]:
    """One for all tests of a module."""
    with copied(server, served_template.name) as made:
        for login, tenant in (("wanda", 1), ("walt", 1), ("admin", 2)):
            give_password(made, login, tenant=tenant)
        with serving.serve(make_app(config_of(made, **CHEAP))) as served:
            yield LoginDesk(served, made)
