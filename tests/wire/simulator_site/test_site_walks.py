# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random walks over a site with images: whatever is done in whatever order, some things always hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim.model import Embedded, WmiError
from smsprovsim.switches import NUMBER, TABLE

if TYPE_CHECKING:
    from .conftest import Desk, Seat

BOOT = "SMS_BootImagePackage"
FOLDER = "\\\\cm01.contoso.test\\SMS_PS1\\OSD\\boot\\x64"
IMAGES = ("PS100002", "PS100003", "PS100004", "PS100005", "PS100006", "PS100007", "PS100008")
DRIVERS = tuple(range(16777400, 16777409))
CONTEXTS = ("", "a", "b")
STEPS = 120


class Walk:
    """One walk; each step is done or refused by a WmiError, anything else is a defect."""

    def __init__(self, desk: Desk, chance: random.Random) -> None:
        self.desk = desk
        self.chance = chance
        self.refused = 0
        self.works: list[Any] = []
        self.steps: tuple[Callable[[], object], ...] = (
            self.put, self.put, self.refresh, self.refresh, self.create, self.delete, self.reload, self.components,
            self.colleague, self.upgrade, self.files, self.service, self.cancel, self.wait, self.wait, self.wait, self.lock,
            self.status,
        )  # fmt: skip

    def package(self) -> str:
        known = sorted(self.desk.site.snapshot()["packages"])
        return str(self.chance.choice([*IMAGES, "PS100009", *known]))

    def settings(self) -> dict[str, Any]:
        drivers = [
            Embedded("SMS_Driver_Details", {"ID": each, "SourcePath": f"\\\\files01.contoso.test\\drivers$\\{each}"})
            for each in self.chance.sample(DRIVERS, self.chance.randint(0, 2))
        ]
        offered: dict[str, Any] = {
            "ScratchSpace": self.chance.choice((32, 512, 100, None)),
            "EnableLabShell": self.chance.choice((True, False)),
            "OptionalComponents": self.chance.choice(([], [40, 41], [28], [27], [14], [999])),
            "ReferencedDrivers": drivers,
            "ContextID": self.chance.choice(CONTEXTS),
            "Description": self.chance.choice(("x", "y")),
        }
        return dict(self.chance.sample(sorted(offered.items()), self.chance.randint(1, 4)))

    def step(self) -> None:
        try:
            self.chance.choice(self.steps)()
        except (WmiError, KeyError) as error:
            if isinstance(error, KeyError) and not str(error).strip("'").startswith("ps1"):
                raise
            self.refused += 1

    def put(self) -> None:
        self.works.append(self.desk.put(self.package(), **self.settings()).work)

    def refresh(self) -> None:
        package_id = self.package()
        context = {"ContextID": self.chance.choice(CONTEXTS[1:])} if package_id in IMAGES else {}
        self.works.append(self.desk.refresh(package_id, **context))

    def create(self) -> None:
        path = self.chance.choice((f"{FOLDER}\\spare.wim", f"{FOLDER}\\gone.wim"))
        made = self.desk.create(
            BOOT, Name="New", ImagePath=path, ImageIndex=self.chance.randint(1, 2), **self.settings()
        )
        self.works.append(made.work)

    def delete(self) -> None:
        package_id = self.package()
        class_name = self.desk.site.world.packages[package_id.lower()].class_name
        self.desk.site.delete(self.desk.caller, self.desk.cim_class(class_name), {"PackageID": package_id})

    def reload(self) -> None:
        method = self.chance.choice(("ReloadWinPeFromAdk", "ReloadImageProperties"))
        self.works.append(self.desk.call(BOOT, method, {"PackageID": self.chance.choice(IMAGES)}))

    def components(self) -> None:
        self.desk.call(BOOT, "UpdateOptionalComponents", {"PackageID": self.chance.choice(IMAGES)}, ComponentIds=["40"])

    def colleague(self) -> None:
        package_id = self.chance.choice(sorted(self.desk.site.snapshot()["packages"]))
        self.desk.change(put=package_id, values={"Description": "by hand"})

    def upgrade(self) -> None:
        self.desk.change(upgrade="PS1", kit=self.chance.choice(("10.1.19041.1", "10.1.22621.1", "")))

    def files(self) -> None:
        path = self.chance.choice((f"{FOLDER}\\contoso.wim", "\\\\files01.contoso.test\\images$\\win10-21h2.wim"))
        order = self.chance.choice(
            ({"gone": True}, {"winpe": "x64", "kit": "10.1.19041.1"}, {"images": [{"name": "x"}]})
        )
        self.desk.change(wim=path, **order)

    def service(self) -> None:
        identity = self.desk.create("SMS_ImageServicingSchedule", Action=1, UpdateDP=True).values["ScheduleID"]
        self.desk.create("SMS_ImageServicingScheduledImage", ScheduleID=identity, ImagePackageID="PS100009")
        self.desk.create(
            "SMS_ImageServicingScheduledUpdate", ScheduleID=identity, UpdateID=self.chance.choice((16778000, 16778002))
        )

    def cancel(self) -> None:
        works = [each for each in self.works if each is not None and each.cancel is not None]
        if works:
            self.chance.choice(works).cancel()
        for record in list(self.desk.rows("SELECT ScheduleID FROM SMS_ImageServicingSchedule"))[:1]:
            keys = {"ScheduleID": str(record["ScheduleID"])}
            self.desk.site.put(self.desk.caller, self.desk.cim_class("SMS_ImageServicingSchedule"), keys, {"Action": 2})

    def lock(self) -> None:
        package_id = self.chance.choice(sorted(self.desk.site.snapshot()["packages"]))
        self.desk.change(**{self.chance.choice(("lock", "unlock", "unlock")): package_id})

    def status(self) -> None:
        self.desk.call(BOOT, "QueryOSDBinaryInjectionStatus", ContextID=self.chance.choice(CONTEXTS))

    def wait(self) -> None:
        self.desk.advance(self.chance.choice((1, 30, 90, 400, 4000)))


def mixture(chance: random.Random) -> dict[str, str]:
    """Other answers to some of the open questions about the site."""
    names = [name for name, switch in sorted(TABLE.items()) if switch.side == "site" and switch.values != (NUMBER,)]
    names.remove("members")  # older sites lack methods of the steps
    return {name: chance.choice(TABLE[name].values) for name in chance.sample(names, 8)}


@pytest.mark.parametrize("seed", range(12))
def test_a_walk(seat: Seat, seed: int) -> None:
    chance = random.Random(seed)
    desk = seat("images", **(mixture(chance) if seed % 2 else {}))
    walk = Walk(desk, chance)
    versions: dict[str, int] = {}
    for _unused in range(STEPS):
        walk.step()
        found = desk.site.snapshot()["packages"]
        for package_id, package in found.items():
            assert package["source_version"] >= versions.get(package_id, 0), package_id
            versions[package_id] = package["source_version"]
    assert 0 < walk.refused < STEPS * 0.8
    # Everything comes to rest.
    desk.advance(10 * 24 * 3600)
    state = desk.site.snapshot()
    assert {each["action_in_progress"] for each in state["packages"].values()} <= {0}
    assert all(build["over"] for build in state["builds"])
    assert set(state["servicing"].values()) <= {0, 3, 4}
    built = [build for build in state["builds"] if not build["error"]]
    counted = sum(state["executions"].get("BootImageBuild", {}).values())
    assert counted <= len(built)
    for package_id, package in state["packages"].items():
        if package["class"] == BOOT and package["built"]:
            assert desk.package(package_id)["ImageOSVersion"]
