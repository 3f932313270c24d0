# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of `make bench`. That it runs is seen in tests/wire/test_bench_run.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch):
    """The module with the arithmetic."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import bench_measure

    yield bench_measure
    sys.modules.pop("bench_measure")


def test_a_ratio_is_the_median_of_neighbours(measure) -> None:
    """The machine was three times as slow for one pair, which moves the medians and not the ratio."""
    found = measure.Measure("b", "time", "s", (1.0, 6.0, 5.0), "floor", (1.0, 3.0, 2.5), goal=1.5)
    assert (found.median, found.against_median, found.ratio, found.met) == (5.0, 2.5, 2.0, False)


def test_a_goal_without_another_side_is_for_the_median(measure) -> None:
    assert measure.Measure("b", "requests", "", (12,), goal=12).met is True
    assert measure.Measure("b", "requests", "", (13,), goal=12).met is False
    assert measure.Measure("d", "login", "s", (0.1,)).met is None


def test_sides_take_turns(measure) -> None:
    order: list[str] = []

    def side(name: str):
        return lambda: order.append(name) or float(len(order))

    found = measure.take_turns({"a": side("a"), "b": side("b")}, 3)
    assert "".join(order) == "abbaab"
    assert found == {"a": (1.0, 4.0, 5.0), "b": (2.0, 3.0, 6.0)}


def test_the_table_has_a_line_for_each(measure) -> None:
    lines = measure.table(
        [
            measure.Measure("a", "a task", "s", (0.25,), "uri", (0.125,)),
            measure.Measure("b", "time", "s", (3.0,), "floor", (2.0,), goal=1.2, requests=7),
        ]
    ).splitlines()
    assert [word for word in lines[1].split() if word not in ("a", "task")] == [
        "250.0",
        "ms",
        "uri",
        "125.0",
        "ms",
        "2.00",
    ]
    assert lines[2].split() == ["b", "time", "7", "3.00", "s", "floor", "2.00", "s", "1.50", "<=", "1.2", "MISSED"]


@pytest.mark.parametrize("arguments", [("--parts", "x"), ("--repeats", "0"), ("--packages", "1")])
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "bench.py"), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
