# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench` in small: it runs, and its report has the shape that docs/develop/bench.md describes. No time is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pypsrp", reason="pypsrp is not installed")

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--repeats", "1", "--refreshes", "3", "--packages", "10", "--tasks", "1")
FIELDS = {
    "part", "name", "unit", "repeats", "values", "median", "against", "against_values", "against_median", "ratio",
    "goal", "met", "requests",
}  # fmt: skip


def test_a_small_run_writes_its_report(tmp_path: Path) -> None:
    report = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "bench.py"), "--parts", "b c", *SMALL, "--report", str(report)],
        env={**os.environ, "PARTS": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["format"] == 1
    assert set(found["machine"]) == {"python", "cores", "system", "load"}
    assert found["settings"] == {"repeats": 1, "tasks": 1, "refreshes": 3, "packages": 10}
    measures = found["measures"]
    assert all(set(each) == FIELDS for each in measures)
    assert {each["part"] for each in measures} == {"b", "c"}
    assert all(each["name"] in done.stdout for each in measures)
    requests = {each["name"]: each["median"] for each in measures if each["name"].startswith("requests")}
    assert requests["requests for 3 refreshes"] <= 3 + 12
