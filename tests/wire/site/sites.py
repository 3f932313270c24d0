# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated site, and sessions on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.configmgr.content.plugins.module_utils._engine.fidelity import make_report
from ansible_collections.configmgr.content.plugins.module_utils._engine.site_info import SiteReader
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means, Site, open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.endpoint import Endpoint

from smsprovsim.server import Server

# What reading may call: methods that only tell something.
READING_METHODS = {"GetCurrentUser", "GetProviderVersion"}
READING_VERBS = {"Get", "Enumerate", "Pull", "Release", "Identify", "Invoke"}


class Place:
    """One simulated site."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._open: list[Site] = []

    def site(self, site_code: str | None = None, **account: str) -> Site:
        """An open session, of the default account or another."""
        env = self.server.env
        endpoint = Endpoint(
            provider=env["CONFIGMGR_PROVIDER"],
            port=int(env["CONFIGMGR_PORT"]),
            scheme=env["CONFIGMGR_SCHEME"],
            auth=env["CONFIGMGR_AUTH"],
            username=account.get("username", env["CONFIGMGR_USERNAME"]),
            password=account.get("password", env["CONFIGMGR_PASSWORD"]),
            ca_cert=env["CONFIGMGR_CA_CERT"] or None,
        )
        self._open.append(open_site(Means(endpoint), site_code))
        return self._open[-1]

    def info(self, site_code: str | None = None, **account: str) -> dict[str, Any]:
        """What cm_site_info returns."""
        return SiteReader(self.site(site_code, **account)).read()

    def report(self, names: bool = False, site_code: str | None = None) -> dict[str, Any]:
        """A fidelity report."""
        return make_report(self.site(site_code), names)[0]

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """The assumptions of a report, by name."""
        return {each["name"]: each for each in self.report()["assumptions"]}

    def changes(self) -> list[dict[str, Any]]:
        """Journal entries of what is no reading."""
        return [
            entry
            for entry in self.server.journal
            if entry["verb"] not in READING_VERBS
            or (entry["verb"] == "Invoke" and entry["method"] not in READING_METHODS)
        ]

    def close(self) -> None:
        """End the sessions and the site."""
        for site in self._open:
            site.close()
        self.server.stop()


MakePlace = Callable[..., Place]
