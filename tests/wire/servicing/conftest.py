# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with images and updates, and what services them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import module as engine_module
from ansible_collections.configmgr.content.plugins.module_utils._engine import servicing, servicing_module
from ansible_collections.configmgr.content.plugins.module_utils._engine.module import Task, connection_spec
from ansible_collections.configmgr.content.plugins.module_utils._provider.clock import Clock
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site

from smsprovsim.server import Server

WIN10, UPGRADE, BOOT = "PS100009", "PS10000B", "PS100004"
CUMULATIVE, STACK, BROKEN, OTHER = 16778000, 16778001, 16778002, 16778003


class SiteClock(Clock):
    """The client's clock is the site's: to sleep is to move the site on."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._began = server.site.world.start.replace(tzinfo=timezone.utc)
        self.after_sleep: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self._server.site.clock.now()

    def sleep(self, seconds: float) -> None:
        self._server.site.clock.advance(seconds)
        self.after_sleep()

    def utc(self) -> datetime:
        return self._began + timedelta(seconds=self.now())


class Place:
    """One simulated site."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.warnings: list[str] = []
        self.account: dict[str, str] = {}
        self.clock = SiteClock(server)
        monkeypatch.setattr(
            engine_module, "open_site", lambda means, code: open_site(replace(means, clock=self.clock), code)
        )

    def service(self, name: str = "November", check: bool = False, **options: Any) -> dict[str, Any]:
        """What cm_offline_servicing returns."""
        if options.get("state") != "cancelled":
            options.setdefault("images", [WIN10])
            if "applicable_updates" not in options:
                options.setdefault("updates", [str(CUMULATIVE), str(STACK)])
        return self._work(servicing_module.work, servicing_module.SERVICING_SPEC, check, {"name": name, **options})

    def info(self, **options: Any) -> dict[str, Any]:
        """What cm_offline_servicing_info returns."""
        return self._work(servicing.work, servicing.INFO_SPEC, False, options)

    def _work(
        self, work: Callable[[Task], dict[str, Any]], spec: dict[str, Any], check: bool, options: dict[str, Any]
    ) -> dict[str, Any]:
        env = self.server.env
        unknown = sorted(set(options) - set(spec))
        assert not unknown, f"no such options: {unknown}"
        params = {name: entry.get("default") for name, entry in {**connection_spec(), **spec}.items()}
        params.update(
            provider=env["CONFIGMGR_PROVIDER"],
            port=int(env["CONFIGMGR_PORT"]),
            scheme=env["CONFIGMGR_SCHEME"],
            auth=env["CONFIGMGR_AUTH"],
            username=env["CONFIGMGR_USERNAME"],
            password=env["CONFIGMGR_PASSWORD"],
            audit_name="none",
            **options,
        )
        params.update(self.account)
        task = Task(params, check, self.warnings.append)
        try:
            return work(task)
        finally:
            task.close()

    @property
    def executions(self) -> dict[str, dict[str, int]]:
        """How often the site carried out what, by object."""
        found: dict[str, dict[str, int]] = self.server.site.snapshot()["executions"]
        return found

    def runs(self) -> int:
        """How many runs of jobs have ended."""
        return sum(self.executions.get("ServicingRun", {}).values())

    def woken(self) -> int:
        """How often the manager was woken."""
        return sum(self.executions.get("RunOfflineServicingManager", {}).values())

    def rows(self, class_name: str) -> list[dict[str, Any]]:
        """All objects of a class about servicing, at the site."""
        return [dict(each.values) for each in self.server.site.world.repository.stored(class_name).records.values()]

    def writes(self) -> list[tuple[str, str]]:
        """Verb and class (or method) of everything that was to change something."""
        return [
            (entry["verb"], entry["method"] or entry["class"])
            for entry in self.server.journal
            if entry["verb"] in ("Create", "Put", "Delete", "Invoke")
        ]

    def forget(self) -> None:
        """Begin the journal anew."""
        self.server.reset(clear=("journal",))


MakePlace = Callable[..., Place]


@pytest.fixture
def make_place(begin_quietly: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> MakePlace:
    """Start simulated sites; they stop with the test. Time stands still unless the client sleeps."""
    return lambda scenario="images", **options: Place(begin_quietly(scenario, **options), monkeypatch)


@pytest.fixture
def place(make_place: MakePlace) -> Place:
    """The scenario `images`."""
    return make_place()
