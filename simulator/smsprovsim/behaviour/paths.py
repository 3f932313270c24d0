# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider reads itself when it is asked about a path: images and source folders (wire A-13, behaviour 32)."""

from __future__ import annotations

from ..model import Caller, Work
from ..repository import provider_error
from ..world import Source, World

NOT_UNC, UNREADABLE, NOT_EMPTY = 1, 2, 4  # SMS_DriverPackage.CheckSourceFolder

# ASSUMED: the errors of an image that cannot be read are Win32 numbers, as those of a driver are (errors.yml).
_NOT_FOUND, _DENIED = 2, 5

# ASSUMED: form of the document; the reference says "XML document with the metadata of every index".
_PROPERTIES = '<WIM><IMAGE INDEX="1"><NAME>Windows</NAME></IMAGE></WIM>'


def _source(path: str, world: World) -> Source:
    return world.sources.get(path.rstrip("\\").lower(), Source())


def _reader(world: World, caller: Caller) -> str:
    """As whom the provider knocks at the share: empty for a network logon, which nobody can pass on (wire A-13)."""
    if world.switches["path_identity"] == "computer":  # ASSUMED: path_identity
        return "computer"
    return "user" if caller.delegated else ""


def _problem(path: str, world: World, caller: Caller) -> int:
    """Why the path cannot be read, as a Win32 number; 0 if it can. Who is not let in is not told what is missing."""
    source = _source(path, world)
    if source.problem == 2307 or _reader(world, caller) not in source.readers:
        return _DENIED
    return _NOT_FOUND if source.problem else 0


def image_properties(path: str, world: World, caller: Caller, class_name: str) -> Work:
    """GetImageProperties: reads an image file, makes nothing."""
    problem = _problem(path, world, caller) if path.startswith("\\\\") else _NOT_FOUND
    if not problem:
        return Work({"ImageProperty": _PROPERTIES})
    if world.switches["unreadable_path"] == "return_value":  # ASSUMED: unreadable_path
        return Work({"ImageProperty": None}, return_value=problem)
    raise provider_error(problem, f"The image {path} cannot be read", "ExecMethod", class_name)


def folder_result(path: str, world: World, caller: Caller) -> int:
    """CheckSourceFolder: bits that say what is wrong with a folder, 0 if it can be used."""
    if not path.startswith("\\\\"):
        return NOT_UNC
    if _problem(path, world, caller):
        return UNREADABLE
    # ASSUMED: a folder that no scenario lists is one with files in it.
    return 0 if _source(path, world).empty else NOT_EMPTY
