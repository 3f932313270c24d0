# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Methods about images: metadata, builds, progress, components, exports (behaviour 51, 84 to 89, 95, 99)."""

from __future__ import annotations

from ..images import ARCHITECTURES, Wim, exported
from ..model import WmiError, Work
from ..repository import provider_error
from . import paths
from .calls import Call, method
from .image_writes import BOOT_IMAGE
from .writes import BAD_PARAMETER

# ASSUMED: numbers of failing exports; Win32 numbers, as those of the builds.
_NO_FOLDER, _NO_IMAGE = 3, 1168


@method(
    "SMS_ImagePackage.GetImageProperties",
    "SMS_BootImagePackage.GetImageProperties",
    "SMS_OperatingSystemInstallPackage.GetImageProperties",
    "SMS_VhdPackage.GetImageProperties",
)
def _image_properties(call: Call) -> Work:
    path = str(call.arguments["SourceImagePath"])
    return paths.image_properties(path, call.world, call.here, call.caller, call.class_name)


@method(
    "SMS_ImagePackage.ReloadImageProperties",
    "SMS_BootImagePackage.ReloadImageProperties",
    "SMS_OperatingSystemInstallPackage.ReloadImageProperties",
    "SMS_VhdPackage.ReloadImageProperties",
)
def _reload_properties(call: Call) -> Work:
    package = call.package
    _demand_change(call)
    call.site.images.reload(package, call.here)
    call.world.count("ReloadImageProperties", package.package_id)
    return Work({})


def _demand_change(call: Call) -> None:
    """Raise the error of whoever may not change the package, now or here."""
    package = call.package
    call.demand("modify")
    call.site.writes.demand_ownership(package, call.here.code, "ExecMethod")
    call.site.writes.demand_present(package, "ExecMethod")
    call.site.locks.demand_free(package.record.path(), call.caller, "ExecMethod", call.here.code)


@method("SMS_BootImagePackage.QueryOSDBinaryInjectionStatus")
def _progress(call: Call) -> Work:
    return Work(call.site.boot_images.status(str(call.arguments["ContextID"])))


@method("SMS_BootImagePackage.DeleteContextID")
def _forget_context(call: Call) -> Work:
    call.site.boot_images.forget(str(call.arguments["ContextID"]))
    return Work({})


@method("SMS_BootImagePackage.UpdateOptionalComponents")
def _update_components(call: Call) -> Work:
    package = call.package
    _demand_change(call)
    path = package.record.path()
    identities = []
    for text in call.arguments["ComponentIds"] or []:
        if not str(text).isdigit():
            raise provider_error(BAD_PARAMETER, f"{text!r} is no id of a component", "ExecMethod", path)
        identities.append(int(text))
    changed = {"OptionalComponents": identities}
    call.site.images.demand_acceptable(package.record.values, changed, call.here, path)
    package.record.values.update(changed, SedoObjectVersion=call.site.writes.new_stamp())
    call.world.count("UpdateOptionalComponents", package.package_id)
    call.world.record_audit(30001, call.caller, call.here.code, package.package_id)
    return Work({})


@method("SMS_BootImagePackage.ReloadWinPeFromAdk")
def _reload_winpe(call: Call) -> Work:
    _demand_change(call)
    return call.site.boot_images.reload(call.package, call.here)


@method("SMS_BootImagePackage.ExportDefaultBootImage")
def _export_default(call: Call) -> Work:
    architecture = ARCHITECTURES.get(str(call.arguments["Architecture"]).lower())
    path = str(call.arguments["ExportImagePath"])
    # ASSUMED: export_arm64
    arm64 = call.world.switches["export_arm64"] == "accepted"
    if architecture is None or (architecture == ARCHITECTURES["arm64"] and not arm64):
        text = f"Architecture {call.arguments['Architecture']!r} is not known"
        raise provider_error(BAD_PARAMETER, text, "ExecMethod", BOOT_IMAGE)
    if call.arguments["ImageIndex"] != 1:
        raise provider_error(_NO_IMAGE, "The Windows PE of the kit has one image", "ExecMethod", BOOT_IMAGE)
    _demand_create(call, path)
    return call.site.boot_images.export(call.here, architecture, path)


def _demand_create(call: Call, path: str) -> None:
    """Raise the error of whoever may not make boot images, or of a path at which no file can be made."""
    if not call.account.may("create"):
        raise call.lacks_right("create")
    problem = paths.folder_problem(path, call.world)
    if problem:
        raise provider_error(problem, f"{path} cannot be written", "ExecMethod", BOOT_IMAGE, object_info=path)


@method("SMS_BootImagePackage.ExportSingleIndexImage")
def _export_index(call: Call) -> Work:
    target = str(call.arguments["ExportedImagePath"])
    _demand_create(call, target)
    wim = _one_image(call)
    call.world.wims[target.lower()] = wim
    call.world.count("ExportSingleIndexImage", target)
    return Work({}, 0, call.world.now + 60.0)


@method("SMS_BootImagePackage.ConvertToSingleIndexImage")
def _convert(call: Call) -> Work:
    path = str(call.arguments["SourceImagePath"])
    _demand_create(call, path)
    # ASSUMED: the file is changed where it lies; the reference has the parameters only.
    call.world.wims[path.lower()] = _one_image(call)
    call.world.count("ConvertToSingleIndexImage", path)
    return Work({}, 0, call.world.now + 60.0)


def _one_image(call: Call) -> Wim:
    path, index = str(call.arguments["SourceImagePath"]), call.arguments["ImageIndex"]
    problem = paths.problem(path, call.world, paths.reader_of(call.world, call.caller))
    if problem:
        raise _unreadable(problem, path)
    wim = exported(paths.wim(path, call.world, call.here, boot=False), index)
    if wim is None:
        raise provider_error(_NO_IMAGE, f"{path} has no image {index}", "ExecMethod", BOOT_IMAGE, object_info=path)
    return wim


def _unreadable(problem: int, path: str) -> WmiError:
    return provider_error(problem, f"The image {path} cannot be read", "ExecMethod", BOOT_IMAGE, object_info=path)


@method("SMS_BootImagePackage.UpdateImage", "SMS_BootImagePackage.UpdateDefaultImage")
def _update_images(call: Call) -> Work:
    if not call.account.may("modify"):
        raise call.lacks_right("modify")
    call.world.count("UpdateImages", call.here.code)
    # ASSUMED: update_image
    if call.world.switches["update_image"] == "nothing":
        return Work({})
    return call.site.boot_images.renew_default_images(call.here)
