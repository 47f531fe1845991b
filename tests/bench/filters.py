"""A page of the queue by every filter and order of the query language, beside the bare SQL of a page without any."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from casectl.errors import Refusal
from casectl.operations.list import ListCases
from tests.bench.figures import Figure, medians
from tests.bench.queries import OWNED_UP, SERVED
from tests.bench.service import bare_page, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.desk.local import LocalDesk
    from tests.bench.place import Place

SCAN = "scan "
"""Begins the name of a figure whose query reads more than it shows, which `list --explain` says: it may grow."""


def measure(place: Place, rounds: int) -> list[Figure]:
    """What an index leads to in `rounds`, what is a scan by its own account in a few."""
    with place.desk() as desk, place.superuser() as bare:
        page = timed(lambda: bare_page(bare))
        return [_figure(desk, query, page, rounds) for query in (*SERVED, *OWNED_UP)]


def _figure(desk: LocalDesk, query: str, page: Callable[[], float], rounds: int) -> Figure:
    """One query's; a query that is refused or cut off is told as that, and the others go on."""
    is_scan = query in OWNED_UP
    name = f"{SCAN * is_scan}{query}"
    began = time.perf_counter()
    try:
        taken = medians(3 if is_scan else rounds, {"ours": timed(lambda: _listed(desk, query)), "limit": page})
    except Refusal as refusal:
        return Figure(name=name, value=(time.perf_counter() - began) * 1000, error=refusal.message)
    return Figure(name=name, value=taken["ours"], limit=taken["limit"], limit_name="bare page of 50")


def _listed(desk: LocalDesk, query: str) -> None:
    desk.perform(ListCases(query=[query]))
