"""The light way to Postgres tells what psycopg tells, of every type that a completion meets."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from casectl.config import load
from casectl.desk.hints import perform_at_once
from casectl.errors import Failure
from casectl.operations.suggest import Suggest
from casectl.store.light_sql import LightSql, LightSqlError
from casectl.store.sql import SyncSql, step

VALUES = (
    "SELECT true, NULL::int, 1::smallint, 2, 3::bigint, 1.5::float8, 'a\"\\é', '{\"a\": [1, null]}'::jsonb,"
    " ARRAY[1, NULL, 3], ARRAY['a,b', '', 'x\"y', 'back\\slash', NULL, 'NULL']::text[], ARRAY[]::text[]"
)
GIVEN = (
    "SELECT %(text)s::text, %(number)s::int + 1, %(flag)s::boolean, %(none)s::text, %(words)s::text[],"
    " %(at)s::timestamptz"
)


@pytest.fixture
def both(template_database):
    light = LightSql("", template_database.app)
    with psycopg.connect(**template_database.app) as connection:
        yield light, SyncSql(connection)
    light.close()


def test_values_of_every_type(both):
    light, usual = both
    assert step(light.rows(VALUES)) == step(usual.rows(VALUES))


def test_parameters_of_every_type(both):
    light, usual = both
    at = datetime(2026, 11, 28, 12, 0, 0, 250, tzinfo=UTC)
    given = {"text": "100 %s 'x'", "number": 4, "flag": True, "none": None, "words": ["a,b", '"', "\\", None], "at": at}
    assert step(light.rows(GIVEN, given)) == step(usual.rows(GIVEN, given))
    statement = "SELECT %s::text || '%%', %s::text = ANY(%s::text[])"
    assert step(light.rows(statement, ("x", "b", ["a", "b"]))) == [("x%", True)]


def test_a_transaction_ends_as_it_is_told(both):
    light, usual = both
    step(light.run("SELECT set_config('casectl.operation', 'x', true)"))
    assert step(light.rows("SELECT current_setting('casectl.operation', true)")) == [("x",)]
    step(light.rollback())
    assert step(light.rows("SELECT current_setting('casectl.operation', true)")) == [("",)]
    step(light.commit())
    assert step(light.aside(lambda: 5)) == 5
    assert light.connection is light
    assert usual.connection is not light


def test_what_fails_says_so(both):
    with pytest.raises(LightSqlError, match="nothing"):
        step(both[0].rows("SELECT nothing"))
    with pytest.raises(LightSqlError):
        LightSql("", {"host": "/nowhere", "port": "1"})


def test_a_role_that_row_level_security_does_not_bind_gets_no_words(template_database):
    url = psycopg.conninfo.make_conninfo("", **template_database.owner)
    with pytest.raises(Failure, match="row-level security"):
        perform_at_once(load({"database.url": url}, {"HOME": "/nowhere"}), Suggest(source="team"))
