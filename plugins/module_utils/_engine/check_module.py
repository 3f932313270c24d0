# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that checks the connection: its options, and its work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import check
from .check_share import checked_path
from .check_steps import STEPS
from .module import Task, connection_spec, run_task


def connection_check_spec() -> dict[str, Any]:
    """The argument_spec of checking the connection."""
    spec = connection_spec()
    spec.update(
        share_path={"type": "str"},
        try_all={"type": "bool", "default": False},
        fail={"type": "bool", "default": True},
        report={"type": "path"},
        report_site_names={"type": "bool", "default": False},
    )
    return spec


def run_connection_check() -> None:
    """The whole module `cm_connection_check`."""
    run_task(connection_check_spec(), connection_check)


def connection_check(task: Task) -> Mapping[str, Any]:
    """What `cm_connection_check` does. It opens its sessions itself."""
    params = task.params
    visit = check.Visit(
        means=task.means,
        site_code=params["site_code"],
        share_path=checked_path(params["share_path"]),
        try_all=params["try_all"],
        report=None if task.check_mode else params["report"],
        report_site_names=params["report_site_names"],
    )
    try:
        looked = check.run(STEPS, visit)
        result: dict[str, Any] = {"changed": False, **check.result(visit, looked)}
    finally:
        visit.close()
    if params["fail"] and not result["ok"]:
        result.update(failed=True, msg=check.message(looked))
    return result
