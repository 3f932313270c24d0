# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A method call that passed the checks, and the table of the methods that the site carries out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..model import Caller, Value, WmiError, Work
from ..repository import Record
from ..security import Account, lacks_right
from ..world import Package, SiteInfo, Target, World
from .writes import not_found

if TYPE_CHECKING:
    from ..provider import SimulatedSite

Carried = Callable[["Call"], Work]
METHODS: dict[tuple[str, str], Carried] = {}


@dataclass(frozen=True)
class Call:
    """A method call that passed the checks: exact argument names, right types, an object the caller sees."""

    site: SimulatedSite
    here: SiteInfo
    caller: Caller
    account: Account
    class_name: str
    record: Record | None
    arguments: dict[str, Value]

    @property
    def world(self) -> World:
        """The world of the site."""
        return self.site.world

    @property
    def package(self) -> Package:
        """The package the method is called on. Raises `WmiError` when it is gone."""
        package = self.world.package(self.record.values["PackageID"]) if self.record is not None else None
        if package is None:
            raise not_found(self.class_name, "ExecMethod")
        return package

    def demand(self, operation: str, record: Record | None = None) -> None:
        """Raise the error of a missing right."""
        checked = record or self.record
        if checked is not None:
            self.account.demand(operation, checked, "ExecMethod")

    def lacks_right(self, operation: str) -> WmiError:
        """The error of a right that is missing for the class."""
        return lacks_right(self.caller.user, operation, self.class_name, "ExecMethod")

    def seen_package(self, package_id: Value) -> Package:
        """A package named in an argument, as far as the caller sees it."""
        package = self.world.package(package_id)
        if package is None or not self.site.view(self.account).sees(package.record):
            raise not_found(f'SMS_PackageBaseclass.PackageID="{package_id}"', "ExecMethod")
        return package

    def seen_target(self) -> Target:
        """The target named by the arguments PackageId and NALPath."""
        package = self.seen_package(self.arguments["PackageId"])
        target = package.targets.get(str(self.arguments["NALPath"]).lower())
        if target is None:
            raise not_found(f"{package.package_id}@{self.arguments['NALPath']}", "ExecMethod")
        return target


def method(*names: str) -> Callable[[Carried], Carried]:
    """Register for ``Class.Method`` names."""

    def register(carried: Carried) -> Carried:
        for name in names:
            class_name, method_name = name.lower().split(".")
            METHODS[(class_name, method_name)] = carried
        return carried

    return register
