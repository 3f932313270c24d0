# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods of SMS_ObjectLock."""

from __future__ import annotations

from ..model import Work
from .calls import Call, method
from .locks import is_locked


@method("SMS_ObjectLock.RequestLock")
def _request_lock(call: Call) -> Work:
    path = str(call.arguments["ObjectRelPath"])
    return Work(call.site.locks.request(path, call.caller, call.here.code, call.world.date()))


@method("SMS_ObjectLock.ReleaseLock")
def _release_lock(call: Call) -> Work:
    path = str(call.arguments["ObjectRelPath"])
    holder = call.site.locks.information(path)["AssignedUser"]
    call.site.locks.release(path, call.caller)
    if holder and call.site.locks.information(path)["AssignedUser"]:
        raise is_locked(path, call.caller.user, "ExecMethod")
    return Work({})


@method("SMS_ObjectLock.ReleaseAllLocks")
def _release_all_locks(call: Call) -> Work:
    call.site.locks.release_all(call.caller)
    return Work({})


@method("SMS_ObjectLock.GetLockInformation")
def _lock_information(call: Call) -> Work:
    return Work(call.site.locks.information(str(call.arguments["ObjectRelPath"])))
