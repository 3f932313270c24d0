# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build puts into a boot image, and what makes it fail (behaviour 81, 82, 86, 90, 93, 96, 97)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..images import ARCHITECTURE_NAMES, X86, Edition, Wim
from ..model import Embedded, Value
from ..world import Built, SiteInfo, World
from . import paths
from .kit import COMPONENTS, always, offered

PREPARING, COPYING, MOUNTING, CLIENT, DRIVERS, OPTIONAL, PRESTART, UNMOUNTING, COMPRESSING = range(9)

# Stage and its share of the time. The texts are free and localised (behaviour 85).
STAGES = (
    ("Preparing the deployment kit", 1),
    ("Copying the Windows PE image", 3),
    ("Mounting the image", 3),
    ("Adding the client binaries", 4),
    ("Adding drivers", 3),
    ("Adding optional components", 4),
    ("Adding prestart files and background", 1),
    ("Unmounting the image", 4),
    ("Compressing the image", 3),
)

# ASSUMED: the numbers of build errors; only log texts are public (README open question 15). Win32 numbers.
NO_FILE, NO_ENTRY, WRONG_PLATFORM, NOT_SIGNED = 2, 1168, 1633, 577


@dataclass(frozen=True)
class Failure:
    """How a build fails: in which stage, with which number and text; `culprit` is the file at fault."""

    stage: int
    code: int
    text: str
    culprit: str = ""


@dataclass(frozen=True)
class Injection:
    """A build as it will go: the image it works on, and what is in the copy when it succeeds."""

    failure: Failure | None
    wim: Wim | None
    edition: Edition | None
    built: Built | None


def foresee(world: World, site: SiteInfo, values: Mapping[str, Value]) -> Injection:
    """What a build with these settings comes to, on the provider host of this site."""
    if not site.kit():
        return _failed(Failure(PREPARING, NO_FILE, "The deployment kit is not installed on this server"))
    path = str(values.get("ImagePath") or "")
    problem = paths.problem(path, world, "computer")
    if problem:
        return _failed(Failure(COPYING, problem, f"{path} cannot be read", path))
    wim = paths.wim(path, world, site, boot=True)
    edition = wim.edition(values.get("ImageIndex"))
    if edition is None:
        return _failed(Failure(MOUNTING, NO_ENTRY, f"{path} has no image {values.get('ImageIndex')}", path))
    drivers = [each for each in values.get("ReferencedDrivers") or () if isinstance(each, Embedded)]
    components = {int(each) for each in values.get("OptionalComponents") or ()}
    failure = (
        next((found for each in drivers if (found := _driver(world, each, edition)) is not None), None)
        or _component(world, site, components, edition)
        or _files(world, values)
    )
    if failure is not None:
        return _failed(failure)
    built = Built(
        drivers=tuple(int(each.values.get("ID") or 0) for each in drivers),
        components=tuple(sorted(_with_needed(components | always(edition.architecture)))),
        command_support=bool(values.get("EnableLabShell")),
        scratch_space=values.get("ScratchSpace"),
        prestart=str(values.get("PreExecCommandLine") or ""),
        prestart_files=str(values.get("PreExecSourceDirectory") or ""),
        background=str(values.get("BackgroundBitmapPath") or ""),
        input_locale=str(values.get("InputLocale") or ""),
        client_version=site.client_version,
        winpe_version=edition.os_version,
    )
    return Injection(None, wim, edition, built)


def _failed(failure: Failure) -> Injection:
    return Injection(failure, None, None, None)


def _driver(world: World, driver: Embedded, edition: Edition) -> Failure | None:
    folder = str(driver.values.get("SourcePath") or "")
    record = world.repository.stored("SMS_Driver").find(driver.values.get("ID"))
    if record is None:
        # ASSUMED: what happens to a driver that is not in the catalogue any more.
        return Failure(DRIVERS, NO_ENTRY, f"The driver {driver.values.get('ID')} does not exist", folder)
    file = f"{folder}\\{record.values.get('DriverINFFile')}"
    problem = paths.problem(folder, world, "computer")
    if problem:
        return Failure(DRIVERS, problem, f"The driver {file} cannot be read", file)
    platforms = world.driver_platforms.get(int(record.values["CI_ID"]))
    if platforms is not None and edition.architecture not in platforms:
        return Failure(DRIVERS, WRONG_PLATFORM, f"The driver {file} is for another platform", file)
    # ASSUMED: arm64 is as strict as x64, of which alone the reference speaks.
    if record.values.get("DriverSigned") is False and edition.architecture != X86:
        return Failure(DRIVERS, NOT_SIGNED, f"The driver {file} is not signed", file)  # behaviour 96
    return None


def _component(world: World, site: SiteInfo, wanted: set[int], edition: Edition) -> Failure | None:
    name = ARCHITECTURE_NAMES[edition.architecture]
    present = wanted | always(edition.architecture)
    for identity in sorted(wanted):
        component = COMPONENTS.get(identity)
        if component is None or component.architecture != edition.architecture or identity not in offered(site.kit()):
            return Failure(OPTIONAL, NO_FILE, f"The kit has no optional component {identity} for {name}", str(identity))
        missing = [each for each in component.needs if each not in present]
        # ASSUMED: missing_dependency
        if missing and world.switches["missing_dependency"] == "build_fails":
            text = f"{component.name} needs {COMPONENTS[missing[0]].name}"
            return Failure(OPTIONAL, NO_ENTRY, text, component.name)
    return None


def _with_needed(wanted: set[int] | frozenset[int]) -> frozenset[int]:
    """The components with all that they need, directly or not."""
    found, left = set[int](), list(wanted)
    while left:
        identity = left.pop()
        if identity not in found:
            found.add(identity)
            left.extend(COMPONENTS[identity].needs)
    return frozenset(found)


def _files(world: World, values: Mapping[str, Value]) -> Failure | None:
    for name in ("PreExecSourceDirectory", "BackgroundBitmapPath"):
        path = str(values.get(name) or "")
        problem = paths.problem(path, world, "computer") if path else 0
        if problem:
            return Failure(PRESTART, problem, f"{path} cannot be read", path)
    return None
