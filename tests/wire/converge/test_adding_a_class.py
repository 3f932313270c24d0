# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page "Adding a package class": its declaration, word for word, is all that a state module of a new class needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.plan import BY_THE_SITE
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Resource
from ansible_collections.configmgr.content.plugins.module_utils._engine.state import state_spec

from .conftest import Declaring

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "develop" / "adding_a_package_class.md"
PACKAGE = "ansible_collections.configmgr.content.plugins.module_utils._content"
NEW: dict[str, Any] = {"name": "Upgrade", "source_path": r"\\files01.contoso.test\images$\win11-setup"}


@pytest.fixture(scope="module")
def declared() -> Resource:
    """What the first example of the page declares."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    scope: dict[str, Any] = {"__package__": PACKAGE, "__name__": f"{PACKAGE}.operating_system_install_package"}
    exec(compile(blocks[0], str(PAGE), "exec"), scope)
    resource: Resource = scope["OPERATING_SYSTEM_INSTALL_PACKAGE"]
    assert "refresh_schedule" not in state_spec(resource)  # read-only in this class
    return resource


def test_the_example_of_the_module_is_one_call() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    compile(blocks[1], str(PAGE), "exec")
    assert "run_resource(OPERATING_SYSTEM_INSTALL_PACKAGE)" in blocks[1]
    assert len(blocks[0].splitlines()) < 60


def test_the_twelve_steps_of_a_class_that_was_only_declared(plain: Declaring, declared: Resource) -> None:
    def steps(**given: Any) -> dict[str, Any]:
        """In check mode first, then for real."""
        written = plain.written
        predicted = plain(declared, check=True, **given)
        assert plain.written == written
        done = plain(declared, **given)
        assert (plain.written > written) == done["changed"] == predicted["changed"]
        after = {
            name: done["package_id"] if value == BY_THE_SITE else value
            for name, value in predicted["diff"]["after"].items()
        }
        assert done["diff"] == {"before": predicted["diff"]["before"], "after": after}
        return done

    made = steps(**NEW)
    assert made["action"] == "create"
    assert not steps(**NEW)["changed"]
    changes: dict[str, Any] = {
        "description": 'Every <kind> & "more"',
        "priority": "high",
        "persist_in_client_cache": True,
        "version": "24H2",
    }
    assert steps(**NEW, **changes)["action"] == "update"
    assert not steps(**NEW, **changes)["changed"]
    plain.server.site.clock.advance(24 * 3600)
    assert steps(name=NEW["name"], state="absent")["action"] == "delete"
    assert not steps(name=NEW["name"], state="absent")["changed"]
    assert [plain.executions(each) for each in ("Create", "Put", "Delete")] == [{made["package_id"]: 1}] * 3
