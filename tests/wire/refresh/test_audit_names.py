# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names for the site's audit trail: sent with every request, and done without where a host refuses them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._wsman.context import ContextValues

from .conftest import MakeLab
from .lab import Lab

NAMES = (("wmi:ApplicationName", "configmgr.content/1 job 42"), ("wmi:MachineName", "CTRL01"))


def refreshed(lab: Lab, context: ContextValues) -> Any:
    return lab.refresh("PS100001", site=lab.site(context=context))


def test_the_audit_message_of_a_refresh_names_program_and_machine(lab: Lab) -> None:
    plain = refreshed(lab, ContextValues()).requests
    assert refreshed(lab, ContextValues(NAMES)).requests == plain
    anonymous, named = [row for row in lab.server.site.snapshot()["audit"] if row["id"] == 30068]
    assert (anonymous["application"], anonymous["machine"]) == ("Unknown", "Unknown")
    assert (named["application"], named["machine"]) == ("configmgr.content/1 job 42", "CTRL01")


@pytest.mark.parametrize("refusal", ["refused", "invalid"])
def test_a_host_that_refuses_the_names_gets_one_more_request_and_the_task_a_warning(
    make_lab: MakeLab, refusal: str
) -> None:
    lab = make_lab(switches={"context_options": refusal})
    plain = refreshed(lab, ContextValues()).requests
    warned: list[str] = []
    result = refreshed(lab, ContextValues(NAMES, warned.append))
    assert result.only["status"] == "refreshed"
    assert result.requests == plain + 1
    assert len(warned) == 1
    assert lab.executions("PS100001") == 2
