# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated site and somebody who checks the connection to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.configmgr.content.plugins.module_utils._engine import check
from ansible_collections.configmgr.content.plugins.module_utils._engine.check import Visit
from ansible_collections.configmgr.content.plugins.module_utils._engine.check_steps import STEPS
from ansible_collections.configmgr.content.plugins.module_utils._provider.clock import Clock
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means
from ansible_collections.configmgr.content.plugins.module_utils._wsman.endpoint import Endpoint

from smsprovsim.server import Server

ADMIN = {"domain": "CONTOSO", "user": "cmadmin", "password": "Str0ng-pass", "rights": "all"}
IMAGE = "\\\\files01.contoso.test\\images$\\boot.wim"
FOLDER = "\\\\files01.contoso.test\\drivers$\\laptop"
PLAIN_SITE: dict[str, Any] = {
    "sites": [{"code": "PS1", "name": "Contoso Primary", "server": "cm01.contoso.test"}],
    "accounts": [ADMIN],
    "packages": [{"id": "PS100001", "class": "SMS_Package", "name": "Reader", "source": "\\\\files01\\src\\reader"}],
}
# What a check may ask for, the report included; these methods only read.
READING_VERBS = {"Get", "Enumerate", "Pull", "Release", "Identify"}
READING_METHODS = {"GetImageProperties", "CheckSourceFolder", "GetCurrentUser"}


class ShiftedClock(Clock):
    """The clock of this machine, so many seconds ahead. Nobody waits for it."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._ahead = timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        pass

    def utc(self) -> datetime:
        return datetime.now(timezone.utc) + self._ahead


class Report:
    """What came of one check."""

    def __init__(self, visit: Visit, result: dict[str, Any], message: str) -> None:
        self.visit = visit
        self.result = result
        self.message = message
        self.by_name = {each["name"]: each for each in result["steps"]}

    @property
    def failed(self) -> list[str]:
        """Names of the steps that failed, in order."""
        return [each["name"] for each in self.result["steps"] if each["status"] == "failed"]

    @property
    def warned(self) -> list[str]:
        """Names of the steps with a warning."""
        return [each["name"] for each in self.result["steps"] if each["status"] == "warning"]

    def status(self, name: str) -> str:
        """What came of one step."""
        return str(self.by_name[name]["status"])

    def text(self) -> str:
        """All that a user could read."""
        return f"{self.result} {self.message}"


class Visitor:
    """Checks the connection to one simulated site."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def means(self, *, user: str = "cmadmin", clock: Clock | None = None, **changes: Any) -> Means:
        """How to reach the site as one of its accounts."""
        env = self.server.env
        account = next(each for each in self.server.accounts if each.user == user)
        endpoint = Endpoint(
            provider=env["CONFIGMGR_PROVIDER"],
            port=int(env["CONFIGMGR_PORT"]),
            scheme=env["CONFIGMGR_SCHEME"],
            auth=env["CONFIGMGR_AUTH"],
            username=account.principal,
            password=account.password,
            ca_cert=env["CONFIGMGR_CA_CERT"] or None,
            connect_timeout=5.0,
        )
        return Means(replace(endpoint, **changes), clock=clock or ShiftedClock())

    def check(
        self,
        *,
        site_code: str | None = None,
        share_path: str | None = None,
        try_all: bool = False,
        **changes: Any,
    ) -> Report:
        """Run every step, and hold what was asked of the site to what a check may ask."""
        visit = Visit(self.means(**changes), site_code, share_path, try_all)
        try:
            looked = check.run(STEPS, visit)
            report = Report(visit, check.result(visit, looked), check.message(looked))
        finally:
            visit.close()
        self.assert_only_read()
        assert not visit.endpoint.password or visit.endpoint.password not in report.text()
        for step in report.result["steps"]:
            # A failure without a next step would leave somebody alone.
            assert (step["detail"] and step["next_step"]) or step["status"] in ("ok", "skipped"), step
            assert step["seen"] or step["status"] != "ok", step
        return report

    def assert_only_read(self) -> None:
        """Nothing in the journal could have changed anything."""
        for entry in self.server.journal:
            assert entry["verb"] in READING_VERBS or entry["method"] in READING_METHODS, entry
        assert self.server.site.snapshot()["executions"] == {}
