# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks, for the site's audit messages; without it they say "Unknown" (behaviour 7, 8; wire S-10)."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from urllib.parse import urlsplit

VERSION = "0.1.0"
NOBODY = "none"
# Where container engines tell a process that it is in one. Kubernetes tells it by a variable.
_CONTAINER_MARKS = ("/run/.containerenv", "/.dockerenv")
_KUBERNETES = "KUBERNETES_SERVICE_HOST"
# AWX sets both in a job's environment. JOB_ID alone may be any other scheduler's.
_AWX, _AWX_JOB = "AWX_HOST", "JOB_ID"


def audit_values(asked: str | None, environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The context values for a task; `asked` None is this collection with its version, "none" is nothing."""
    name = f"configmgr.content/{VERSION}" if asked is None or not asked.strip() else asked.strip()
    if name.lower() == NOBODY:
        return ()
    job = job_of(environment)
    if job:
        name = f"{name} job {job}"
    machine = _machine(environment)
    return (("wmi:ApplicationName", name), *((("wmi:MachineName", machine),) if machine else ()))


def job_of(environment: Mapping[str, str]) -> str:
    """The number of the AWX job, empty outside of AWX."""
    return environment.get(_AWX_JOB, "") if environment.get(_AWX) else ""


def _machine(environment: Mapping[str, str]) -> str:
    """The machine an administrator knows: AWX's, or this one; none where it is a container, whose name tells nobody anything."""
    controller = urlsplit(environment.get(_AWX, "")).hostname
    if controller:
        return controller
    if environment.get(_KUBERNETES) or any(os.path.exists(mark) for mark in _CONTAINER_MARKS):
        return ""
    return platform.node()
