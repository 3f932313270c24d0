# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building boot images: minutes of work inside the call (behaviour 81 to 90, 96, 97, 124)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..model import Embedded, Value, WmiError, Work
from ..repository import provider_error
from ..world import Package, SiteInfo, World

COMPLETE, RUNNING, BROKEN, UNKNOWN = 0, 1, 2, 3

# Stage and its share of the time. The texts are free and localised (behaviour 85).
_STAGES = (
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
_DRIVER_STAGE = 4
_SECONDS_PER_DRIVER = 6.0
_SECONDS_PER_COMPONENT = 15.0

# ASSUMED: the numbers of build errors; only log texts are public (README open question 15). Win32 numbers.
_NOT_SIGNED = 577  # the signature of a file cannot be verified
_NO_DEPLOYMENT_KIT = 2  # file not found
_CANCELLED = 1223


@dataclass
class Build:
    """One build. `ends` is when the call is answered; `error` what it ends with, 0 for success."""

    context_id: str
    package: Package
    host: str
    begins: float
    ends: float
    error: int = 0
    driver: str = ""
    description: str = ""
    over: bool = False

    full_time: float = 1.0

    def stage(self, now: float) -> int:
        """Number of the current stage, from 0."""
        if now < self.begins:
            return 0
        total = sum(share for _unused, share in _STAGES)
        reached = (now - self.begins) / max(self.full_time, 0.001) * total
        for number, (_unused, share) in enumerate(_STAGES):
            if reached < share:
                return number
            reached -= share
        return len(_STAGES) - 1


class BootImages:
    """The builds on all provider hosts."""

    def __init__(self, world: World, finished: Callable[[Package, str], None]) -> None:
        self._world = world
        self._finished = finished
        self._contexts: dict[str, Build] = {}
        self.builds: list[Build] = []
        self.most_at_a_time: dict[str, int] = {}

    def _running(self, host: str) -> list[Build]:
        return [build for build in self.builds if build.host == host and not build.over]

    def build(self, package: Package, site: SiteInfo, context_id: str | None) -> Work:
        """Begin a build; the answer is ready when it is done."""
        world = self._world
        begins = world.now
        running = self._running(site.server)
        # ASSUMED: boot_builds
        if running and world.switches["boot_builds"] == "serial":
            begins = max(build.ends for build in running)
        values = package.record.values
        drivers: list[Value] = values.get("ReferencedDrivers") or []
        components: list[Value] = values.get("OptionalComponents") or []
        seconds = package.build_seconds + _SECONDS_PER_DRIVER * len(drivers) + _SECONDS_PER_COMPONENT * len(components)
        build = Build(context_id or "", package, site.server, begins, begins + seconds, full_time=seconds)
        self._foresee(build, site, drivers)
        self.builds.append(build)
        if context_id:
            self._contexts[context_id.lower()] = build
        at_a_time = len([other for other in self._running(site.server) if other.begins <= world.now])
        self.most_at_a_time[site.server] = max(self.most_at_a_time.get(site.server, 0), at_a_time)
        end = world.at(build.ends, lambda: self._end(build, site.code))

        def cancel() -> None:
            with world.lock:
                world.settle()
                # ASSUMED: cancelled_build
                if build.over or world.switches["cancelled_build"] == "goes_on":
                    return
                end.call_off()
                build.over, build.ends = True, world.now
                build.error, build.description = _CANCELLED, "The build was cancelled"

        return Work({}, 0, build.ends, self._error(build) if build.error else None, cancel)

    def _foresee(self, build: Build, site: SiteInfo, drivers: list[Value]) -> None:
        """Decide how the build ends; it ends early when it fails."""
        if not site.deployment_kit:
            build.error, build.description = _NO_DEPLOYMENT_KIT, "The deployment kit is not installed on this server"
            build.ends = build.begins + build.full_time / 20
            return
        for driver in drivers:
            if isinstance(driver, Embedded) and self._is_unsigned(driver):
                build.error, build.driver = _NOT_SIGNED, str(driver.values.get("SourcePath") or "")
                build.description = f"The driver {build.driver} is not signed"  # behaviour 96
                before = sum(share for _unused, share in _STAGES[: _DRIVER_STAGE + 1])
                build.ends = build.begins + build.full_time * before / sum(share for _unused, share in _STAGES)
                return

    def _is_unsigned(self, driver: Embedded) -> bool:
        record = self._world.repository.stored("SMS_Driver").find(driver.values.get("ID"))
        return record is not None and record.values.get("DriverSigned") is False

    def _error(self, build: Build) -> WmiError:
        return provider_error(
            build.error,
            f"Failed to inject OSD binaries into the boot image. {build.description}. Error: 0x{build.error:08X}",
            "ExecMethod",
            build.package.record.path(),
            object_info=build.driver,
        )

    def _end(self, build: Build, site_code: str) -> None:
        build.over = True
        if not build.error and self._world.package(build.package.package_id) is build.package:
            self._world.count("BootImageBuild", build.package.package_id)
            self._finished(build.package, site_code)

    # --- progress ---

    def status(self, context_id: str) -> dict[str, Value]:
        """What QueryOSDBinaryInjectionStatus answers (behaviour 84)."""
        answer: dict[str, Value] = {
            "Status": UNKNOWN,
            "Progress": 0,
            "MaxProgress": 0,
            "ProgressText": "",
            "ErrorCode": 0,
            "ExtendedErrorInfo": "",
        }
        build = self._contexts.get(context_id.lower())
        if build is None:
            return answer
        stage = build.stage(min(self._world.now, build.ends))
        answer.update(Status=RUNNING, Progress=stage + 1, MaxProgress=len(_STAGES), ProgressText=_STAGES[stage][0])
        if build.over:
            answer.update(Status=BROKEN if build.error else COMPLETE)
            if build.error:
                answer.update(ErrorCode=build.error, ExtendedErrorInfo=build.driver)
        return answer

    def forget(self, context_id: str) -> None:
        """Drop the progress record; an id nobody knows is fine."""
        self._contexts.pop(context_id.lower(), None)

    def known_contexts(self) -> list[str]:
        """Context ids whose progress can be read."""
        return sorted(self._contexts)
