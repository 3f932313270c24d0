# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies at a path: images, source folders, and who may read them (wire A-13, behaviour 32)."""

from __future__ import annotations

from ..images import Wim, supposed
from ..model import Caller, Work
from ..repository import provider_error
from ..world import SiteInfo, World

NOT_UNC, UNREADABLE, NOT_EMPTY = 1, 2, 4  # SMS_DriverPackage.CheckSourceFolder

# ASSUMED: the errors of an image that cannot be read are Win32 numbers, as those of a driver are (errors.yml).
_NOT_FOUND, _NO_FOLDER, _DENIED = 2, 3, 5


def reader_of(world: World, caller: Caller) -> str:
    """As whom the provider knocks at the share: empty for a network logon, which nobody can pass on (wire A-13)."""
    if world.switches["path_identity"] == "computer":  # ASSUMED: path_identity
        return "computer"
    return "user" if caller.delegated else ""


def problem(path: str, world: World, reader: str) -> int:
    """Why the path cannot be read, as a Win32 number; 0 if it can. Who is not let in is not told what is missing."""
    if not path.startswith("\\\\"):
        return _NOT_FOUND
    source = world.lying_at(path)
    if source.problem == 2307 or reader not in source.readers:
        return _DENIED
    if source.problem:
        return _NOT_FOUND
    listed = world.lists_images and path.lower().endswith(".wim")
    return _NOT_FOUND if listed and path.lower() not in world.wims else 0


def wim(path: str, world: World, site: SiteInfo, *, boot: bool) -> Wim:
    """The image file at a path that can be read; something fitting where the scenario says nothing about it."""
    return world.wims.get(path.lower()) or supposed(path, site.kit(), boot)


def folder_problem(path: str, world: World) -> int:
    """Why no file can be made at the path, as a Win32 number; 0 if one can. The provider writes with its own account."""
    folder = path.rpartition("\\")[0]
    if not path.startswith("\\\\") or folder.count("\\") < 3:
        return _NO_FOLDER
    source = world.lying_at(folder)
    if source.problem == 2307 or "computer" not in source.readers:
        return _DENIED
    known = {each.rpartition("\\")[0] for each in world.wims}
    listed = folder.lower() in known or folder.lower() in world.sources or not world.lists_images
    return 0 if listed and not source.problem else _NO_FOLDER


def image_properties(path: str, world: World, site: SiteInfo, caller: Caller, class_name: str) -> Work:
    """GetImageProperties: reads an image file, makes nothing."""
    found = problem(path, world, reader_of(world, caller))
    if not found:
        boot = class_name == "SMS_BootImagePackage"
        return Work({"ImageProperty": wim(path, world, site, boot=boot).metadata()})
    if world.switches["unreadable_path"] == "return_value":  # ASSUMED: unreadable_path
        return Work({"ImageProperty": None}, return_value=found)
    raise provider_error(found, f"The image {path} cannot be read", "ExecMethod", class_name)


def folder_result(path: str, world: World, caller: Caller) -> int:
    """CheckSourceFolder: bits that say what is wrong with a folder, 0 if it can be used."""
    if not path.startswith("\\\\"):
        return NOT_UNC
    if problem(path, world, reader_of(world, caller)):
        return UNREADABLE
    # ASSUMED: a folder that no scenario lists is one with files in it.
    return 0 if world.lying_at(path).empty else NOT_EMPTY
