# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A desk in front of a simulated site: no sockets, and a clock that moves by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from smsprovsim.model import Caller, CimClass, Instance, Work
from smsprovsim.provider import SimulatedSite
from smsprovsim.scenario import load

START = datetime(2026, 3, 2, 8, 0, tzinfo=timezone.utc)


class Desk:
    """Somebody who asks the site. Time stands still unless `advance` moves it."""

    def __init__(self, site: SimulatedSite, user: str, site_code: str) -> None:
        self.site = site
        self.caller: Caller = site.caller(user)
        self.namespace = f"root/sms/site_{site_code}"

    def as_user(self, user: str, site_code: str = "", **context: Any) -> Desk:
        """The same site, asked by another user or at another site."""
        desk = Desk(self.site, user, site_code or self.namespace[-3:])
        desk.caller = self.site.caller(user, **context)
        return desk

    def cim_class(self, name: str) -> CimClass:
        found = self.site.cim_class(self.namespace, name)
        assert found is not None, f"no class {name}"
        return found

    def rows(self, statement: str) -> list[dict[str, Any]]:
        return [row.values for row in self.site.query(self.caller, self.namespace, statement)]

    def column(self, statement: str) -> list[Any]:
        """The first column of the answer, sorted."""
        return sorted(next(iter(row.values())) for row in self.rows(statement))

    def get(self, class_name: str, **keys: str) -> dict[str, Any]:
        return self.site.get(self.caller, self.cim_class(class_name), keys).values

    def package(self, package_id: str) -> dict[str, Any]:
        class_name = self.site.world.packages[package_id.lower()].class_name
        return self.get(class_name, PackageID=package_id)

    def call(self, class_name: str, method: str, keys: dict[str, str] | None = None, **arguments: Any) -> Work:
        cim_class = self.cim_class(class_name)
        return self.site.invoke(self.caller, cim_class, cim_class.methods[method], keys, arguments)

    def put(self, package_id: str, **values: Any) -> Instance:
        class_name = self.site.world.packages[package_id.lower()].class_name
        return self.site.put(self.caller, self.cim_class(class_name), {"PackageID": package_id}, values)

    def create(self, class_name: str, **values: Any) -> Instance:
        return self.site.create(self.caller, self.cim_class(class_name), values)

    def change(self, **order: Any) -> None:
        """Something happens at the site that nobody here asked for."""
        self.site.changes.make(order)

    def finish(self, work: Work | None) -> None:
        """Let work come to its end, and a second more; raises the error that it ends with."""
        assert work is not None
        assert work.done_at is not None
        self.advance(work.done_at - self.site.clock.now() + 1)
        self.site.world.settle()
        if work.error is not None:
            raise work.error

    def refresh(self, package_id: str, **arguments: Any) -> Work:
        class_name = self.site.world.packages[package_id.lower()].class_name
        return self.call(class_name, "RefreshPkgSource", {"PackageID": package_id}, **arguments)

    def advance(self, seconds: float) -> None:
        self.site.clock.advance(seconds)

    def points(self, package_id: str) -> dict[str, tuple[int, int]]:
        """Short name of the distribution point to state and version, as the summarizer shows them."""
        statement = (
            "SELECT ServerNALPath, State, SourceVersion FROM SMS_PackageStatusDistPointsSummarizer "
            f"WHERE PackageID = '{package_id}'"
        )
        return {
            row["ServerNALPath"].rsplit("\\", 2)[1].split(".")[0]: (row["State"], row["SourceVersion"])
            for row in self.rows(statement)
        }

    def executions(self, method: str) -> dict[str, int]:
        counts: dict[str, int] = self.site.snapshot()["executions"].get(method, {})
        return counts


Seat = Callable[..., Desk]


@pytest.fixture
def seat() -> Seat:
    """Opens a desk: scenario, site code, user, and switches by name."""

    def open_desk(name: str, site_code: str = "PS1", user: str = "CONTOSO\\cmadmin", **switches: str) -> Desk:
        return Desk(load(name, speed=0, start=START, switches=switches), user, site_code)

    return open_desk


@pytest.fixture
def small(seat: Seat) -> Desk:
    return seat("small")


@pytest.fixture
def troubled(seat: Seat) -> Desk:
    return seat("troubled")


@pytest.fixture
def images(seat: Seat) -> Desk:
    return seat("images")
