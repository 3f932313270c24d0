# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site, and objects declared at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.converge import Converge
from ansible_collections.configmgr.content.plugins.module_utils._engine.image_module import image_spec, make_image
from ansible_collections.configmgr.content.plugins.module_utils._engine.image_state import result_of as image_result
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Resource
from ansible_collections.configmgr.content.plugins.module_utils._engine.state import (
    make_converge,
    result_of,
    state_spec,
)
from ansible_collections.configmgr.content.plugins.module_utils._provider.clock import Clock
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means, open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.context import ContextValues
from ansible_collections.configmgr.content.plugins.module_utils._wsman.transport import Endpoint

from smsprovsim.server import Server
from smsprovsim.world import Package

WRITES = ("Create", "Put", "Delete")
# Methods that only tell something.
READING = {"QueryOSDBinaryInjectionStatus", "GetImageProperties"}


class SimulatedTime(Clock):
    """The client's clock is the site's: to sleep is to move the site on."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._began = datetime.now(timezone.utc)
        self.after_sleep: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self._server.site.clock.now()

    def sleep(self, seconds: float) -> None:
        self._server.site.clock.advance(seconds)
        self.after_sleep()

    def utc(self) -> datetime:
        return self._began + timedelta(seconds=self.now())


class Declaring:
    """Runs what a state module runs, against one simulated site."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.warnings: list[str] = []
        self.program = "configmgr.content/0.1.0"
        self.named = 2  # how many names go into the audit trail
        self.clock = SimulatedTime(server)

    def means(self) -> Means:
        env = self.server.env
        endpoint = Endpoint(
            provider=env["CONFIGMGR_PROVIDER"],
            port=int(env["CONFIGMGR_PORT"]),
            scheme=env["CONFIGMGR_SCHEME"],
            auth=env["CONFIGMGR_AUTH"],
            username=env["CONFIGMGR_USERNAME"],
            password=env["CONFIGMGR_PASSWORD"],
        )
        context = ContextValues((("wmi:ApplicationName", self.program), ("wmi:MachineName", "AWX"))[: self.named])
        return Means(endpoint, clock=self.clock, context=context)

    def __call__(
        self,
        resource: Resource = IMAGE_PACKAGE,
        check: bool = False,
        between: Callable[[], None] | None = None,
        **given: Any,
    ) -> dict[str, Any]:
        """One task. `between` happens after the plan and before the write."""
        params = {name: entry.get("default") for name, entry in state_spec(resource).items()}
        unknown = sorted(set(given) - set(params))
        assert not unknown, f"no such options: {unknown}"
        params.update(given)
        task = make_converge(resource, params, lambda: open_site(self.means()), self.warnings.append, Converge)
        try:
            task.plan()
            if between is not None:
                between()
            if not check:
                task.carry_out()
            return result_of(task, carried_out=not check)
        finally:
            task.site.close()

    def package(self, package_id: str) -> Package:
        """A package as the site has it."""
        found = self.server.site.world.package(package_id)
        assert found is not None
        return found

    def values(self, package_id: str) -> dict[str, Any]:
        """What the site stores of a package."""
        return self.package(package_id).record.values

    def executions(self, what: str) -> dict[str, int]:
        """How often the site carried out such a write, by PackageID."""
        return self.server.site.executions().get(what, {})

    @property
    def written(self) -> int:
        """All writes that the site carried out."""
        return sum(sum(self.executions(each).values()) for each in WRITES)

    def writes_since(self, number: int) -> list[str]:
        """What is more than reading among the requests after so many, whatever came of it."""
        return [
            f"{each['verb']} {each['class']} {each['method']}".rstrip()
            for each in self.server.journal[number:]
            if each["verb"] in WRITES or (each["verb"] == "Invoke" and each["method"] not in READING)
        ]


class ImageDeclaring(Declaring):
    """Runs what `cm_image_package` runs."""

    def __call__(
        self,
        resource: Resource = IMAGE_PACKAGE,
        check: bool = False,
        between: Callable[[], None] | None = None,
        **given: Any,
    ) -> dict[str, Any]:
        params = {name: entry.get("default") for name, entry in image_spec(resource).items()}
        unknown = sorted(set(given) - set(params))
        assert not unknown, f"no such options: {unknown}"
        params.update(given)
        task = make_image(resource, REFRESH, RESOURCES, params, lambda: open_site(self.means()), self.warnings.append)
        try:
            task.plan()
            if between is not None:
                between()
            if not check:
                task.carry_out()
            return image_result(task, carried_out=not check)
        finally:
            task.site.close()

    @property
    def refreshed(self) -> dict[str, int]:
        """How often RefreshPkgSource was carried out, by PackageID."""
        return self.executions("RefreshPkgSource")


@pytest.fixture
def make_declare(begin_quietly: Callable[..., Server]) -> Callable[..., ImageDeclaring]:
    """Sites of the scenario `small`; time stands still unless the client sleeps."""
    return lambda **given: ImageDeclaring(begin_quietly(**{"scenario": "small", **given}))


@pytest.fixture
def declare(make_declare: Callable[..., ImageDeclaring]) -> ImageDeclaring:
    """One site of the scenario `small`."""
    return make_declare()


@pytest.fixture
def plain(begin_quietly: Callable[..., Server]) -> Declaring:
    """The scenario `small`, and the engine without what a class adds to it."""
    return Declaring(begin_quietly("small"))
