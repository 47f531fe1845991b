"""Figures and how they are printed: each beside the limit that was measured in the same run."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, in milliseconds.

    `limit` is the least that any program could take for it, measured in the same rounds. The target is `most_ratio`
    times the limit, or `most` milliseconds; a figure without either is there to compare with. `memory` is the peak of
    the process in MB, where it is one. `error` is why it came to no end; `value` is then the time until that.
    """

    name: str
    value: float
    limit_name: str = ""
    limit: float | None = None
    most_ratio: float | None = None
    most: float | None = None
    memory: float | None = None
    error: str = ""

    @property
    def ratio(self) -> float | None:
        """Times the limit."""
        return None if self.limit is None else self.value / self.limit

    @property
    def is_met(self) -> bool | None:
        """Whether every target of this figure is met; None without any."""
        if self.error:
            return False
        met = []
        if self.most_ratio is not None and self.ratio is not None:
            met.append(self.ratio <= self.most_ratio)
        if self.most is not None:
            met.append(self.value <= self.most)
        return all(met) if met else None


def medians(rounds: int, measures: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Run all `measures` (each gives its milliseconds) in turn, `rounds` times; the median of each.

    In turn, so that whatever else the machine does falls on all of them. The first round only warms up.
    """
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds + 1):
        for name, measure in measures.items():
            value = measure()
            if number:
                taken[name].append(value)
    return {name: statistics.median(values) for name, values in taken.items()}


def table(title: str, figures: Iterable[Figure]) -> str:
    """The figures as text, one a line."""
    lines = ["", title, f"  {'':44}{'ms':>10}{'limit ms':>10}{'ratio':>8}  {'target':<18}{'':8}{'MB':>5}  limit"]
    for figure in figures:
        limit = "" if figure.limit is None else f"{figure.limit:,.2f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        met = {True: "met", False: "MISSED", None: ""}[figure.is_met]
        memory = "" if figure.memory is None else f"{figure.memory:.0f}"
        lines.append(
            f"  {figure.name:44}{figure.value:>10,.2f}{limit:>10}{ratio:>8}  {_target(figure):<18}{met:8}{memory:>5}"
            f"  {figure.error or figure.limit_name}"
        )
    return "\n".join(lines)


def _target(figure: Figure) -> str:
    parts = []
    if figure.most_ratio is not None:
        parts.append(f"{figure.most_ratio:g} x limit")
    if figure.most is not None:
        parts.append(f"{figure.most:g} ms")
    return ", ".join(parts)
