# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work on boot images: builds, exports and reloads, minutes inside the call (behaviour 81 to 90, 95 to 97, 124)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..images import Wim, winpe
from ..model import Value, WmiError, Work
from ..repository import provider_error
from ..world import Event, Package, SiteInfo, World
from .injection import NO_FILE, STAGES, Failure, Injection, foresee
from .kit import always, architecture_number, offered

COMPLETE, RUNNING, BROKEN, UNKNOWN = 0, 1, 2, 3

_SECONDS_PER_DRIVER = 6.0
_SECONDS_PER_COMPONENT = 15.0
_EXPORT_SECONDS = 150.0  # behaviour 125: a few minutes
_RELOAD_SECONDS = 120.0
_TOTAL = sum(share for _unused, share in STAGES)
_CANCELLED = 1223
_BUSY_FILE = 32


@dataclass
class Build:
    """One build. `ends` is when the call is answered; `error` what it ends with, 0 for success."""

    context_id: str
    package: Package
    host: str
    begins: float
    ends: float
    error: int = 0
    driver: str = ""  # what could not be injected: a driver, or whatever else was the reason
    description: str = ""
    over: bool = False
    full_time: float = 1.0

    def stage(self, now: float) -> int:
        """Number of the current stage, from 0."""
        if now < self.begins:
            return 0
        reached = (now - self.begins) / max(self.full_time, 0.001) * _TOTAL
        for number, (_unused, share) in enumerate(STAGES):
            if reached < share:
                return number
            reached -= share
        return len(STAGES) - 1

    def fail(self, failure: Failure) -> None:
        """End in the stage of the failure."""
        self.error, self.driver, self.description = failure.code, failure.culprit, failure.text
        before = sum(share for _unused, share in STAGES[: failure.stage])
        self.ends = self.begins + self.full_time * (before + 0.9 * STAGES[failure.stage][1]) / _TOTAL


# What is done with a build that succeeded.
Finish = Callable[[Injection], None]


class BootImages:
    """The builds on all provider hosts."""

    def __init__(self, world: World, refresh: Callable[[Package, str], None]) -> None:
        self._world = world
        self._refresh = refresh
        self._contexts: dict[str, Build] = {}
        self.builds: list[Build] = []
        self.most_at_a_time: dict[str, int] = {}
        self.exports_at_a_time: dict[str, int] = {}
        self._exporting: dict[str, int] = {}
        self.troubles: list[Failure] = []  # of the next builds, one each

    def _running(self, host: str) -> list[Build]:
        return [build for build in self.builds if build.host == host and not build.over]

    def rebuild(self, package: Package, site: SiteInfo, context_id: str | None) -> Work:
        """RefreshPkgSource: build from the stored settings, then distribute."""

        def finish(injection: Injection) -> None:
            if self._world.package(package.package_id) is package:
                self.put_in(package, injection)
                self._refresh(package, site.code)

        return self.build(package, site, context_id, package.record.values, finish)

    def put_in(self, package: Package, injection: Injection) -> None:
        """The new copy is there, and the object shows what is in it."""
        wim, edition, built = injection.wim, injection.edition, injection.built
        if wim is None or edition is None or built is None:
            raise ValueError("a build that failed puts nothing in")
        self._world.count("BootImageBuild", package.package_id)
        package.built = built
        self._world.note_change(str(package.record.values.get("PkgSourcePath")))
        show(self._world, package.record.values, wim, built.client_version)
        package.images = wim.editions

    def build(
        self,
        package: Package,
        site: SiteInfo,
        context_id: str | None,
        values: Mapping[str, Value],
        finish: Finish,
        give_up: Callable[[], None] = lambda: None,
    ) -> Work:
        """Begin a build with these settings; the answer is ready when it is done, and `give_up` is told when it fails."""
        world = self._world
        begins = world.now
        running = self._running(site.server)
        # ASSUMED: boot_builds
        if running and world.switches["boot_builds"] == "serial":
            begins = max(build.ends for build in running)
        drivers, components = values.get("ReferencedDrivers") or [], values.get("OptionalComponents") or []
        seconds = package.build_seconds + _SECONDS_PER_DRIVER * len(drivers) + _SECONDS_PER_COMPONENT * len(components)
        build = Build(context_id or "", package, site.server, begins, begins + seconds, full_time=seconds)
        injection = foresee(world, site, values)
        failure = self.troubles.pop(0) if self.troubles else injection.failure
        if failure is not None:
            build.fail(failure)
        self.builds.append(build)
        if context_id:
            self._contexts[context_id.lower()] = build
        at_a_time = len([other for other in self._running(site.server) if other.begins <= world.now])
        self.most_at_a_time[site.server] = max(self.most_at_a_time.get(site.server, 0), at_a_time)

        def end() -> None:
            build.over = True
            if build.error:
                give_up()
            else:
                finish(injection)

        error = self._error(build, str(values.get("ImagePath"))) if build.error else None
        return Work({}, 0, build.ends, error, self._canceller(world.at(build.ends, end), build, give_up))

    def _canceller(self, end: Event, build: Build, give_up: Callable[[], None]) -> Callable[[], None]:
        world = self._world

        def cancel() -> None:
            with world.lock:
                world.settle()
                # ASSUMED: cancelled_build
                if build.over or world.switches["cancelled_build"] == "goes_on":
                    return
                end.call_off()
                build.over, build.ends = True, world.now
                build.error, build.description = _CANCELLED, "The build was cancelled"
                give_up()

        return cancel

    @staticmethod
    def _error(build: Build, path: str) -> WmiError:
        return provider_error(
            build.error,
            f"Failed to inject OSD binaries into the boot image. {build.description}. Error: 0x{build.error:08X}",
            "ExecMethod",
            build.package.record.path() if build.package.record.values.get("PackageID") else path,
            object_info=build.driver,
        )

    # --- the original ---

    def reload(self, package: Package, site: SiteInfo) -> Work:
        """ReloadWinPeFromAdk: a new original from the kit; what was changed by hand in it is lost (behaviour 89)."""
        world = self._world
        values = package.record.values
        path = str(values.get("ImagePath") or "")
        architecture = architecture_number(values.get("Architecture"))
        if not _brings(site, architecture):
            return Work({}, 0, world.now + 10.0, self._no_kit(package.record.path()))

        def done() -> None:
            world.wims[path.lower()] = winpe(site.kit(), architecture, site.winpe_version)
            world.count("ReloadWinPeFromAdk", package.package_id)
            if world.switches["reload_shows"] == "at_once":  # ASSUMED: reload_shows
                show(world, values, world.wims[path.lower()])

        world.after(_RELOAD_SECONDS, done)
        return Work({}, 0, world.now + _RELOAD_SECONDS)

    def renew_default_images(self, site: SiteInfo) -> Work:
        """Build the boot images that site setup made anew, from the kit and the client of now (behaviour 94)."""
        world, ends = self._world, self._world.now
        for package in list(world.packages.values()):
            values = package.record.values
            if package.class_name != "SMS_BootImagePackage" or not values.get("DefaultImage"):
                continue
            if package.owner == site.code and site.kit():
                architecture = architecture_number(values.get("Architecture"))
                if not _brings(site, architecture):
                    continue
                world.wims[str(values["ImagePath"]).lower()] = winpe(site.kit(), architecture, site.winpe_version)
                ends = max(ends, self.rebuild(package, site, None).done_at or 0.0)
        return Work({}, 0, ends)

    def export(self, site: SiteInfo, architecture: int, path: str) -> Work:
        """ExportDefaultBootImage: the Windows PE of the kit as a file. Two at a time spoil each other (behaviour 95)."""
        world, host = self._world, site.server
        if not _brings(site, architecture):
            return Work({}, 0, world.now + 10.0, self._no_kit("SMS_BootImagePackage"))
        together = self._exporting.get(host, 0) + 1
        self._exporting[host] = together
        self.exports_at_a_time[host] = max(self.exports_at_a_time.get(host, 0), together)

        def done() -> None:
            self._exporting[host] -= 1
            if together == 1:
                world.wims[path.lower()] = winpe(site.kit(), architecture, site.winpe_version)
                world.count("ExportDefaultBootImage", path)

        world.after(_EXPORT_SECONDS, done)
        error = None
        if together > 1:
            # ASSUMED: what two exports at a time come to: the second finds files in use.
            text = "Another export is using the deployment kit"
            error = provider_error(_BUSY_FILE, text, "ExecMethod", "SMS_BootImagePackage", object_info=path)
        return Work({}, 0, world.now + _EXPORT_SECONDS, error)

    @staticmethod
    def _no_kit(path: str) -> WmiError:
        text = "The deployment kit on this server has no Windows PE for that, or is not installed"
        return provider_error(NO_FILE, text, "ExecMethod", path)

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
        answer.update(Status=RUNNING, Progress=stage + 1, MaxProgress=len(STAGES), ProgressText=STAGES[stage][0])
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


def _brings(site: SiteInfo, architecture: int) -> bool:
    """Whether the kit has Windows PE for an architecture."""
    return always(architecture) <= offered(site.kit())


def show(world: World, values: dict[str, Value], wim: Wim, client_version: str = "") -> None:
    """The values of a boot image that the provider fills in from its WIM, and from the client that was put in."""
    edition = wim.edition(values.get("ImageIndex")) or wim.editions[0]
    # ASSUMED: boot_architecture
    named = world.switches["boot_architecture"] == "name"
    values["Architecture"] = edition.architecture_name if named else str(edition.architecture)
    values["ImageOSVersion"] = edition.os_version
    values["ImageProperty"] = wim.metadata()
    if client_version:
        values["ProductionClientVersion"] = client_version
