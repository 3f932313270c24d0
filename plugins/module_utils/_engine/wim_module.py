# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that reads the images inside a WIM on a share, before or without an object for it (GetImageProperties)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._provider.errors import OperationFailed, ProviderError
from .._wsman.errors import OutcomeUnknown
from .boot_wim import read_metadata
from .module import Task, run_task
from .options import UNC_PATH
from .wim import in_words

WIM_SPEC: dict[str, Any] = {
    "path": {"type": "str", "required": True},
    "type": {"type": "str", "default": "image_package", "choices": ["image_package", "boot_image"]},
}


def run_wim_info(classes: Mapping[str, str]) -> None:
    """The whole module `cm_wim_info`; `classes` has the WMI class of each choice of `type`."""
    run_task(WIM_SPEC, lambda task: wim_info(task, classes))


def wim_info(task: Task, classes: Mapping[str, str]) -> Mapping[str, Any]:
    """What the provider reads in the file. Raises ProviderError where it cannot."""
    path = UNC_PATH.check(task.params["path"], "path")
    site = task.site
    try:
        document = read_metadata(site, classes[task.params["type"]], path)
    except ProviderError as refused:
        refused.hint = (
            "The provider reads the file for the account: check the path and its rights on the share, and use a login that can be handed on "
            "(auth credssp, or kerberos with kerberos_delegation)"
        )
        raise
    except OutcomeUnknown as lost:
        lost.hint = (
            "A large WIM on a slow share takes long to read; operation_timeout allows longer, as far as the host does"
        )
        raise
    images = in_words(document)
    if not images:
        raise OperationFailed(
            f"The provider told nothing of images in {path}: {document[:200]!r}",
            where=site.where,
            hint="Check that it is a WIM file",
        )
    return {
        "changed": False,
        "images": images,
        "image_property": document,
        "requests": site.requests,
        "site_code": site.code,
    }
