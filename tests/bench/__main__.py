"""Benchmarks: `python -m tests.bench [--cases 10000,1000000] [--quick]`, run from the root of the sources.

Every figure is printed beside the limit that was measured in turn with it, so that a slow or busy machine shows in
both. Nothing is written but a temporary folder, which is removed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time

from tests.bench import batches, filters, processes, rest, service
from tests.bench.figures import Figure, table
from tests.bench.place import Place, open_place

MOST_GROWTH = 1.3


def main() -> int:
    """Run what was asked for; 1 when a target was missed."""
    options = _options()
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    sizes = sorted(int(word) for word in options.cases.split(","))
    with open_place() as place:
        measured = [_at(place, cases, quick=options.quick, only=options.only) for cases in sizes]
    figures = [figure for of_size in measured for figure in of_size]
    if len(sizes) > 1:
        grown = _growth(measured[0], measured[-1], f"at {sizes[0]:,}")
        print(table(f"Growth from {sizes[0]:,} to {sizes[-1]:,} cases", grown))
        figures += grown
    missed = [figure.name for figure in figures if figure.is_met is False]
    print(f"\n{len(missed)} targets missed" + (": " + ", ".join(missed) if missed else ""))
    return 1 if missed else 0


def _growth(small: list[Figure], large: list[Figure], limit_name: str) -> list[Figure]:
    """Every figure of the largest size beside the one of the smallest: no more than 1.3 times, but for scans."""
    before = {figure.name: figure.value for figure in small}
    return [
        Figure(
            name=f"{figure.name} (growth)", value=figure.value, limit=before[figure.name], limit_name=limit_name,
            most_ratio=None if figure.name.startswith(filters.SCAN) else MOST_GROWTH, error=figure.error,
        )
        for figure in large if figure.name in before
    ]  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed of casectl beside its limits.")
    parser.add_argument("--cases", default="10000", metavar="N,N", help="numbers of cases (default: 10000)")
    parser.add_argument("--quick", action="store_true", help="few rounds: a glance, no evidence")
    parser.add_argument("--only", default="", metavar="WORD", help="sections with this word in their title: rest")
    return parser.parse_args()


def _at(place: Place, cases: int, *, quick: bool, only: str) -> list[Figure]:
    began = time.perf_counter()
    place.fill(cases)
    print(f"\n{cases:,} cases, filled in {time.perf_counter() - began:.0f} s")
    sections = (
        ("Whole processes", lambda: processes.measure(place, 3 if quick else 15)),
        ("Inside the service, p50", lambda: service.measure(place, 20 if quick else 200, cases)),
        ("List by each filter and order, p50", lambda: filters.measure(place, 3 if quick else 20)),
        ("Many cases at once", lambda: batches.measure(place, 2 if quick else 6)),
        ("REST server, ms a request", lambda: rest.measure(place, 1.5 if quick else 15, cases)),
        ("REST server, memory", lambda: [] if quick else rest.memory(place)),
    )
    chosen = [section for section in sections if not only or only in section[0].lower()]
    measured: list[Figure] = []
    for title, measure in chosen:
        figures = measure()
        print(table(title, figures), flush=True)
        measured += figures
    return measured


if __name__ == "__main__":
    sys.exit(main())
