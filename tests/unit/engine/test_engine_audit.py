# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names for the site's audit trail: what is told of program, job and machine."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import audit
from ansible_collections.configmgr.content.plugins.module_utils._engine.audit import VERSION, audit_values

PROGRAM, MACHINE = "wmi:ApplicationName", "wmi:MachineName"
AWX = {"AWX_HOST": "https://awx.contoso.com:8043/", "JOB_ID": "4711"}


@pytest.fixture(autouse=True)
def no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_CONTAINER_MARKS", ())


@pytest.mark.parametrize("asked", [None, "", "  "])
def test_the_program_is_this_collection_unless_told_otherwise(asked: str | None) -> None:
    assert dict(audit_values(asked, {})) == {PROGRAM: f"configmgr.content/{VERSION}", MACHINE: platform.node()}
    assert dict(audit_values(" patching ", {}))[PROGRAM] == "patching"


@pytest.mark.parametrize("asked", ["none", "NONE", " none "])
def test_nothing_is_told_if_so_asked(asked: str) -> None:
    assert audit_values(asked, AWX) == ()


def test_a_job_of_awx_tells_its_number_and_the_controller() -> None:
    told = dict(audit_values(None, AWX))
    assert told == {PROGRAM: f"configmgr.content/{VERSION} job 4711", MACHINE: "awx.contoso.com"}


def test_another_schedulers_job_number_is_not_told() -> None:
    assert "job" not in dict(audit_values(None, {"JOB_ID": "4711"}))[PROGRAM]


def test_the_name_of_a_container_is_not_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert MACHINE not in dict(audit_values(None, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}))
    mark = tmp_path / "containerenv"
    mark.touch()
    monkeypatch.setattr(audit, "_CONTAINER_MARKS", (str(mark),))
    assert MACHINE not in dict(audit_values(None, {}))
    assert dict(audit_values(None, AWX))[MACHINE] == "awx.contoso.com"


def test_the_version_is_the_collections_own() -> None:
    galaxy = Path(__file__).resolve().parents[3] / "galaxy.yml"
    assert f"\nversion: {VERSION}\n" in galaxy.read_text()
