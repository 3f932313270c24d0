# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode says is what a run in good weather does: generated options, predicted and carried out.

TRIALS and SEED in the environment make it longer or other.
"""

from __future__ import annotations

import os
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import report
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible

from .conftest import MakeLab
from .lab import Lab, Result

SEED = int(os.environ.get("SEED") or 20_261_122)
# What ends otherwise than planned only because the site cannot do it.
PACKAGES = {
    "small": ("PS100001", "PS100002", "PS100004", "PS100009", "PS10000A", "PS10000B", "PS10000F", "PS100010", "PS100013"),
    "troubled": ("PS100001", "PS100002", "PS100003", "PS10000C", "PS10000E", "PS10000F"),
}  # fmt: skip


def predicted(lab: Lab, packages: tuple[str, ...], wish: dict[str, Any], rules: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of check mode, and the proof that it called nothing."""
    calls = len([entry for entry in lab.server.journal if entry["verb"] == "Invoke"])
    task = lab.task(*packages, wish=wish, only_look=True, **rules)
    try:
        moves = task.predict()
    finally:
        task.close()
    assert len([entry for entry in lab.server.journal if entry["verb"] == "Invoke"]) == calls
    return [report.predicted_row(target, moves, task.rules.when_busy) for target in task.targets]


def earlier_run(lab: Lab, chance: random.Random, packages: tuple[str, ...]) -> Result | None:
    """Sometimes a run went before, and left a resume."""
    if chance.random() < 0.5:
        return None
    return lab.refresh(
        *packages,
        wish={"ignore_unrefreshable": True},
        wait=chance.random() < 0.5,
        wait_timeout=chance.choice((5.0, 900.0)),
        build_timeout=chance.choice((100.0, 3600.0)),
        when_busy=chance.choice(("wait", "skip", "join")),
        max_failed=(chance.choice((0.0, 10.0)), False),
        in_flight=2,
    )


@pytest.mark.parametrize("number", range(int(os.environ.get("TRIALS") or 40)))
def test_what_is_predicted_comes_about(make_lab: MakeLab, number: int) -> None:
    chance = random.Random(f"{SEED}:{number}")
    scenario = chance.choice(("small", "troubled"))
    lab = make_lab(scenario)
    packages = tuple(dict.fromkeys(chance.choice(PACKAGES[scenario]) for _each in range(4)))
    first = earlier_run(lab, chance, packages)
    wish: dict[str, Any] = {"ignore_unrefreshable": chance.random() < 0.8}
    if first is not None and chance.random() < 0.7:
        wish["resume"] = lab.resume(first)
    elif any(not build["over"] for build in lab.server.site.snapshot()["builds"]):
        lab.clock.sleep(3600.0)  # check mode calls no method (wire R-05), so a build of somebody else does not show
    if chance.random() < 0.4:
        wish["newer_than"] = lab.clock.utc() - timedelta(days=chance.choice((1, 10, 13, 100)))
    elif chance.random() < 0.3:
        wish["max_age"] = chance.choice((60.0, 11 * 86400.0, 14 * 86400.0))
    rules = {"when_busy": chance.choice(("wait", "join", "skip", "fail")), "wait": chance.random() < 0.7}
    told = f"trial {number}: {scenario} {packages} {wish} {rules}"
    refusal = ""
    try:
        rows = predicted(lab, packages, wish, rules)
    except Impossible as refused:
        refusal = str(refused)
    if refusal:
        with pytest.raises(Impossible, match=re.escape(refusal)):
            lab.refresh(*packages, wish=wish, **rules)
        return
    options = {"wait_timeout": 3600.0, "build_timeout": 7200.0, "max_failed": (100.0, True)}
    result = lab.refresh(*packages, wish=wish, **rules, **options)
    foreseen = {row["package_id"]: row["status"] for row in rows}
    happened = {key: {"accepted": "refreshed"}.get(row["status"], row["status"]) for key, row in result.rows.items()}
    assert foreseen == happened, told
    assert any(row["status"] == "refreshed" for row in rows) == result.changed, told
    for row in rows:
        if row["status"] == "refreshed" and rules["wait"]:
            least = int(row["source_version"]["after"].split()[-1])
            assert result[row["package_id"]]["source_version"]["after"] >= least, told
    assert report.diff(rows)["before"].keys() >= {key for key in foreseen if foreseen[key] == "refreshed"}, told
