# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot image module does beside declaring: progress of a build, export from the kit, and calls for emergencies."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable

from .._cim.types import STRING, UINT32, array_of
from .._provider.errors import Impossible, NotConverged, OperationFailed, ProviderError
from .._provider.site import Site
from .._wsman.errors import OutcomeUnknown
from . import boot_wim
from .boot_components import read_catalogue
from .boot_options import Edit
from .boot_write import LongWrite
from .build import COMPLETE, ERROR, IN_PROGRESS, BuildStatus, add_progress, context_for, forget, read_status
from .module import Task, run_task
from .options import UNC_PATH, demand_seconds
from .resource import Resource
from .selection import checked_ids

# -- status ----------------------------------------------------------------------------------------------------------

STATUS_SPEC: dict[str, Any] = {
    "package_id": {"type": "str"},
    "context_id": {"type": "str"},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "wait_interval": {"type": "float", "default": 10.0},
    "fail": {"type": "bool", "default": True},
    "delete_context": {"type": "bool", "default": False},
}


def run_boot_status(resource: Resource) -> None:
    """The whole module `cm_boot_image_status`."""
    rules = {"required_one_of": [("package_id", "context_id")], "mutually_exclusive": [("package_id", "context_id")]}
    run_task(STATUS_SPEC, lambda task: boot_status(task, resource), **rules)


def boot_status(task: Task, resource: Resource) -> Mapping[str, Any]:
    """How far a build is; the record of one that has ended is dropped if asked for. Raises OperationFailed when the wait ends."""
    params = task.params
    demand_seconds(params, "wait_timeout", "wait_interval")
    site = task.site
    context_id = params["context_id"] or _context_of(site, resource, params["package_id"])
    status, progress = _follow(task, resource, context_id)
    deleted = params["delete_context"] and status.status in (COMPLETE, ERROR)
    if deleted and not task.check_mode:
        forget(site, resource.wmi_class, context_id)
    result: dict[str, Any] = {
        "changed": deleted,
        "context_id": context_id,
        "build": {**status.as_result(), "progress": progress},
        "requests": site.requests,
        "site_code": site.code,
    }
    if params["fail"] and status.status == ERROR:
        result.update(failed=True, msg=f"Build {context_id}: {status.failure}")
    return result


def _context_of(site: Site, resource: Resource, package_id: str) -> str:
    """The ContextID under which this collection builds an image; that of the last Put where nothing is known under it."""
    (wanted,) = checked_ids([package_id])
    ours = context_for(site, wanted)
    if read_status(site, resource.wmi_class, ours).status in (COMPLETE, ERROR, IN_PROGRESS):
        return ours
    return site.get(resource.wmi_class, wanted).value("ContextID", STRING) or ours


def _follow(task: Task, resource: Resource, context_id: str) -> tuple[BuildStatus, list[str]]:
    clock, params = task.site.means.clock, task.params
    began = clock.now()
    progress: list[str] = []
    while True:
        status = read_status(task.site, resource.wmi_class, context_id)
        if status.status in (COMPLETE, ERROR, IN_PROGRESS):
            add_progress(progress, clock, status)
        if status.status != IN_PROGRESS or not params["wait"]:
            return status, progress
        if clock.now() - began > params["wait_timeout"]:
            raise OperationFailed(
                f"The build {context_id} has not ended within {params['wait_timeout']:g} s; it is at {status.percent} %",
                where=task.site.where,
                hint="Ask again later, or with a longer wait_timeout",
            )
        clock.sleep(params["wait_interval"])


# -- export ----------------------------------------------------------------------------------------------------------

EXPORT_SPEC: dict[str, Any] = {
    "architecture": {"type": "str", "required": True, "choices": ["x86", "x64", "arm64"]},
    "path": {"type": "str", "required": True},
    "image_index": {"type": "int", "default": 1},
    "force": {"type": "bool", "default": False},
    "export_timeout": {"type": "float", "default": 1800.0},
    "wait_interval": {"type": "float", "default": 10.0},
}


def run_boot_export(resource: Resource) -> None:
    """The whole module `cm_boot_image_export`."""
    run_task(EXPORT_SPEC, lambda task: boot_export(task, resource))


def boot_export(task: Task, resource: Resource) -> Mapping[str, Any]:
    """Have a WIM of the kit's Windows PE at a path. Raises Impossible for what is there and is something else."""
    params = task.params
    demand_seconds(params, "export_timeout", "wait_interval")
    path = UNC_PATH.check(params["path"], "path")
    site = task.site
    found = _images(site, resource, path)
    here = boot_wim.architecture_word(found.get(1, {}).get("architecture"))
    if found and not params["force"]:
        if here and here != params["architecture"]:
            raise Impossible(
                f"{path} is there, and is for {here}, not for {params['architecture']}",
                hint="Give another path, or set force to write over it",
            )
        return _exported(site, path, found, changed=False)
    if not task.check_mode:
        with one_at_a_time(site.address):
            _export(task, resource, path, found)
        found = _images(site, resource, path)
    return _exported(site, path, {} if task.check_mode else found, changed=True)


def _exported(site: Site, path: str, images: Mapping[int, Mapping[str, str]], changed: bool) -> Mapping[str, Any]:
    image = images.get(1, {})
    return {
        "changed": changed,
        "path": path,
        "architecture": boot_wim.architecture_word(image.get("architecture")) or None,
        "os_version": image.get("os version") or None,
        "requests": site.requests,
        "site_code": site.code,
    }


def _images(site: Site, resource: Resource, path: str) -> dict[int, dict[str, str]]:
    """What lies at the path; empty if nothing does, or if it cannot be read with this login."""
    try:
        return boot_wim.read_images(site, resource.wmi_class, path)
    except ProviderError:
        return {}


def _export(task: Task, resource: Resource, path: str, before: Mapping[int, Any]) -> None:
    """The one call. A host that ends the wait for its answer is the normal course; then the file shows it."""
    params, clock = task.params, task.site.means.clock
    arguments = {
        "Architecture": (STRING, params["architecture"]),
        "ImageIndex": (UINT32, params["image_index"]),
        "ExportImagePath": (STRING, path),
    }
    longest = params["export_timeout"]
    write = LongWrite(
        task.site,
        lambda site: site.call(resource.wmi_class, "ExportDefaultBootImage", arguments=arguments, timeout=longest),
        "export",
    )
    began = clock.now()
    write.wait(clock, params["wait_interval"], longest)
    if write.error is None and write.ended:
        return
    if write.error is not None and not isinstance(write.error, OutcomeUnknown):
        raise write.error
    while clock.now() - began <= longest:
        images = _images(task.site, resource, path)
        if images and images != before:
            return
        clock.sleep(params["wait_interval"])
    raise OperationFailed(
        f"The export to {path} was sent once, its answer was lost, and nothing new can be read there after {longest:g} s",
        where=task.site.where,
        hint="Look at the file on the share. It is read through the provider, which takes a login that can be passed on (CredSSP, or Kerberos with delegation)",
    ) from write.error


@contextmanager
def one_at_a_time(address: str) -> Iterator[None]:
    """Let one export run on a provider host at a time (behaviour 95), among all tasks on this machine, whatever they call the host."""
    name = f"configmgr-export-{hashlib.sha256(address.encode()).hexdigest()[:16]}-{os.getuid()}"
    number = os.open(os.path.join(tempfile.gettempdir(), name), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


# -- maintenance -----------------------------------------------------------------------------------------------------

LOOK_INTERVAL = 10.0  # seconds
OF_THE_SITE = {"update_default_image": "UpdateDefaultImage", "update_image": "UpdateImage"}
OF_AN_IMAGE = {
    "reload_image_properties": "ReloadImageProperties",
    "update_optional_components": "UpdateOptionalComponents",
}
MAINTENANCE_SPEC: dict[str, Any] = {
    "action": {"type": "str", "required": True, "choices": [*OF_THE_SITE, *OF_AN_IMAGE]},
    "confirm": {"type": "str"},
    "package_id": {"type": "str"},
    "optional_components": {"type": "list", "elements": "str"},
    "component_language": {"type": "int"},
    "call_timeout": {"type": "float", "default": 3600.0},
}


def run_boot_maintenance(resource: Resource) -> None:
    """The whole module `cm_boot_image_maintenance`."""
    needed = [
        *(("action", name, ["confirm"]) for name in OF_THE_SITE),
        *(("action", name, ["package_id"]) for name in OF_AN_IMAGE),
        ("action", "update_optional_components", ["optional_components"]),
    ]
    run_task(MAINTENANCE_SPEC, lambda task: boot_maintenance(task, resource), required_if=needed)


def boot_maintenance(task: Task, resource: Resource) -> Mapping[str, Any]:
    """One call that no role makes."""
    action = task.params["action"]
    demand_seconds(task.params, "call_timeout")
    if action in OF_THE_SITE:
        return _of_the_site(task, resource, OF_THE_SITE[action])
    (package_id,) = checked_ids([task.params["package_id"]])
    if action == "reload_image_properties":
        return _reload_properties(task, resource, package_id)
    return _update_components(task, resource, package_id)


def _of_the_site(task: Task, resource: Resource, method: str) -> Mapping[str, Any]:
    """A static method without parameters; what it does is not public (behaviour 87)."""
    site, params = task.site, task.params
    if (params["confirm"] or "").strip().upper() != site.code:
        raise Impossible(
            f"confirm is {params['confirm']!r}, and the site is {site.code}",
            where=site.where,
            hint=f"{method} works on boot images that nobody names; write the code of the site there if that is meant",
        )
    if task.check_mode:
        task.warn(f"What {method} would change cannot be predicted: its effect is not public")
    else:
        _call(task, lambda session: session.call(resource.wmi_class, method, timeout=params["call_timeout"]), method)
    return {"changed": True, "predictable": False, "requests": site.requests, "site_code": site.code}


def _call(task: Task, work: Callable[[Site], Any], method: str) -> None:
    """A call that may last for minutes. A lost answer is not settled here, and says so."""
    clock, longest = task.site.means.clock, task.params["call_timeout"]
    write = LongWrite(task.site, work, method)
    write.wait(clock, LOOK_INTERVAL, longest)
    if write.error is not None:
        raise write.error
    if not write.ended:
        raise OutcomeUnknown(
            f"{method} was not answered within {longest:g} s",
            where=task.site.where,
            hint="Look into SMSProv.log on the provider host before it is sent again.",
        )


def _reload_properties(task: Task, resource: Resource, package_id: str) -> Mapping[str, Any]:
    """Have the site read the metadata of the WIM again, and keep them (behaviour 88). Unchanged where they are as before."""
    site = task.site
    before = site.get(resource.wmi_class, package_id)
    told = before.value("ImageProperty", STRING) or ""
    path = before.value("ImagePath", STRING) or ""
    fresh = _images(site, resource, path)
    predictable = bool(fresh)
    changed = fresh != boot_wim.images_in(told) if predictable else True
    if changed and not task.check_mode:
        site.call(resource.wmi_class, "ReloadImageProperties", {"PackageID": package_id})
        after = site.get(resource.wmi_class, package_id)  # nothing read before the call is ever put after it
        if (after.value("ImageProperty", STRING) or "") == told:
            _call(task, lambda session: session.put(after, {}), "Put")
            after = site.get(resource.wmi_class, package_id)
        told_after = after.value("ImageProperty", STRING) or ""
        if told_after == told and predictable:
            raise NotConverged(
                f"The site took ReloadImageProperties of {package_id} and still shows the metadata from before",
                where=site.where,
                hint="Look into SMSProv.log on the provider host for more",
            )
        changed = told_after != told
        fresh = boot_wim.images_in(told_after)
    return {
        "changed": changed,
        "predictable": predictable,
        "images": {str(index): image for index, image in (fresh or boot_wim.images_in(told)).items()},
        "requests": site.requests,
        "site_code": site.code,
    }


def _update_components(task: Task, resource: Resource, package_id: str) -> Mapping[str, Any]:
    """Replace the list of components by the method for it; the next build puts them in."""
    site, params = task.site, task.params
    found = site.get(resource.wmi_class, package_id)
    architecture = boot_wim.architecture_word(found.value("Architecture", STRING))
    catalogue = read_catalogue(site, architecture, params["component_language"])
    present = found.value("OptionalComponents", array_of(UINT32)) or []
    wanted = catalogue.resolve(Edit(tuple(params["optional_components"])), present)
    changed = sorted(wanted) != sorted(present)
    if changed and not task.check_mode:
        arguments = {"ComponentIds": (array_of(STRING), [str(each) for each in wanted])}
        site.call(resource.wmi_class, "UpdateOptionalComponents", {"PackageID": package_id}, arguments)
    return {
        "changed": changed,
        "predictable": True,
        "optional_components": catalogue.names(wanted),
        "diff": {
            "before": {"optional_components": catalogue.names(present)},
            "after": {"optional_components": catalogue.names(wanted)},
        },
        "requests": site.requests,
        "site_code": site.code,
    }
