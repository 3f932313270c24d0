# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement is: values of two sides that took turns, their medians and ratio, and the goal."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

# A side of a comparison: does its work once, and tells how many seconds that took.
Side = Callable[[], float]


@dataclass(frozen=True)
class Measure:
    """One line of the result. With a second side the goal is for the ratio, else for the median; it is an upper limit."""

    part: str
    name: str
    unit: str
    values: tuple[float, ...]
    against: str = ""
    against_values: tuple[float, ...] = ()
    goal: float | None = None
    requests: int | None = None  # HTTP requests of our side

    @property
    def median(self) -> float:
        """Of our side."""
        return statistics.median(self.values)

    @property
    def against_median(self) -> float | None:
        """Of the other side, None if there is none."""
        return statistics.median(self.against_values) if self.against_values else None

    @property
    def ratio(self) -> float | None:
        """The median of the ratios of neighbours: what slows the machine for a while slows both of a pair."""
        if not self.against_values:
            return None
        return statistics.median(mine / other for mine, other in zip(self.values, self.against_values))

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        return (self.median if self.ratio is None else self.ratio) <= self.goal

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "repeats": len(self.values),
            "requests": self.requests,
            "values": [round(value, 6) for value in self.values],
            "median": round(self.median, 6),
            "against": self.against,
            "against_values": [round(value, 6) for value in self.against_values],
            "against_median": None if self.against_median is None else round(self.against_median, 6),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "goal": self.goal,
            "met": self.met,
        }


def timed(work: Callable[[], Any]) -> float:
    """Seconds that the work takes; rubbish of earlier work is cleared away before."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def take_turns(sides: Mapping[str, Side], repeats: int) -> dict[str, tuple[float, ...]]:
    """Every side `repeats` times, one after the other, each time with another one first."""
    names = list(sides)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(repeats):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(sides[name]())
    return {name: tuple(values) for name, values in found.items()}


def table(measures: list[Measure]) -> str:
    """The measures as lines of text."""
    head = ("", "measure", "requests", "median", "against", "median", "ratio", "goal", "")
    rows = [head]
    for each in measures:
        met = {None: "", True: "met", False: "MISSED"}[each.met]
        goal = "" if each.goal is None else f"<= {each.goal:g}"
        other = "" if each.against_median is None else shown(each.against_median, each.unit)
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        requests = "" if each.requests is None else str(each.requests)
        mine = shown(each.median, each.unit)
        rows.append((each.part, each.name, requests, mine, each.against, other, ratio, goal, met))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    right = (2, 3, 5, 6)
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    )


def shown(value: float, unit: str) -> str:
    """A value with its unit, in three digits or so."""
    if unit == "s":
        return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"
    return f"{value:,.0f} {unit}".rstrip() if value >= 100 or value == int(value) else f"{value:.1f} {unit}"
