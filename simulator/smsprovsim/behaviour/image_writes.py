# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is special about writing images: metadata of the WIM, and the build of a boot image (behaviour 81, 82, 88, 90, 99)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..images import Wim
from ..model import Embedded, Value, WmiError, Work
from ..repository import provider_error, wmi_error
from ..world import ACTION_ADD, ACTION_NONE, Package, SiteInfo, World
from . import paths
from .boot_images import BootImages, show
from .injection import NO_ENTRY, Injection

BOOT_IMAGE = "SMS_BootImagePackage"
# Classes with metadata of a WIM, and the property that names the file.
WIM_PROPERTY = {
    BOOT_IMAGE: "ImagePath",
    "SMS_ImagePackage": "PkgSourcePath",
    "SMS_OperatingSystemInstallPackage": "PkgSourcePath",
    "SMS_VhdPackage": "PkgSourcePath",
}
_BAD_PROPERTY = 1078462229
_ILLEGAL_NULL = 0x80041028
_SCRATCH_SPACES = (32, 64, 128, 256, 512)
_OF_THE_KIT = ("ReferencedDrivers", "OptionalComponents")


@dataclass
class ImageWrites:
    """Rules of Put and Create for packages that hold images."""

    world: World
    boot_images: BootImages

    # --- rules ---

    def demand_acceptable(
        self,
        before: Mapping[str, Value],
        changed: Mapping[str, Value],
        site: SiteInfo,
        path: str,
    ) -> None:
        """Raise the error of a boot image that cannot be as `changed` wants it; `before` is empty for a new one."""
        scratch = changed.get("ScratchSpace")
        if scratch is not None and scratch not in _SCRATCH_SPACES:
            # ASSUMED: a scratch space outside the list is refused when it is written.
            text = f"ScratchSpace is one of {', '.join(map(str, _SCRATCH_SPACES))}"
            raise provider_error(_BAD_PROPERTY, text, "PutInstance", path, object_info="ScratchSpace")
        for driver in changed.get("ReferencedDrivers") or ():
            if isinstance(driver, Embedded) and not driver.values.get("SourcePath"):
                raise wmi_error(_ILLEGAL_NULL, "SourcePath of a driver must have a value", "PutInstance", path)
        touched = [name for name in _OF_THE_KIT if name in changed and (changed[name] or before.get(name))]
        original = str({**before, **changed}.get("ImagePath"))
        if touched and site.kit() and self._is_foreign(original, site):
            # ASSUMED: the number and the words; behaviour 90 says that it fails, and README question 15 that no source says how.
            text = (
                f"{touched[0]} cannot be changed: the image is not based on the installed deployment kit {site.kit()}"
            )
            raise provider_error(_BAD_PROPERTY, text, "PutInstance", path, object_info=touched[0])

    def _is_foreign(self, path: str, site: SiteInfo) -> bool:
        return paths.wim(path, self.world, site, boot=True).kit != site.kit()

    # --- creating ---

    def fill_in(self, package: Package, site: SiteInfo) -> None:
        """Read the metadata of a new image. Raises `WmiError` for a file that cannot be read, or without that image."""
        values = package.record.values
        path = str(values.get(WIM_PROPERTY[package.class_name]) or "")
        boot = package.class_name == BOOT_IMAGE
        problem = paths.problem(path, self.world, "computer")
        if problem:
            # ASSUMED: unreadable_image
            if boot or self.world.switches["unreadable_image"] == "refused":
                raise self._bad_image(problem, f"The image {path} cannot be read", package)
            return
        wim = paths.wim(path, self.world, site, boot=boot)
        if boot:
            if wim.edition(values["ImageIndex"]) is None:
                raise self._bad_image(NO_ENTRY, f"{path} has no image {values['ImageIndex']}", package)
            self.world.wims.setdefault(path.lower(), wim)
            folder, _unused, file = path.rpartition("\\")
            stem = file.rpartition(".")[0] or file
            values["PkgSourcePath"] = f"{folder}\\{stem}.{package.package_id}.wim"  # behaviour 81
        self.take_metadata(package, wim)

    @staticmethod
    def _bad_image(code: int, text: str, package: Package) -> WmiError:
        return provider_error(code, text, "PutInstance", package.class_name)

    def take_metadata(self, package: Package, wim: Wim) -> None:
        """Have the object show what is in its image file."""
        values = package.record.values
        package.images = wim.editions
        if package.class_name == BOOT_IMAGE:
            show(self.world, values, wim)
            return
        values["ImageProperty"] = wim.metadata()
        if "ImageOSVersion" in package.record.definition.properties:
            values["ImageOSVersion"] = wim.editions[0].os_version

    def build_new(
        self, package: Package, site: SiteInfo, store: Callable[[], None], distribute: Callable[[], None]
    ) -> Work:
        """Build a new boot image; `store` makes the object, `distribute` has it taken (behaviour 82)."""
        values = package.record.values
        # ASSUMED: boot_row
        early = self.world.switches["boot_row"] == "before_build"
        if early:
            store()

        def finish(injection: Injection) -> None:
            if not early:
                store()
            if self.world.package(package.package_id) is package:
                self.boot_images.put_in(package, injection)
                distribute()

        def give_up() -> None:
            # ASSUMED: an object that is there before its build fails stays, and is not busy any more.
            if package.action == ACTION_ADD:
                package.action = ACTION_NONE

        return self.boot_images.build(package, site, _context(values), dict(values), finish, give_up)

    # --- changing ---

    def build_changed(
        self, package: Package, site: SiteInfo, changed: dict[str, Value], save: Callable[[], None]
    ) -> Work:
        """Build a boot image that a Put changes, where such a Put builds; `save` stores the change."""
        early = self.world.switches["boot_row"] == "before_build"  # ASSUMED: boot_row
        if early:
            save()

        def finish(injection: Injection) -> None:
            if self.world.package(package.package_id) is package:
                if not early:
                    save()
                self.boot_images.put_in(package, injection)

        settings = {**package.record.values, **changed}
        return self.boot_images.build(package, site, _context(settings), settings, finish)

    # --- metadata ---

    def reload(self, package: Package, site: SiteInfo) -> None:
        """ReloadImageProperties: read the metadata again (behaviour 88, 99). Raises `WmiError`."""
        path = str(package.record.values.get(WIM_PROPERTY[package.class_name]) or "")
        problem = paths.problem(path, self.world, "computer")
        if problem:
            raise provider_error(problem, f"The image {path} cannot be read", "ExecMethod", package.record.path())
        package.reread = paths.wim(path, self.world, site, boot=package.class_name == BOOT_IMAGE)
        if self.world.switches["reload_properties"] == "saved":  # ASSUMED: reload_properties
            self.commit(package)

    def commit(self, package: Package) -> None:
        """Save metadata that was read again; every Put does."""
        if package.reread is not None:
            self.take_metadata(package, package.reread)
            package.reread = None


def _context(values: Mapping[str, Value]) -> str | None:
    return str(values["ContextID"]) if values.get("ContextID") else None
