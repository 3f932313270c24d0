# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes at the site that no client asked for: a colleague in the console, a new kit, another file on a share.

They leave the traces they would leave, a new SedoObjectVersion and an audit message, and count as nobody's execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..model import Caller, WmiError
from ..scenario_images import add_updates, described, driver_values, source_of, typed_value
from ..world import Package, World
from .injection import STAGES, Failure
from .locks import Lock

if TYPE_CHECKING:
    from ..provider import SimulatedSite

COLLEAGUE = "CONTOSO\\colleague"
MACHINE = "WS0815"
_CONTEXT = "0b1c6a52-3f0d-4b0e-9a53-1f5f0f3f0c11"


class BadChange(ValueError):
    """A change that cannot be made."""


class Changes:
    """Makes changes by orders: mappings with one of the words of `ORDERS`, and what belongs to it."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site

    @property
    def _world(self) -> World:
        return self._site.world

    def make(self, order: Mapping[str, Any]) -> None:
        """Carry out one order. Raises `BadChange`."""
        words = [word for word in ORDERS if word in order]
        if len(words) != 1:
            raise BadChange(f"a change has one of {', '.join(ORDERS)}")
        carry_out, optional = ORDERS[words[0]]
        unknown = set(order) - {words[0], *optional}
        if unknown:
            raise BadChange(
                f"{words[0]} takes {', '.join(optional) or 'nothing more'}, not {', '.join(sorted(unknown))}"
            )
        with self._world.lock:
            self._world.settle()
            carry_out(self, order)

    def _package(self, package_id: Any) -> Package:
        package = self._world.package(package_id)
        if package is None:
            raise BadChange(f"there is no package {package_id}")
        return package

    @staticmethod
    def _who(order: Mapping[str, Any]) -> Caller:
        return Caller(
            str(order.get("user", COLLEAGUE)),
            {"MachineName": order.get("machine", MACHINE), "ApplicationName": "Microsoft.ConfigurationManagement.exe"},
        )

    # --- objects ---

    def put(self, order: Mapping[str, Any]) -> None:
        """Somebody changes properties of a package."""
        package = self._package(order["put"])
        definition = package.record.definition
        typed = {}
        for name, value in order.get("values", {}).items():
            if name not in definition.properties:
                raise BadChange(f"{definition.name} has no property {name}")
            typed[name] = typed_value(self._world.repository, definition.properties[name].type, value)
        try:
            package.record.values.update(self._world.repository.checked(definition, typed, "PutInstance"))
        except WmiError as error:
            raise BadChange(error.message) from error
        self._site.writes.schedules.arm(package)
        self._leave_traces(package, 30001, order)

    def _leave_traces(self, package: Package, number: int, order: Mapping[str, Any]) -> None:
        package.record.values["SedoObjectVersion"] = self._site.writes.new_stamp()
        self._world.record_audit(number, self._who(order), package.owner, package.package_id)

    def delete(self, order: Mapping[str, Any]) -> None:
        """Somebody deletes a package."""
        package = self._package(order["delete"])
        self._world.record_audit(30002, self._who(order), package.owner, package.package_id)
        self._site.distribution.of(package).delete(package)

    def refresh(self, order: Mapping[str, Any]) -> None:
        """Somebody updates the distribution points of a package."""
        package = self._package(order["refresh"])
        self._world.record_audit(30068, self._who(order), package.owner, package.package_id)
        if package.class_name == "SMS_BootImagePackage":
            self._site.boot_images.rebuild(package, self._world.sites[package.owner], None)
        else:
            self._site.distribution.refresh(package, package.owner)

    # --- locks ---

    def lock(self, order: Mapping[str, Any]) -> None:
        """Somebody opens a package for editing, `minutes` ago; with `site` alone its lock belongs to that site."""
        package = self._package(order["lock"])
        path, code = package.record.path(), str(order.get("site", package.owner))
        if "site" in order:
            self._site.locks.keep_at(path, code)
            if "user" not in order:
                return
        who = self._who(order)
        ago = 60.0 * float(order.get("minutes", 0))
        taken = self._world.now - ago
        machine = str(who.context["MachineName"])
        context = str(order.get("context", _CONTEXT))
        self._site.locks.hold(path, Lock(who.user, context, machine, code, self._world.date(taken), taken))

    def unlock(self, order: Mapping[str, Any]) -> None:
        """Whoever edits a package closes it without a change."""
        self._site.locks.free(self._package(order["unlock"]).record.path())

    # --- the site ---

    def upgrade(self, order: Mapping[str, Any]) -> None:
        """Another kit on the provider host of a site (empty: it is removed), or an update of the site with its client."""
        code = str(order["upgrade"])
        if code not in self._world.sites:
            raise BadChange(f"there is no site {code}")
        site = self._world.sites[code]
        if "kit" in order:
            version = str(order["kit"] or "")
            site = replace(
                site,
                deployment_kit=bool(version),
                kit_version=version or site.kit_version,
                winpe_version=str(order.get("winpe", "")),
            )
        if "client" in order:
            site = replace(site, client_version=str(order["client"]))
        self._world.sites[code] = site
        if "client" in order:
            self._show_version(code, str(order["client"]))
            self._site.boot_images.renew_default_images(site)  # behaviour 94

    def _show_version(self, code: str, version: str) -> None:
        if self._world.switches["client_version"] != "of_the_site":  # ASSUMED: client_version
            return
        build = int(version.split(".")[2])
        for class_name, version_name, build_name in (
            ("SMS_Site", "Version", "BuildNumber"),
            ("SMS_Identification", "SMSVersion", "SMSBuildNumber"),
        ):
            record = self._world.repository.stored(class_name).find(code)
            if record is not None:
                record.values.update({version_name: version, build_name: build})

    def driver(self, order: Mapping[str, Any]) -> None:
        """A driver of the catalogue is added, or becomes another; the entry is as in a scenario."""
        values = driver_values(order["driver"])
        table = self._world.repository.stored("SMS_Driver")
        old = table.find(values["CI_ID"])
        if old is None:
            table.add(values)
        else:
            old.values.update(values)

    def update(self, order: Mapping[str, Any]) -> None:
        """A software update is added, or becomes another; the entry is as in a scenario."""
        add_updates(self._site.servicing, [order["update"]], self._world)

    # --- shares ---

    def wim(self, order: Mapping[str, Any]) -> None:
        """Another WIM file at a path, as a scenario describes one; `gone`: none."""
        path = str(order["wim"]).lower()
        self._world.note_change(path)
        self._world.wims.pop(path, None)
        if not order.get("gone"):
            self._world.wims[path] = described(order)

    def source(self, order: Mapping[str, Any]) -> None:
        """What lies at a path, and whom the share lets read, as in a scenario."""
        source = source_of(order)
        self._world.sources[str(order["source"]).rstrip("\\").lower()] = source
        if source.changed:
            self._world.note_change(str(order["source"]))

    # --- trouble ---

    def trouble(self, order: Mapping[str, Any]) -> None:
        """The next boot image build fails in this stage (from 0)."""
        stage = int(order["trouble"])
        if not 0 <= stage < len(STAGES):
            raise BadChange(f"a build has stages 0 to {len(STAGES) - 1}")
        text = str(order.get("text", "The mount filter failed"))
        self._site.boot_images.troubles.append(
            Failure(stage, int(order.get("code", 1450)), text, str(order.get("culprit", "")))
        )


# Word -> what carries it out, and what may stand beside the word.
ORDERS: dict[str, tuple[Callable[[Changes, Mapping[str, Any]], None], Iterable[str]]] = {
    "put": (Changes.put, ("values", "user", "machine")),
    "delete": (Changes.delete, ("user", "machine")),
    "refresh": (Changes.refresh, ("user", "machine")),
    "lock": (Changes.lock, ("user", "machine", "context", "minutes", "site")),
    "unlock": (Changes.unlock, ()),
    "upgrade": (Changes.upgrade, ("kit", "winpe", "client")),
    "driver": (Changes.driver, ()),
    "update": (Changes.update, ()),
    "wim": (Changes.wim, ("winpe", "kit", "version", "edited", "images", "gone")),
    "source": (Changes.source, ("problem", "changed", "empty", "readers")),
    "trouble": (Changes.trouble, ("code", "text", "culprit")),
}
