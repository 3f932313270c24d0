# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods of SMS_ObjectLock (behaviour 35 to 39)."""

from __future__ import annotations

from collections.abc import Callable

from ..model import Embedded, Value, Work
from .calls import Call, method
from .locks import REQUESTED, Request, is_locked


def _ask(call: Call, path: str) -> tuple[Request, float | None]:
    transfer = bool(call.arguments.get("RequestTransfer"))
    return call.site.locks.request(path, call.caller, call.here.code, transfer=transfer)


@method("SMS_ObjectLock.RequestLock")
def _request_lock(call: Call) -> Work:
    request, due = _ask(call, str(call.arguments["ObjectRelPath"]))
    return _answer_later(call, request, due)


def _answer_later(call: Call, request: Request, due: float | None) -> Work:
    """The answer about a request as it stands when the other site has spoken."""
    return _at_end(call, due, lambda: call.site.locks.answer(request.identity))


def _at_end(call: Call, due: float | None, outputs: Callable[[], dict[str, Value]]) -> Work:
    def settled() -> dict[str, Value]:
        with call.world.lock:
            call.world.settle()
            return outputs()

    return Work(outputs(), 0, due, at_end=settled if due is not None else None)


@method("SMS_ObjectLock.RequestLockAsync")
def _request_lock_async(call: Call) -> Work:
    request, _due = _ask(call, str(call.arguments["ObjectRelPath"]))
    return Work({"RequestID": request.identity})


@method("SMS_ObjectLock.RequestLocks")
def _request_locks(call: Call) -> Work:
    asked = [_ask(call, str(path)) for path in call.arguments["ObjectRelPaths"] or []]
    due = max((due for _request, due in asked if due is not None), default=None)
    return _at_end(call, due, lambda: {"ObjectLockRequests": [_row(call, request) for request, _due in asked]})


@method("SMS_ObjectLock.RequestLocksAsync")
def _request_locks_async(call: Call) -> Work:
    asked = [_ask(call, str(path))[0] for path in call.arguments["ObjectRelPaths"] or []]
    return Work({"ObjectLockRequests": [_row(call, request) for request in asked]})


def _row(call: Call, request: Request) -> Embedded:
    values = {"ObjectRelPath": request.path, **call.site.locks.answer(request.identity)}
    return Embedded("SMS_ObjectLockRequest", values)


@method("SMS_ObjectLock.CheckLockRequest")
def _check(call: Call) -> Work:
    identity = str(call.arguments["RequestID"])
    request = call.site.locks.asked(identity)
    patience = float(call.arguments.get("Timeout") or 0)
    if request is None or request.state != REQUESTED or not patience:
        return Work(call.site.locks.answer(identity))
    return _answer_later(call, request, min(request.due, call.world.now + patience))


@method("SMS_ObjectLock.CheckLockRequests")
def _check_many(call: Call) -> Work:
    found = [call.site.locks.asked(str(each)) for each in call.arguments["RequestIDs"] or []]
    return Work({"ObjectLockRequests": [_row(call, request) for request in found if request is not None]})


@method("SMS_ObjectLock.CancelLockRequest")
def _cancel(call: Call) -> Work:
    call.site.locks.cancel(str(call.arguments["RequestID"]))
    return Work({})


@method("SMS_ObjectLock.CancelLockRequests")
def _cancel_many(call: Call) -> Work:
    for identity in call.arguments["RequestIDs"] or []:
        call.site.locks.cancel(str(identity))
    return Work({})


@method("SMS_ObjectLock.ReleaseLock")
def _release_lock(call: Call) -> Work:
    _release(call, str(call.arguments["ObjectRelPath"]))
    return Work({})


@method("SMS_ObjectLock.ReleaseLocks")
def _release_locks(call: Call) -> Work:
    for path in call.arguments["ObjectRelPaths"] or []:
        _release(call, str(path))
    return Work({})


def _release(call: Call, path: str) -> None:
    call.site.locks.demand_machine(path, call.caller)
    if not call.site.locks.release(path, call.caller):
        raise is_locked(path, call.caller.user, "ExecMethod")


@method("SMS_ObjectLock.ReleaseAllLocks")
def _release_all_locks(call: Call) -> Work:
    call.site.locks.demand_machine("SMS_ObjectLock", call.caller)
    call.site.locks.release_all(call.caller)
    return Work({})


@method("SMS_ObjectLock.GetLockInformation")
def _lock_information(call: Call) -> Work:
    return Work(call.site.locks.information(str(call.arguments["ObjectRelPath"])))
