# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with boot images, drivers and WIM files, and boot images declared at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_module import (
    boot_spec,
    make_boot_image,
    result_of,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_state import BootImage
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Resource
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means, open_site
from converge.conftest import Declaring

from smsprovsim.server import Server


class BootDeclaring(Declaring):
    """Runs what `cm_boot_image` runs, against one simulated site."""

    def __call__(
        self,
        resource: Resource = BOOT_IMAGE,
        check: bool = False,
        between: Callable[[], None] | None = None,
        **given: Any,
    ) -> dict[str, Any]:
        params = {name: entry.get("default") for name, entry in boot_spec(resource).items()}
        unknown = sorted(set(given) - set(params))
        assert not unknown, f"no such options: {unknown}"
        params.update(given)
        task = self.task(params)
        try:
            task.plan()
            if between is not None:
                between()
            if not check:
                task.carry_out()
            return result_of(task, not check, params["list_used_by"])
        finally:
            task.site.close()

    user: tuple[str, str] | None = None

    def means(self) -> Means:
        """How to reach the site, as the account of the scenario or as `user`."""
        means = super().means()
        if self.user is None:
            return means
        return replace(means, endpoint=replace(means.endpoint, username=self.user[0], password=self.user[1]))

    def task(self, params: dict[str, Any]) -> BootImage:
        """A task that has not begun."""
        return make_boot_image(BOOT_IMAGE, REFRESH, params, lambda: open_site(self.means()), self.warnings.append)

    # -- the site --------------------------------------------------------------------------------------------------

    @property
    def refreshed(self) -> dict[str, int]:
        """How often RefreshPkgSource was carried out, by PackageID."""
        return self.executions("RefreshPkgSource")

    @property
    def built(self) -> dict[str, int]:
        """How often an image was built with success, by PackageID."""
        return self.executions("BootImageBuild")

    def values(self, package_id: str) -> dict[str, Any]:
        """What the site stores of a package."""
        found = self.server.site.world.package(package_id)
        assert found is not None
        return found.record.values

    def contents(self, package_id: str) -> Any:
        """What is in the built copy of a boot image."""
        found = self.server.site.world.package(package_id)
        assert found is not None
        return found.built

    @property
    def contexts(self) -> list[str]:
        """The ContextIDs of which the provider keeps a record."""
        known = self.server.site.snapshot()["contexts"]
        assert isinstance(known, list)
        return known

    def settle(self, hours: float = 24.0) -> None:
        """Let the site finish what it is at."""
        self.server.site.clock.advance(hours * 3600)
        self.server.site.snapshot()

    def upgrade(self, *, kit: str | None = None, client: str | None = None) -> None:
        """A newer deployment kit, or a newer site with its client."""
        world = self.server.site.world
        with world.lock:
            site = world.sites["PS1"]
            world.sites["PS1"] = replace(
                site, kit_version=kit or site.kit_version, client_version=client or site.client_version
            )
            row = world.repository.stored("SMS_Site").find("PS1")
            if client and row is not None:
                row.values["Version"] = client

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The calls of a method in the journal."""
        return [entry for entry in self.server.journal if entry["method"] == method]


MakeBoot = Callable[..., BootDeclaring]


@pytest.fixture
def make_boot(begin_quietly: Callable[..., Server]) -> MakeBoot:
    """Makes sites; time stands still unless the client sleeps."""
    return lambda scenario="images", **switches: BootDeclaring(begin_quietly(scenario, switches=switches))


@pytest.fixture
def boot(make_boot: MakeBoot) -> BootDeclaring:
    """The scenario `images`, every switch at its default."""
    return make_boot()
