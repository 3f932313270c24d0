# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements, each against a client that does less: `make bench`. docs/develop/bench.md says what they mean.

Prints medians and ratios of one run and writes them, with every single value, to build/bench.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import bench_login
import bench_reading
import bench_refresh
import bench_tasks
from bench_measure import Measure, table
from bench_site import Bench
from steps import Failed

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "build" / "bench.json"
FORMAT = 1
PARTS: dict[str, tuple[str, Callable[[Bench], Iterator[Measure]]]] = {
    "a": ("a task with nothing to do, against ansible.builtin.uri", bench_tasks.measure),
    "b": ("many refreshes in one task, against replayed messages", bench_refresh.measure),
    "c": ("a large site read, against pulls without parsing and against pypsrp", bench_reading.measure),
    "d": ("a login by each method", bench_login.measure),
}


def machine() -> dict[str, Any]:
    """What the numbers were taken on; nothing that names the machine."""
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": [round(value, 2) for value in os.getloadavg()],
    }


def run(bench: Bench, parts: Sequence[str]) -> dict[str, Any]:
    """Measure; the report. What each part found is printed as soon as it has ended."""
    report: dict[str, Any] = {
        "format": FORMAT,
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "settings": {name: getattr(bench, name) for name in ("repeats", "tasks", "refreshes", "packages")},
        "measures": [],
    }
    everything: list[Measure] = []
    for part in parts:
        what, measure = PARTS[part]
        print(f"{part}: {what} ...", flush=True)
        found = list(measure(bench))
        everything += found
    print(f"\n{table(everything)}")
    report["measures"] = [each.as_dict() for each in everything]
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Ends with 0 whether goals are met or not: a busy machine is no defect."""
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__)
    parser.add_argument(
        "--parts", default=os.environ.get("PARTS") or " ".join(PARTS), help="such as 'b c'; default: all"
    )
    parser.add_argument("--repeats", type=int, default=Bench.repeats, help="how often each side of a comparison runs")
    parser.add_argument("--tasks", type=int, default=Bench.tasks, help="tasks of each kind in part a")
    parser.add_argument("--refreshes", type=int, default=Bench.refreshes, help="packages refreshed in part b")
    parser.add_argument("--packages", type=int, default=Bench.packages, help="packages read in part c")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the report goes")
    options = parser.parse_args(arguments)
    parts = options.parts.replace(",", " ").split()
    unknown = sorted(set(parts) - set(PARTS))
    if unknown or not parts:
        parser.error(f"parts are {', '.join(PARTS)}, not {', '.join(unknown) or 'none'}")
    if min(options.repeats, options.tasks, options.refreshes) < 1 or options.packages < 10:
        parser.error("at least one of each, and ten packages")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), options.repeats, options.tasks, options.refreshes, options.packages)
        try:
            report = run(bench, parts)
        except Failed as failure:
            print(failure, file=sys.stderr)
            return 1
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    missed = sum(1 for each in report["measures"] if each["met"] is False)
    judged = sum(1 for each in report["measures"] if each["met"] is not None)
    before, after = report["machine"]["load"][0], os.getloadavg()[0]
    print(
        f"\n{judged - missed} of {judged} goals met; load {before:.1f} before, {after:.1f} after. Report: {options.report.name}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
