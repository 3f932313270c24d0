# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first whole job: one package, refreshed once, with proof."""

from __future__ import annotations

from .lab import Lab


def test_a_package_is_refreshed_once_and_its_version_rises(lab: Lab) -> None:
    result = lab.refresh("PS100001")
    assert result.only["status"] == "refreshed"
    assert result.only["source_version"]["after"] > result.only["source_version"]["before"]
    assert result.changed
    assert lab.executions("PS100001") == 1
    assert len(lab.calls()) == 1
