# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that wrote something and failed after it says what, so that nobody takes it for one that did nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.modules import cm_content_notification, cm_image_package
from module_run import run

from .conftest import ImageDeclaring
from .states import IMAGE, PACKAGE


def options(declare: ImageDeclaring, **given: Any) -> dict[str, Any]:
    """Module options for the simulated site."""
    env = declare.server.env
    names = ("provider", "port", "scheme", "auth", "username", "password")
    return {**{name: env[f"CONFIGMGR_{name.upper()}"] for name in names}, "site_code": "PS1", **given}


def notify(declare: ImageDeclaring, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return run(cm_content_notification.main, options(declare, package_ids=[IMAGE, PACKAGE]), capsys)


def test_what_was_done_before_a_refusal_is_told(make_declare: Any, capsys: pytest.CaptureFixture[str]) -> None:
    declare = make_declare(scenario="images")
    declare.server.add_fault(verb="Invoke", action="http", status=403, skip=1)
    result = notify(declare, capsys)
    (done,) = declare.executions("AddChangeNotification")
    assert (result["rc"], result["changed"]) == (1, True)
    assert result["error"]["carried_out"] == [f"AddChangeNotification of SMS_ImagePackage {IMAGE}"]
    assert f"Carried out before it failed: AddChangeNotification of SMS_ImagePackage {IMAGE}." in result["msg"]
    assert "perhaps_carried_out" not in result["error"]
    assert done == IMAGE


def test_what_may_have_been_done_is_told(make_declare: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The write was carried out and its answer lost; then nothing could be read any more."""
    declare = make_declare(scenario="images")
    declare.server.add_fault(verb="Put", action="cut_after")
    declare.server.add_fault(verb="Get", action="http", status=403, skip=1, times=None)
    result = run(cm_image_package.main, options(declare, package_id=IMAGE, description="x"), capsys)
    assert declare.executions("Put") == {IMAGE: 1}
    assert (result["rc"], result["changed"]) == (1, False)
    assert result["error"]["kind"] != "outcome_unknown"
    assert result["error"]["perhaps_carried_out"] == [f"change of SMS_ImagePackage {IMAGE}"]
    assert f"Perhaps carried out, as its answer was lost: change of SMS_ImagePackage {IMAGE}." in result["msg"]


def test_a_task_that_did_nothing_says_nothing(make_declare: Any, capsys: pytest.CaptureFixture[str]) -> None:
    declare = make_declare(scenario="images")
    declare.server.add_fault(verb="Invoke", action="http", status=403)
    result = notify(declare, capsys)
    assert (result["rc"], result["changed"]) == (1, False)
    assert not {"carried_out", "perhaps_carried_out"} & set(result["error"])
    assert declare.executions("AddChangeNotification") == {}
