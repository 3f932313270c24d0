# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SMS Provider's refusals mean: from faults, SMS_ExtendedStatus and return values to errors a person can read."""

from __future__ import annotations

from typing import Any

from .._wsman.errors import ConfigMgrError, WSManFault

# WMI status codes (reference: errors.yml, wbem_codes) that need their own next step.
NOT_FOUND = 0x80041002
ACCESS_DENIED = 0x80041003
INVALID_NAMESPACE = 0x8004100E
INVALID_CLASS = 0x80041010
INVALID_QUERY = 0x80041017
INVALID_METHOD = 0x8004102E
QUOTA_VIOLATION = 0x8004106C
RESOURCE_NOT_FOUND = 2150858752  # wire F-01: what a missing object answers
WSMAN_ACCESS_DENIED = (5, 2150859012, 2150859013, 2150859014)  # wire H-14, S-06
ENVELOPE = (2150858790, 2150858805, 2150858824, 2150858825)

# SMS_ExtendedStatus.ErrorCode (reference: errors.yml, seen_codes).
LACKS_RIGHT = 0x42480C00
LOCKED = 0x40480732

_SYMBOLS = {
    0x80041001: "WBEM_E_FAILED",
    NOT_FOUND: "WBEM_E_NOT_FOUND",
    ACCESS_DENIED: "WBEM_E_ACCESS_DENIED",
    0x80041004: "WBEM_E_PROVIDER_FAILURE",
    0x80041008: "WBEM_E_INVALID_PARAMETER",
    0x8004100C: "WBEM_E_NOT_SUPPORTED",
    INVALID_NAMESPACE: "WBEM_E_INVALID_NAMESPACE",
    INVALID_CLASS: "WBEM_E_INVALID_CLASS",
    0x80041013: "WBEM_E_PROVIDER_LOAD_FAILURE",
    INVALID_QUERY: "WBEM_E_INVALID_QUERY",
    0x80041019: "WBEM_E_ALREADY_EXISTS",
    0x80041024: "WBEM_E_PROVIDER_NOT_CAPABLE",
    INVALID_METHOD: "WBEM_E_INVALID_METHOD",
    0x8004102F: "WBEM_E_INVALID_METHOD_PARAMETERS",
    0x80041032: "WBEM_E_CALL_CANCELLED",
    0x80041033: "WBEM_E_SHUTTING_DOWN",
    0x80041045: "WBEM_E_SERVER_TOO_BUSY",
    0x80041069: "WBEM_E_TIMED_OUT",
    QUOTA_VIOLATION: "WBEM_E_QUOTA_VIOLATION",
}

# How a composite ErrorCode is made (reference: errors.yml, error_code_layout).
_FACILITY = {
    1: "internal",
    2: "network",
    3: "file",
    4: "COM",
    5: "SQL",
    6: "CIMOM",
    7: "base classes",
    8: "memory",
    9: "security",
    10: "registry",
}
_ACTION = {
    1: "create",
    2: "open",
    3: "delete",
    4: "read",
    5: "write",
    6: "persist",
    7: "instantiate",
    8: "validate",
    9: "execute",
    10: "lock or unlock",
}
_OBJECT = {
    1: "facility",
    2: "descriptor",
    3: "data file",
    4: "directory",
    5: "connection",
    6: "transaction",
    7: "parameter",
    8: "property",
    9: "method",
    10: "instance",
    11: "data",
    12: "rights",
    13: "row",
    14: "memory",
    15: "query",
    16: "collection",
    17: "user",
    18: "file line",
    19: "resource",
}
_REASON = {
    1: "Win32 API",
    2: "SQL",
    3: "COM",
    4: "package definition file",
    5: "distribution source",
    6: "collection",
    7: "site control file SQL",
    8: "site control file item",
    9: "advertisement source",
    10: "file exception",
    11: "site file",
    12: "read-only object",
    13: "timeout",
    14: "not found",
    15: "already exists",
    16: "bad handle",
    17: "corrupt data",
    18: "bad parameter",
    19: "network",
    20: "not supported",
    21: "bad property",
    22: "invalid method",
    23: "status message",
    24: "field number",
    25: "query source",
}

SMSPROV_LOG = "Look into SMSProv.log on the provider host for more"


def meaning(error_code: int) -> str:
    """What a composite SMS Provider code is about, in words; plain numbers up to 65535 are Windows errors.

    Empty for a code that is no composite: those have a facility.
    """
    if error_code <= 0xFFFF:
        return f"Windows error {error_code}"
    if error_code >> 16 == 0x8007:  # an HRESULT made of a Windows error
        return f"Windows error {error_code & 0xFFFF}"
    facility = _FACILITY.get(error_code >> 22 & 0x3F, "")
    if not facility:
        return ""
    parts = (
        facility,
        _ACTION.get(error_code >> 16 & 0x3F, ""),
        _OBJECT.get(error_code >> 8 & 0xFF, ""),
        _REASON.get(error_code & 0xFF, ""),
    )
    return ", ".join(part for part in parts if part)


class ProviderError(ConfigMgrError):
    """The SMS Provider or WMI refused. Code and text are the provider's own, word for word."""

    kind = "provider_error"

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        hint: str = SMSPROV_LOG,
        fault: WSManFault | None = None,
        return_value: int | None = None,
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        extended = fault.extended if fault else {}
        self.fault = fault
        self.return_value = return_value
        self.code = _status_of(fault) if fault else 0
        self.error_code = _number(extended.get("ErrorCode"))
        self.description = extended.get("Description") or (fault.reason if fault else "")
        self.object_info = extended.get("ObjectInfo") or ""
        self.parameter_info = extended.get("ParameterInfo") or ""

    def __str__(self) -> str:
        told = f"{self.where}: {self.what}" if self.where and self.where not in self.what else self.what
        told = told.rstrip(".")
        if self.description:
            told = f"{told}: {' '.join(self.description.split()).rstrip('.')}"
        codes = []
        if self.error_code:
            shown = f"SMS Provider error {self.error_code} = 0x{self.error_code:08X}"
            codes.append(", ".join(part for part in (shown, meaning(self.error_code)) if part))
        if self.code:
            symbol = _SYMBOLS.get(self.code)
            codes.append(f"{symbol + ' ' if symbol else 'code '}0x{self.code:08X}")
        if self.return_value is not None:
            codes.append(f"return value {self.return_value}")
        if codes:
            told = f"{told} ({'; '.join(codes)})"
        return f"{told}. {self.hint}".rstrip(". ") + "."

    def as_result(self) -> dict[str, Any]:
        result = super().as_result()
        result.update(
            code=self.code,
            symbol=_SYMBOLS.get(self.code, ""),
            error_code=self.error_code,
            description=self.description,
            object_info=self.object_info,
            parameter_info=self.parameter_info,
            return_value=self.return_value,
        )
        return result


class NotFound(ProviderError):
    """No such object, or it is outside the caller's scopes: the provider does not tell the two apart (wire S-06)."""

    kind = "not_found"


class AccessDenied(ProviderError):
    """A right is missing: on WinRM, on the WMI namespace, or in Configuration Manager."""

    kind = "access_denied"


class Locked(ProviderError):
    """Somebody has the object open for editing (SEDO lock, behaviour 35)."""

    kind = "locked"


class NamespaceMissing(ProviderError):
    """The host has no SMS Provider for this site."""

    kind = "namespace_missing"


class NotOnThisVersion(ProviderError):
    """The class or method is not there: the site is older than it (behaviour 121)."""

    kind = "not_on_this_version"


class Impossible(ConfigMgrError):
    """What is asked for contradicts what exists. Nothing was sent."""

    kind = "impossible"


class NotConverged(ConfigMgrError):
    """What was written reads back otherwise: the site kept other values."""

    kind = "not_converged"


class ChangedMeanwhile(ConfigMgrError):
    """Somebody changed the object between our reading and our writing. Nothing was written."""

    kind = "changed_meanwhile"


class OperationFailed(ConfigMgrError):
    """An operation was carried out and did not end well."""

    kind = "operation_failed"


class Interrupted(BaseException):
    """The task was told to stop (SIGTERM). It may come at any line, so no handler of failed requests may take it for one."""

    kind = "interrupted"

    def as_result(self) -> dict[str, Any]:
        """The `error` dictionary, as failures have it."""
        return {"kind": self.kind, "message": str(self), "what": str(self), "where": "", "hint": ""}


def explain(fault: WSManFault, what: str, where: str, user: str) -> ProviderError:
    """The error that fits a fault of the provider host, with its next step."""
    codes = fault.codes
    error_code = _number(fault.extended.get("ErrorCode"))
    if error_code == LOCKED:
        return Locked(
            what, where=where, fault=fault, hint="Ask for the object to be closed, or wait until the lock is given back"
        )
    if error_code & 0xFFFFFF00 == LACKS_RIGHT:
        hint = f"Give {user} a Configuration Manager role with this right on the object's class and scope; {SMSPROV_LOG[0].lower()}{SMSPROV_LOG[1:]}"
        return AccessDenied(what, where=where, fault=fault, hint=hint)
    if codes & set(WSMAN_ACCESS_DENIED) or ACCESS_DENIED in codes:
        if codes == {5}:  # WinRM looks first, and its own refusal has no error of WMI inside (wire H-14)
            hint = f"{user} was let in, but may not use WinRM: add it to Remote Management Users on the provider host"
        elif ACCESS_DENIED in codes:
            hint = (
                f"{user} was let in by WinRM, but not by WMI: it needs SMS Admins on the provider host, and a role in "
                "Configuration Manager"
            )
        else:
            hint = (
                f"{user} was let in, but may not do this: it needs Remote Management Users on the provider host, SMS Admins for "
                "the WMI namespace, and a role in Configuration Manager"
            )
        return AccessDenied(what, where=where, fault=fault, hint=hint)
    if INVALID_NAMESPACE in codes:
        return NamespaceMissing(
            what, where=where, fault=fault, hint="Name a host that has the SMS Provider of this site"
        )
    if codes & {INVALID_CLASS, INVALID_METHOD}:
        return NotOnThisVersion(
            what,
            where=where,
            fault=fault,
            hint="The site's version lacks this class or method; update the site, or leave this out",
        )
    if NOT_FOUND in codes or RESOURCE_NOT_FOUND in codes:
        return NotFound(what, where=where, fault=fault, hint=f"It does not exist, or is outside the scopes of {user}")
    if codes & set(ENVELOPE):
        hint = (
            "Ask for fewer properties, raise max_envelope_size, or have MaxEnvelopeSizekb raised on the provider host "
            '(winrm set winrm/config @{MaxEnvelopeSizekb="2048"})'
        )
        return ProviderError(what, where=where, fault=fault, hint=hint)
    if QUOTA_VIOLATION in codes:
        return ProviderError(
            what, where=where, fault=fault, hint="A WMI quota of the provider host is used up: ask for less at a time"
        )
    return ProviderError(what, where=where, fault=fault)


def _status_of(fault: WSManFault) -> int:
    """The most telling code of a fault: WMI's own before the service's."""
    status = _number(fault.extended.get("StatusCode"))
    return fault.hresult or status or fault.inner_code or fault.code


def _number(text: str | None) -> int:
    """A code as an unsigned number, however it was written."""
    try:
        return int(text or "0", 0) & 0xFFFFFFFF
    except ValueError:
        return 0
