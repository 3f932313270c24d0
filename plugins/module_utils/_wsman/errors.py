# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between us and a provider host, told apart by one question: can the far side have acted?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Leaves = Sequence["tuple[str, str]"]


class ConfigMgrError(Exception):
    """Something a user can read: what failed, where, and what to do. Never holds a secret.

    `sent`: whether a message had left for the far side when it failed.
    """

    kind = "error"
    sent = False

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        said = self.what.rstrip(".")
        if self.where and self.where not in said:
            said = f"{self.where}: {said}"
        return f"{said}. {self.hint}".rstrip()

    def as_result(self) -> dict[str, Any]:
        """The `error` dictionary of a failed module."""
        return {"kind": self.kind, "message": str(self), "what": self.what, "where": self.where, "hint": self.hint}


class BadValue(ConfigMgrError, ValueError):
    """A value cannot be put on the wire, or cannot be read from it. Nothing was sent."""

    kind = "bad_value"


class CannotConnect(ConfigMgrError):
    """Name, TCP, TLS or proxy failed before anything was sent. `transient`: trying again may help."""

    kind = "cannot_connect"

    def __init__(self, what: str, *, where: str = "", hint: str = "", transient: bool = True) -> None:
        super().__init__(what, where=where, hint=hint)
        self.transient = transient


class NotAuthenticated(ConfigMgrError):
    """The far side knows us not. `after_success`: it did on this very session before, so one new login is worth it.

    `rejected`: it refused the credential itself, so that another attempt, anywhere, could lock the account.
    """

    kind = "not_authenticated"

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", after_success: bool = False, rejected: bool = False
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.after_success = after_success
        self.rejected = rejected
        self.sent = after_success


class LibraryMissing(NotAuthenticated):
    """A Python library this authentication method needs is not installed here."""

    kind = "library_missing"


class NotExecuted(ConfigMgrError):
    """The request was refused before it was carried out (wire R-06). `fault` is the far side's answer, if it gave one."""

    kind = "not_executed"
    sent = True

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", transient: bool = True, fault: WSManFault | None = None
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.transient = transient
        self.fault = fault

    def as_result(self) -> dict[str, Any]:
        result = super().as_result()
        if self.fault is not None:
            result["code"] = self.fault.code
        return result


class OutcomeUnknown(ConfigMgrError):
    """The request went out and no usable answer came back: the far side may have acted.

    `timed_out_at_server`: the service itself said that its time limit ended the wait (2150858793), which is the normal
    course of long methods (wire I-09, S-11).
    """

    kind = "outcome_unknown"
    sent = True

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        hint: str = "",
        timed_out_at_server: bool = False,
        fault: WSManFault | None = None,
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.timed_out_at_server = timed_out_at_server
        self.fault = fault

    def as_result(self) -> dict[str, Any]:
        result = super().as_result()
        result["timed_out_at_server"] = self.timed_out_at_server
        if self.fault is not None:
            result["code"] = self.fault.code
        return result


class ListBroken(ConfigMgrError):
    """A list broke off after rows had been handed out: it is not complete, and may be asked for again from the start."""

    kind = "list_broken"


class WSManFault(ConfigMgrError):
    """The WS-Management service, or WMI behind it, refused. All codes are unsigned 32-bit numbers (wire F-02).

    `code` is the outer code, `inner_code` the one below it (0 if none), `details` every leaf of the fault's detail,
    `extended` the leaves of the SMS_ExtendedStatus, __ExtendedStatus or error object named by `extended_class`.
    """

    kind = "wsman_fault"

    def __init__(
        self,
        reason: str = "",
        *,
        code: int = 0,
        inner_code: int = 0,
        hresult: int = 0,
        subcode: str = "",
        fault_detail: str = "",
        details: Leaves = (),
        extended: Mapping[str, str] | None = None,
        extended_class: str = "",
        provider: str = "",
        what: str = "",
        where: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(what or "The provider host refused the request", where=where, hint=hint)
        self.reason = reason
        self.code = code
        self.inner_code = inner_code
        self.hresult = hresult
        self.subcode = subcode
        self.fault_detail = fault_detail
        self.details = tuple(details)
        self.extended = dict(extended or {})
        self.extended_class = extended_class
        self.provider = provider

    @property
    def codes(self) -> frozenset[int]:
        """Every code the fault carries: outer, inner, and the HRESULT of WMI."""
        return frozenset(code for code in (self.code, self.inner_code, self.hresult) if code)

    def __str__(self) -> str:
        told = self.what.rstrip(".")
        if self.where and self.where not in told:
            told = f"{self.where}: {told}"
        reason = " ".join(self.reason.split()).rstrip(".")
        if reason:
            told = f"{told}: {reason}"
        named = [str(self.code)] if self.code else []
        named += [f"0x{code:08X}" for code in (self.inner_code, self.hresult) if code and code != self.code]
        if not named and self.subcode:
            named = [self.subcode]
        if named:
            told = f"{told} (WS-Management fault {', '.join(dict.fromkeys(named))})"
        return f"{told}. {self.hint}".rstrip()

    def as_result(self) -> dict[str, Any]:
        result = super().as_result()
        result.update(
            code=self.code,
            codes=sorted(self.codes),
            subcode=self.subcode,
            reason=self.reason,
            fault_detail=self.fault_detail,
            extended_class=self.extended_class,
            extended=dict(self.extended),
        )
        return result
