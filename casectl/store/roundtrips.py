"""Statements in as few round trips as there can be. Only `store.sql` imports this module.

psycopg sends BEGIN on a round trip of its own, and its cursors take longer around a look-up by key than Postgres takes
for it. Here BEGIN travels with the first statement of a transaction. Queries, their preparation, types, errors, waiting
and interrupts are psycopg's, some of it by names that it keeps to itself: tests/desk/test_roundtrips.py says whether a
version has them, as all from 3.3.0 to 3.3.9 have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import OperationalError, errors, generators, pq
from psycopg._preparing import Prepare
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGresult

    from casectl.store.sql import Parameters, Row

_FAILED = pq.ExecStatus.FATAL_ERROR


class Roundtrips:
    """The statements of one connection; each generator is for `connection.wait`."""

    def __init__(self, connection: Connection[Any] | AsyncConnection[Any]) -> None:
        self._connection = connection
        self._transformer = Transformer(connection)

    def result_of(self, statement: str, parameters: Parameters) -> PQGen[PGresult]:
        """Run a statement, in a transaction that begins with it where none has begun. Raises psycopg's errors."""
        connection, pgconn = self._connection, self._connection.pgconn
        if connection.closed:
            raise OperationalError("the connection is closed")
        query = PostgresQuery(self._transformer)
        query.convert(statement, parameters)
        begins = pgconn.transaction_status == pq.TransactionStatus.IDLE and not connection.autocommit
        prepared = connection._prepared  # noqa: SLF001 - so that a statement is prepared once, whoever runs it
        prepare, name = prepared.get(query)
        try:
            self._send(query, prepare, name, begins=begins)
            new = prepared.maybe_add_to_cache(query, prepare, name)
            results = yield from self._answers(begins + (prepare is Prepare.SHOULD) + 1)
            if new is not None:
                prepared.validate(new, prepare, name, results[-1:])
        except BaseException:
            pgconn.finish()  # half of a round trip is out or in: the next statement would be told what is left of it
            raise
        for result in results:
            if result.status == _FAILED:
                raise errors.error_from_result(result, connection.info.encoding)
        yield from prepared.maintain_gen(connection)
        return results[-1]

    def _send(self, query: PostgresQuery, prepare: Prepare, name: bytes, *, begins: bool) -> None:
        pgconn = self._connection.pgconn
        pgconn.enter_pipeline_mode()
        if begins:
            pgconn.send_query_params(b"BEGIN", None)
        if prepare is Prepare.SHOULD:
            pgconn.send_prepare(name, query.query, query.types)
        if prepare is Prepare.NO:
            pgconn.send_query_params(query.query, query.params, query.types, query.formats)
        else:
            pgconn.send_query_prepared(name, query.params, query.formats)
        pgconn.pipeline_sync()

    def _answers(self, count: int) -> PQGen[list[PGresult]]:
        """The results of so many requests, and the end of the round trip; aborted ones follow a failed one."""
        pgconn = self._connection.pgconn
        if pgconn.flush():
            yield from generators.send(pgconn)
        results: list[PGresult] = []
        for _ in range(count):
            results += yield from generators.fetch_many(pgconn)
            if pgconn.status != pq.ConnStatus.OK:
                return results
        yield from generators.fetch_many(pgconn)
        pgconn.exit_pipeline_mode()
        return results

    def rows_of(self, result: PGresult) -> list[Row]:
        """Its rows, with values as Python has them."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)
