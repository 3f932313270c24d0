# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated site and a client on one logical clock: four hours of waiting take no time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import report
from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import Wanted
from ansible_collections.configmgr.content.plugins.module_utils._engine.operation import Earlier, Rules
from ansible_collections.configmgr.content.plugins.module_utils._engine.refresh import Refresh, Wish
from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import Asked
from ansible_collections.configmgr.content.plugins.module_utils._provider.clock import Clock
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means, Site, open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.context import ContextValues
from ansible_collections.configmgr.content.plugins.module_utils._wsman.transport import Endpoint

from smsprovsim.server import Server

# Real seconds that a test may take before it is ended as hanging.
LONGEST = 60


class SimulatedTime(Clock):
    """The client's clock is the site's: to sleep is to move the site on.

    Before time moves on, every build call has reached the site or has ended. So a busy machine changes no outcome.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._began = datetime.now(timezone.utc)
        self._waiting = 0
        clock = server.site.clock
        wait_until = clock.wait_until

        def counted(moment: float, cancelled: Any = None) -> None:
            self._waiting += clock.now() < moment
            try:
                wait_until(moment, cancelled)
            finally:
                self._waiting = max(0, self._waiting - 1)

        clock.wait_until = counted  # type: ignore[method-assign]

    def now(self) -> float:
        return self._server.site.clock.now()

    def sleep(self, seconds: float) -> None:
        main = threading.current_thread() is threading.main_thread()
        if main:
            self.settle()
        self._server.site.clock.advance(seconds)
        if main:
            self.settle()

    def settle(self) -> None:
        """Wait until the build calls stand still."""
        for _attempt in range(LONGEST * 50):
            calls = build_threads()
            if len(calls) <= self._waiting:
                return
            calls[0].join(0.002)

    def utc(self) -> datetime:
        return self._began + timedelta(seconds=self.now())


def build_threads() -> list[threading.Thread]:
    """The threads of build calls that still run."""
    return [each for each in threading.enumerate() if each.name.startswith("build ")]


class Lab:
    """One site, and tasks against it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clock = SimulatedTime(server)
        self.warnings: list[str] = []

    def means(self, **changes: Any) -> Means:
        """How to reach the simulated provider."""
        env = self.server.env
        endpoint = Endpoint(
            provider=env["CONFIGMGR_PROVIDER"],
            port=int(env["CONFIGMGR_PORT"]),
            scheme=env["CONFIGMGR_SCHEME"],
            auth=env["CONFIGMGR_AUTH"],
            username=env["CONFIGMGR_USERNAME"],
            password=env["CONFIGMGR_PASSWORD"],
            ca_cert=env["CONFIGMGR_CA_CERT"] or None,
        )
        if endpoint.auth == "kerberos":  # with the ticket of this process
            endpoint = replace(endpoint, username="", password="", kerberos_hostname="cm01.contoso.test")
        style = changes.pop("uri_style", "auto")
        context = changes.pop("context", None) or ContextValues()
        return Means(replace(endpoint, **changes), uri_style=style, clock=self.clock, context=context)

    def site(self, site_code: str | None = None, **changes: Any) -> Site:
        """An open session."""
        return open_site(self.means(**changes), site_code)

    def task(
        self,
        *package_ids: str,
        site: Site | None = None,
        wish: Mapping[str, Any] | None = None,
        only_look: bool = False,
        **rules: Any,
    ) -> Refresh:
        """A refresh, planned but not carried out."""
        fields = dict(wish or {})
        asked = fields.pop("asked", None) or Asked(package_ids=tuple(package_ids))
        wanted = rules.pop("wanted", None) or Wanted()
        task = Refresh(
            REFRESH,
            RESOURCES,
            site or self.site(),
            Wish(asked=asked, **fields),
            Rules(wanted=wanted, **rules),
            self.clock,
            self.warnings.append,
        )
        try:
            task.plan(only_look=only_look)
        except BaseException:
            task.close()
            raise
        return task

    def refresh(self, *package_ids: str, max_failed: tuple[float, bool] = (10, True), **options: Any) -> Result:
        """A whole refresh."""
        task = self.task(*package_ids, **options)
        try:
            task.allow_failures(max_failed)
            task.perform()
        finally:
            task.close()
        return Result(task)

    def resume(self, result: Result) -> dict[str, Earlier]:
        """What an earlier result hands to the next run."""
        return {item["package_id"]: Earlier(**item) for item in result.resume}

    def executions(self, package_id: str) -> int:
        """How often RefreshPkgSource was carried out on a package: the site's own count."""
        return int(self.server.site.executions().get("RefreshPkgSource", {}).get(package_id, 0))

    def calls(self, method: str = "RefreshPkgSource") -> list[dict[str, Any]]:
        """The calls of a method in the journal."""
        return [entry for entry in self.server.journal if entry["method"] == method]


class Result:
    """What came of a task, as the module would return it."""

    def __init__(self, task: Refresh) -> None:
        self.targets = task.targets
        self.requests = task.requests
        self.rows = {row["package_id"]: row for row in (report.package_row(target, True) for target in task.targets)}
        self.summary = report.summary(self.rows.values())
        self.evidence = report.evidence(task.targets)
        self.resume = report.resume_items(task.targets)
        self.changed = any(target.changed for target in task.targets)

    def __getitem__(self, package_id: str) -> dict[str, Any]:
        return self.rows[package_id]

    @property
    def only(self) -> dict[str, Any]:
        """The row of the one package."""
        (row,) = self.rows.values()
        return row
