"""A question that takes the database too long: cut off, told as that, and the same on every desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.api.app import make_app
from casectl.errors import Conflict, TookTooLong
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from tests.contract.conftest import ServedDesk, TestDesk
from tests.served import config_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database
    from tests.served import Servers


@pytest.fixture(params=["sync", "async", "remote"])
def hasty(request: Any, prepared_database: Database, serving: Servers) -> Iterator[TestDesk]:
    """A desk whose database cuts off what takes longer than a second."""
    conninfo = {**prepared_database.app, "options": "-c statement_timeout=1000"}
    app = make_app(config_of(prepared_database, database__statement_timeout="1s"))
    with serving.serve(app) as server:
        served = ServedDesk(server.url, prepared_database, {}) if request.param == "remote" else None
        made = TestDesk(conninfo, "admin", "acme", request.param, served)
        yield made
        made.close()


def test_it_says_so_and_what_to_do(hasty: TestDesk, prepared_database: Database) -> None:
    hasty.perform(ListCases())
    with psycopg.connect(**prepared_database.owner) as owner:
        owner.execute("LOCK TABLE cases IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TookTooLong, match="took it too long") as cut_off:
            hasty.perform(ListCases())
        with pytest.raises(Conflict):
            hasty.perform(Create(title="Late"))
    assert (cut_off.value.exit_code, cut_off.value.code) == (1, "took_too_long")
    assert "database.statement_timeout" in cut_off.value.message
    assert "--explain" in cut_off.value.hint
    assert hasty.perform(ListCases()).items == []
