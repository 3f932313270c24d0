# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a refresh tells the playbook: rows, summary, evidence, diff, and the lines that let a rerun go on. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .operation import Fence, Phase, Target

# The most entries of resume that are printed for pasting.
MOST_LINES = 50

STATUSES = ("refreshed", "accepted", "joined", "skipped", "failed", "not_attempted")


def package_row(target: Target, verbose: bool) -> dict[str, Any]:
    """One package of the result."""
    package = target.package
    before = target.fence.version if target.fence else package.source_version
    row: dict[str, Any] = {
        "package_id": package.package_id,
        "name": package.name,
        "class": target.resource.wmi_class,
        "status": target.status,
        "reason": target.reason,
        "source_version": {"before": before, "after": package.source_version},
        "distribution_points": _points(target, verbose),
        "answer_lost": target.answer_lost,
        "context_id": target.context_id,
        "error": dict(target.error) if target.error else None,
    }
    if target.source_unchanged:
        row["source_unchanged"] = True
    if target.waited_for_action:
        row["waited_for_action"] = True
    if target.build:
        row["build"] = {**target.build.as_result(), "progress": list(target.progress)}
    return row


def _points(target: Target, verbose: bool) -> dict[str, Any]:
    verdict = target.verdict
    if verdict is None:
        return {"targeted": target.targeted, "installed": None, "failed": None, "rows": []}
    goal = target.goal or 0
    shown = verdict.points if verbose else verdict.failing
    return {
        "targeted": verdict.targeted,
        "installed": verdict.installed,
        "failed": len(verdict.failing),
        "rows": [point.as_result(goal) for point in sorted(shown, key=lambda item: item.server)],
    }


def predicted_row(target: Target, moves: Mapping[str, tuple[int, int]], when_busy: str) -> dict[str, Any]:
    """One package of check mode: what would be done with it, and what would move."""
    row = package_row(target, False)
    if not target.open:
        return row
    version = target.package.source_version
    if target.phase is not Phase.WAITING:
        row.update(status="joined")
        return row
    if target.package.action and when_busy in ("join", "skip"):
        status = {"join": "joined", "skip": "skipped"}[when_busy]
        row.update(
            status=status, reason="an action is running on it (ActionInProgress is not 0); nothing would be sent"
        )
        return row
    points, kilobytes = moves.get(target.package.package_id, (0, 0))
    waits = ", after the action that is running on it" if target.package.action else ""
    row.update(
        status="refreshed",
        reason=f"would be refreshed{waits}: {target.reason}",
        source_version={"before": version, "after": f"at least {version + 1}"},
        would_move={"distribution_points": points, "megabytes": round(points * kilobytes / 1024, 1)},
    )
    row["distribution_points"]["targeted"] = points
    return row


def summary(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many packages have which status."""
    counts = dict.fromkeys(STATUSES, 0)
    for row in rows:
        counts[row["status"]] += 1
    counts["total"] = sum(counts.values())
    return counts


def evidence(targets: Iterable[Target]) -> list[str]:
    """One line for each change: by what it is known to have taken effect."""
    lines = []
    for target in targets:
        if not target.changed or target.fence is None:
            continue
        seen = [] if target.answer_lost or target.resource.builds_in_call else ["answer 0"]
        moved = target.fence.effect(target.package)
        if moved:
            seen.append(moved)
        if target.build:
            seen.append(f"build {target.build.percent} %")
        if target.source_unchanged:
            seen.append("the source is unchanged")
        if target.verdict and target.goal is not None:
            seen.append(
                f"{target.verdict.installed} of {target.verdict.targeted} distribution points have version {target.goal}"
            )
        lines.append(f"{target.package.label}: {'; '.join(seen) or 'the provider has it under way'}")
    return lines


def resume_items(targets: Iterable[Target]) -> list[dict[str, Any]]:
    """What the option `resume` of a rerun takes, for every package of the task that was not skipped."""
    items = []
    for target in targets:
        if target.status == "skipped":
            continue
        if target.status == "joined" and not target.sent:
            items.append(_joined_item(target))
            continue
        fence = target.fence if target.sent and target.fence else Fence.of(target.package)
        item: dict[str, Any] = {
            "package_id": target.package.package_id,
            "version_before": fence.version,
            "last_refresh_before": fence.refreshed,
            "context_id": target.context_id if target.sent else None,
            "sent": target.sent,
        }
        if target.sent and not target.proven:
            item["answer_lost"] = True
        items.append(item)
    return items


def _joined_item(target: Target) -> dict[str, Any]:
    """For an action of somebody else that was waited for to its end: the rerun finds it done, and sends nothing."""
    return {
        "package_id": target.package.package_id,
        "version_before": target.package.source_version - 1,
        "last_refresh_before": "",
        "context_id": None,
        "sent": True,
    }


def diff(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Before and after, of the packages whose version changes or would change."""
    moved = [
        row
        for row in rows
        if row["source_version"]["after"] != row["source_version"]["before"] and row["status"] != "skipped"
    ]
    return {
        "before": {row["package_id"]: {"source_version": row["source_version"]["before"]} for row in moved},
        "after": {row["package_id"]: {"source_version": row["source_version"]["after"]} for row in moved},
    }


def failure_text(rows: Sequence[Mapping[str, Any]], items: Sequence[Mapping[str, Any]]) -> str:
    """The message of a failed task: what failed, what was left out, and the lines to add for the rerun."""
    failed = [row for row in rows if row["status"] == "failed"]
    left = [row for row in rows if row["status"] == "not_attempted"]
    parts = [f"{row['package_id']} ({row['name']}): {row['reason']}" for row in failed[:5]]
    if len(failed) > 5:
        parts.append(f"and {len(failed) - 5} more, see packages")
    told = f"{len(failed)} of {len(rows)} packages failed"
    if left:
        told += f", {len(left)} were not attempted ({left[0]['reason']})"
    head = (told + (": " + "; ".join(parts) if parts else "")).rstrip(".")
    if len(items) > MOST_LINES:  # a part of the list would send the others again
        more = f"take resume from the result of this task, where it has {len(items)} entries, and hand all of them to the option resume"
        return f"{head}. To go on without sending anything twice, {more}."
    lines = "\n".join(f"    - {json.dumps(item)}" for item in items)
    return f"{head}. To go on without sending anything twice, run the task again with these lines:\n  resume:\n{lines}"
