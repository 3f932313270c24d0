# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tasks that declare something at a site, each with what the site has to show for it, and what it may do at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import servicing_module
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_module import boot_spec, boot_work
from ansible_collections.configmgr.content.plugins.module_utils._engine.image_module import image_spec, image_work
from ansible_collections.configmgr.content.plugins.module_utils._engine.notification import NOTIFICATION_SPEC, notify
from ansible_collections.configmgr.content.plugins.module_utils._engine.ownership import OWNERSHIP_SPEC, transfer

from smsprovsim.provider import SimulatedSite

IMAGE, BOOT, OLD_BOOT, PACKAGE = "PS100009", "PS100004", "PS100006", "PS100001"
WIN10 = r"\\files01.contoso.test\images$\win10-21h2.wim"
WIN11 = r"\\files01.contoso.test\images$\win11-22h2.wim"
SPARE = r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim"
READABLE = {"path_identity": "computer"}  # the provider can read the WIM files
LATER = [{"recurs": "never", "start": "2033-01-01T23:00"}]
ROWS = ("SMS_ImageServicingSchedule", "SMS_ImageServicingScheduledImage", "SMS_ImageServicingScheduledUpdate")

GET, ENUMERATE, PULL = ({"verb": verb} for verb in ("Get", "Enumerate", "Pull"))
PUT, CREATE, DELETE = ({"verb": verb} for verb in ("Put", "Create", "Delete"))
READS = {"get": GET, "enumerate": ENUMERATE, "pull": PULL}
FOLLOWING = ("QueryOSDBinaryInjectionStatus", "DeleteContextID")


def calls(*methods: str) -> dict[str, dict[str, str]]:
    """What a fault rule meets: calls of methods, each by its name."""
    return {method: {"verb": "Invoke", "method": method} for method in methods}


@dataclass(frozen=True)
class State:
    """One whole task.

    `targets`: what a fault can meet, by name. `most`: how often the site may carry out what, in all runs together.
    `holds`: what is not as declared at the site. `before`: tasks that make the site what it is when this one begins.
    `alike`: a run after a good one changes nothing.
    """

    work: Callable[[Any], Mapping[str, Any]]
    spec: Mapping[str, Any]
    options: Mapping[str, Any]
    targets: Mapping[str, Mapping[str, str]]
    most: Mapping[str, int]
    holds: Callable[[SimulatedSite], list[str]]
    scenario: str = "images"
    switches: Mapping[str, str] = field(default_factory=lambda: READABLE)
    before: tuple[str, ...] = ()
    alike: bool = True


def values(site: SimulatedSite, package_id: str) -> dict[str, Any]:
    """What the site stores of a package; empty if it is not there, or going."""
    found = site.world.package(package_id)
    return dict(found.record.values) if found is not None and found.action != 3 else {}


def named(site: SimulatedSite, name: str) -> list[str]:
    """The packages of this name."""
    return [
        each.package_id for each in site.world.packages.values() if values(site, each.package_id).get("Name") == name
    ]


def wrong_values(site: SimulatedSite, package_id: str, **wanted: Any) -> list[str]:
    """Which properties are not as they should be."""
    found = values(site, package_id)
    return [f"{name} is {found.get(name)!r}" for name, value in wanted.items() if found.get(name) != value]


def _described(site: SimulatedSite) -> list[str]:
    return wrong_values(site, IMAGE, Description="by the matrix")


def _rolled_out(site: SimulatedSite) -> list[str]:
    return wrong_values(site, IMAGE, PkgSourcePath=WIN11, ImageOSVersion="10.0.22621.525", Version="22H2")


def _made(site: SimulatedSite) -> list[str]:
    made = named(site, "Windows 11")
    if len(made) != 1:
        return [f"images of this name: {made}"]
    wrong = wrong_values(site, made[0], PkgSourcePath=WIN11)
    points = _points(site, made[0])
    return wrong + (
        [] if points == ["dp01.contoso.test", "dp02.contoso.test", "dp03.contoso.test"] else [f"on {points}"]
    )


def _gone(package_id: str) -> Callable[[SimulatedSite], list[str]]:
    return lambda site: [f"{package_id} is there"] if values(site, package_id) else []


def _points(site: SimulatedSite, package_id: str) -> list[str]:
    found = site.world.package(package_id)
    return sorted(target.point.server for target in found.targets.values()) if found is not None else []


def _on_points(site: SimulatedSite) -> list[str]:
    points = _points(site, IMAGE)
    return [] if "dp03.contoso.test" in points else [f"on {points}"]


def _built(site: SimulatedSite, package_id: str, **wanted: Any) -> list[str]:
    found = site.world.package(package_id)
    built = found.built if found is not None else None
    return [
        f"{name} in the image is {getattr(built, name, None)!r}"
        for name, value in wanted.items()
        if getattr(built, name, None) != value
    ]


def _boot_changed(site: SimulatedSite) -> list[str]:
    return [
        *wrong_values(site, BOOT, ScratchSpace=512, EnableLabShell=False),
        *_built(site, BOOT, scratch_space=512, command_support=False),
    ]


def _boot_made(site: SimulatedSite) -> list[str]:
    made = named(site, "Branch offices")
    return _built(site, made[0], drivers=(16777400,)) if len(made) == 1 else [f"boot images of this name: {made}"]


def _renewed(site: SimulatedSite) -> list[str]:
    return _built(site, OLD_BOOT, winpe_version="10.0.19041.1", client_version="5.00.8968.1000")


def rows(site: SimulatedSite, class_name: str) -> list[dict[str, Any]]:
    """All objects of a class that is no package."""
    return [dict(each.values) for each in site.world.repository.stored(class_name).records.values()]


def jobs(site: SimulatedSite) -> list[dict[str, Any]]:
    """The jobs of offline servicing, with how many images and updates they have."""
    found = rows(site, ROWS[0])
    for job in found:
        for name, kind in (("images", ROWS[1]), ("updates", ROWS[2])):
            job[name] = sum(row["ScheduleID"] == job["ScheduleID"] for row in rows(site, kind))
    return found


def _scheduled(site: SimulatedSite) -> list[str]:
    found = [(job["images"], job["updates"]) for job in jobs(site)]
    return [] if found.count((1, 2)) == 1 else [f"images and updates of the jobs: {found}"]


def _serviced(site: SimulatedSite) -> list[str]:
    ended = [job["State"] for job in jobs(site) if job["updates"] == 2]
    return _scheduled(site) + ([] if ended == [3] else [f"the jobs' states are {ended}"])


def _called_off(site: SimulatedSite) -> list[str]:
    live = [row for row in rows(site, ROWS[0]) if row["Action"] == 1 and row["State"] in (0, 1, 2)]
    return [f"still to run: {live}"] if live or site.snapshot()["executions"].get("ImageServiced") else []


def _handed_over(site: SimulatedSite) -> list[str]:
    owner = site.world.package(PACKAGE)
    return [] if owner is not None and owner.owner == "PS2" else ["it has another owner"]


def _image(targets: Mapping[str, Any], most: Mapping[str, int], holds: Any, /, **options: Any) -> State:
    work = partial(image_work, resource=IMAGE_PACKAGE, operation=REFRESH, resources=RESOURCES)
    return State(work, image_spec(IMAGE_PACKAGE), {"wait_interval": 60.0, **options}, targets, most, holds)


def _boot(targets: Mapping[str, Any], most: Mapping[str, int], holds: Any, /, **options: Any) -> State:
    work = partial(boot_work, resource=BOOT_IMAGE, operation=REFRESH)
    options = {"wait_interval": 60.0, **options}
    return State(work, boot_spec(BOOT_IMAGE), options, targets, most, holds)


def _service(targets: Mapping[str, Any], most: Mapping[str, int], holds: Any, /, *before: str, **options: Any) -> State:
    asked = {"name": "November", **options}
    return State(
        servicing_module.work, servicing_module.SERVICING_SPEC, asked, targets, most, holds, switches={}, before=before
    )


# A job, its image, its two updates; the manager is woken.
SERVICING = {"ServicingSchedule": 1, ROWS[0]: 1, ROWS[1]: 1, ROWS[2]: 2}
WISH = {"images": [IMAGE], "updates": ["16778000", "16778001"]}
STATES: dict[str, State] = {
    "image_words": _image(
        {**READS, "put": PUT}, {"Put": 1}, _described, package_id=IMAGE, description="by the matrix"
    ),
    "image_rollout": _image(
        {**READS, "put": PUT, **calls("ReloadImageProperties", "GetImageProperties", "RefreshPkgSource")},
        {"Put": 2, "RefreshPkgSource": 1}, _rolled_out,
        package_id=IMAGE, source_path=WIN11, version="22H2",
    ),
    "image_create": _image(
        {**READS, "create": CREATE, **calls("AddDistributionPoints", "AddPackages")}, {"Create": 1, "AddDistributionPoints": 1, "GroupAddPackages": 1}, _made,
        name="Windows 11", source_path=WIN11,
        distribution_points=["dp03.contoso.test"], distribution_point_groups=["Headquarters"],
    ),
    "image_absent": _image(
        {"get": GET, "enumerate": ENUMERATE, "delete": DELETE}, {"Delete": 1}, _gone(IMAGE), package_id=IMAGE, state="absent", force=["task_sequences"]
    ),
    "image_points": _image(
        {**READS, **calls("AddDistributionPoints")}, {"AddDistributionPoints": 1}, _on_points,
        package_id=IMAGE, distribution_points=["dp01.contoso.test", "dp03.contoso.test"],
    ),
    "boot_change": _boot(
        {"get": GET, "enumerate": ENUMERATE, "put": PUT, **calls("RefreshPkgSource", *FOLLOWING)},
        {"Put": 1, "RefreshPkgSource": 1, "BootImageBuild": 1}, _boot_changed,
        package_id=BOOT, scratch_space=512, command_support=False,
    ),
    "boot_create": _boot(
        {"get": GET, "enumerate": ENUMERATE, "create": CREATE, **calls(*FOLLOWING)}, {"Create": 1, "BootImageBuild": 1}, _boot_made,
        name="Branch offices", image_path=SPARE, architecture="x64", drivers={"set": ["16777400"]},
    ),
    "boot_absent": _boot(
        {"get": GET, "enumerate": ENUMERATE, "delete": DELETE}, {"Delete": 1}, _gone(BOOT), package_id=BOOT, state="absent"),
    "boot_stale": _boot(
        {
            "get": GET, "enumerate": ENUMERATE, "put": PUT,
            **calls("ReloadWinPeFromAdk", "GetImageProperties", "RefreshPkgSource", *FOLLOWING),
        }, {"Put": 1, "RefreshPkgSource": 1, "ReloadWinPeFromAdk": 1, "BootImageBuild": 1}, _renewed,
        package_id=OLD_BOOT, rebuild="if_stale", reload_winpe=True,
    ),
    "service_schedule": _service(
        {**READS, "create": CREATE, **calls("RunOfflineServicingManager")}, SERVICING, _scheduled, schedule=LATER, **WISH),
    "service_now": _service(
        {**READS, "create": CREATE, **calls("RunOfflineServicingManager")}, {**SERVICING, "ImageServiced": 1}, _serviced, **WISH),
    "service_cancel": _service(
        {**READS, "put": PUT}, {"ServicingSchedule": 1}, _called_off, "service_schedule", state="cancelled"),
    "ownership": State(
        partial(transfer, resources=RESOURCES), OWNERSHIP_SPEC, {"package_id": PACKAGE, "source_site": "PS2"},
        {"enumerate": ENUMERATE, "pull": PULL, **calls("SetSourceSite")}, {"SetSourceSite": 1}, _handed_over, scenario="hierarchy", switches={},
    ),
    "notification": State(
        partial(notify, resources=RESOURCES), NOTIFICATION_SPEC, {"package_ids": [IMAGE, BOOT]},
        {"enumerate": ENUMERATE, "pull": PULL, **calls("AddChangeNotification")}, {"AddChangeNotification": 2}, lambda _site: [], alike=False, switches={},
    ),
}  # fmt: skip
