# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods around offline servicing and its schedules."""

from __future__ import annotations

from .. import interval_strings
from ..model import Work
from ..repository import provider_error
from .calls import Call, method
from .servicing import SERVICED
from .writes import BAD_PARAMETER


@method("SMS_ImagePackage.RunOfflineServicingManager", "SMS_VhdPackage.RunOfflineServicingManager")
def _run(call: Call) -> Work:
    code, server = str(call.arguments["SiteCode"]), str(call.arguments["ServerName"])
    site = call.world.sites.get(code.upper())
    if site is None or site.server.lower() != server.lower():
        raise _bad(call, f"{server} is no server of site {code}")
    package = call.seen_package(call.arguments["PackageID"])
    if package.class_name not in SERVICED:
        raise _bad(call, f"{package.package_id} is no image")
    wanted = call.arguments.get("PackageType")
    if wanted is not None and wanted != package.record.values["PackageType"]:
        raise _bad(call, f"{package.package_id} is not of type {wanted}")
    call.demand("modify", package.record)
    call.world.count("RunOfflineServicingManager", package.package_id)
    call.site.servicing.wake()
    return Work({})


def _bad(call: Call, text: str) -> Exception:
    return provider_error(BAD_PARAMETER, text, "ExecMethod", call.class_name)


@method("SMS_ScheduleMethods.ReadFromString")
def _read(call: Call) -> Work:
    try:
        return Work({"TokenData": interval_strings.decode(str(call.arguments["StringData"]))})
    except ValueError as error:
        raise _bad(call, str(error)) from error


@method("SMS_ScheduleMethods.WriteToString")
def _write(call: Call) -> Work:
    try:
        return Work({"StringData": interval_strings.encode(call.arguments["TokenData"] or [])})
    except ValueError as error:
        raise _bad(call, str(error)) from error
