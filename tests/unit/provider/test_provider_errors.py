# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of the provider host as errors a person can read: the right kind, its own code and text, the next step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import (
    AccessDenied,
    Impossible,
    Interrupted,
    Locked,
    NamespaceMissing,
    NotFound,
    NotOnThisVersion,
    OperationFailed,
    ProviderError,
    explain,
    meaning,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError, WSManFault

WHAT = "RefreshPkgSource of SMS_Package PS100001 failed"
WHERE = "site PS1 on cmprov.contoso.test"
USER = "CONTOSO\\operator"


def reference() -> Path:
    """The page of error codes: where CONFIGMGR_REFERENCE says, or beside the checkout, from wherever the tests run."""
    named = os.environ.get("CONFIGMGR_REFERENCE")
    places = [Path(named)] if named else [each / "shared" / "reference" for each in Path(__file__).resolve().parents]
    pages = [each / "sms_provider" / "errors.yml" for each in places]
    return next((page for page in pages if page.is_file()), Path("not here"))


ERRORS = reference()


def wmi(
    hresult: int, reason: str = "The WS-Management service cannot process the request.", **extended: str
) -> WSManFault:
    """A fault in which WMI speaks: the service's own code outside, the HRESULT inside."""
    kind = "SMS_ExtendedStatus" if "ErrorCode" in extended else "__ExtendedStatus"
    return WSManFault(reason, code=2150859046, hresult=hresult, extended=extended, extended_class=kind)


def wsman(code: int, reason: str = "The service said no.", inner: int = 0) -> WSManFault:
    return WSManFault(reason, code=code, inner_code=inner)


def refused(error_code: int, description: str, **more: str) -> WSManFault:
    """A fault in which the SMS Provider speaks (behaviour 118)."""
    return wmi(0x80041001, ErrorCode=str(error_code), StatusCode="2147749889", Description=description, **more)


def told(fault: WSManFault) -> ProviderError:
    return explain(fault, WHAT, WHERE, USER)


FAMILIES = [
    # the SMS Provider's own codes come before WMI's
    (refused(1078462258, "User CONTOSO\\bob holds the lock. Error: 0x40480732"), Locked, "0x40480732", "closed"),
    (refused(0x42480C00, "No right"), AccessDenied, "0x42480C00", "Configuration Manager role"),
    (refused(0x42480C02, "No right, SQL says"), AccessDenied, "0x42480C02", "Configuration Manager role"),
    (refused(1078462229, "Source folder unreadable"), ProviderError, "1078462229", "SMSProv.log"),
    (refused(2152073733, "Not created here", CauseInfo="4"), ProviderError, "0x80460A05", "SMSProv.log"),
    (refused(183, "Driver is there already"), ProviderError, "Windows error 183", "SMSProv.log"),
    # WMI
    (wmi(0x80041002), NotFound, "WBEM_E_NOT_FOUND 0x80041002", "outside the scopes of CONTOSO\\operator"),
    (wmi(0x80041003), AccessDenied, "WBEM_E_ACCESS_DENIED 0x80041003", "CONTOSO\\operator was let in"),
    (wmi(0x8004100E), NamespaceMissing, "WBEM_E_INVALID_NAMESPACE", "Name a host"),
    (wmi(0x80041010), NotOnThisVersion, "WBEM_E_INVALID_CLASS", "update the site"),
    (wmi(0x8004102E), NotOnThisVersion, "WBEM_E_INVALID_METHOD", "update the site"),
    (wmi(0x80041017), ProviderError, "WBEM_E_INVALID_QUERY", "SMSProv.log"),
    (wmi(0x8004106C), ProviderError, "WBEM_E_QUOTA_VIOLATION", "ask for less"),
    (wmi(0x800410FE), ProviderError, "code 0x800410FE", "SMSProv.log"),
    # the service
    (wsman(5), AccessDenied, "0x00000005", "Remote Management Users"),
    (wsman(2150859012), AccessDenied, "0x80338104", "SMS Admins"),
    (wsman(2150859013), AccessDenied, "0x80338105", "SMS Admins"),
    (wsman(2150859014), AccessDenied, "0x80338106", "SMS Admins"),
    (wsman(2150858752), NotFound, "0x80338000", "outside the scopes of CONTOSO\\operator"),
    (wsman(2150858790), ProviderError, "0x80338026", "MaxEnvelopeSizekb"),
    (wsman(2150858805), ProviderError, "0x80338035", "max_envelope_size"),
    (wsman(2150858999, inner=5), AccessDenied, "0x00000005", "Remote Management Users"),
    (wsman(2150859999), ProviderError, "0x803384DF", "SMSProv.log"),
]


@pytest.mark.parametrize(("fault", "kind", "code", "step"), FAMILIES, ids=lambda each: getattr(each, "__name__", ""))
def test_a_refusal_is_of_its_kind_and_names_code_text_and_next_step(
    fault: WSManFault, kind: type[ProviderError], code: str, step: str
) -> None:
    error = told(fault)
    assert error.__class__ is kind
    text = str(error)
    assert text.startswith(f"{WHERE}: {WHAT}: ")
    assert code in text
    assert step in text
    said = fault.extended.get("Description", fault.reason)
    assert said.rstrip(".") in text
    assert text.endswith(".")
    assert ".." not in text
    assert error.fault is fault


def test_the_result_has_everything_the_provider_said_word_for_word() -> None:
    description = "User CONTOSO\\bob is  not able\nto get the lock.  Error: 0x40480732"
    error = told(
        refused(1078462258, description, ObjectInfo="CObjectLock", ParameterInfo='SMS_Package.PackageID="PS100001"')
    )
    assert error.as_result() == {
        "kind": "locked",
        "message": str(error),
        "what": WHAT,
        "where": WHERE,
        "hint": error.hint,
        "code": 0x80041001,
        "symbol": "WBEM_E_FAILED",
        "error_code": 1078462258,
        "description": description,
        "object_info": "CObjectLock",
        "parameter_info": 'SMS_Package.PackageID="PS100001"',
        "return_value": None,
    }
    # in the message, which is one line, only the white space differs
    assert "User CONTOSO\\bob is not able to get the lock. Error: 0x40480732" in str(error)
    assert "\n" not in str(error)


def test_a_return_value_is_a_refusal_too() -> None:
    error = ProviderError(WHAT, where=WHERE, return_value=2147749890)
    assert str(error) == (
        f"{WHERE}: {WHAT} (return value 2147749890). Look into SMSProv.log on the provider host for more."
    )
    assert (error.as_result()["return_value"], error.as_result()["code"]) == (2147749890, 0)


@pytest.mark.parametrize("text", ["1112017920", "0x42480C00", "0x42480c00", " 1112017920 "])
def test_a_code_is_read_however_it_is_written(text: str) -> None:
    error = told(wmi(0x80041001, ErrorCode=text))
    assert (type(error), error.error_code) == (AccessDenied, 0x42480C00)


@pytest.mark.parametrize(("text", "code"), [("-2147217407", 0x80041001), ("", 0), ("none", 0)])
def test_a_signed_or_absent_code(text: str, code: int) -> None:
    assert told(wmi(0x80041001, ErrorCode=text)).error_code == code


def test_where_is_not_said_twice() -> None:
    assert str(ProviderError(f"No package at {WHERE}", where=WHERE, hint="")) == f"No package at {WHERE}."


# reference: errors.yml, seen_codes and named_codes
MEANINGS = [
    (0x40480732, "internal, validate, parameter"),
    (0x40480715, "internal, validate, parameter, bad property"),
    (0x40480700, "internal, validate, parameter"),
    (0x42480C00, "security, validate, rights"),
    (0x80460A05, "internal, persist, instance, distribution source"),
    (0xC1480500, "SQL, validate, connection"),
    (0x80C20300, "file, open, data file"),
    (0xC2010E00, "memory, create, memory"),
    (4, "Windows error 4"),
    (183, "Windows error 183"),
    (1633, "Windows error 1633"),
    (2, "Windows error 2"),
    (13, "Windows error 13"),
    (0x80070005, "Windows error 5"),  # an HRESULT, no composite
    (0x80041001, ""),
]


@pytest.mark.parametrize(("code", "words"), MEANINGS, ids=lambda each: f"0x{each:X}" if isinstance(each, int) else "")
def test_what_a_code_is_about(code: int, words: str) -> None:
    assert meaning(code) == words


def test_a_code_without_a_meaning_leaves_no_gap_in_the_message() -> None:
    assert "(SMS Provider error 2147749889 = 0x80041001; WBEM_E_FAILED 0x80041001)" in str(
        told(refused(0x80041001, "No"))
    )


@pytest.mark.skipif(not ERRORS.exists(), reason="the reference is not here")
def test_every_code_that_was_seen_means_what_the_reference_says() -> None:
    seen: list[dict[str, Any]] = yaml.safe_load(ERRORS.read_text("utf-8"))["seen_codes"]
    assert len(seen) >= 11
    for each in seen:
        fields = each["fields"]
        if isinstance(fields, str):
            assert meaning(each["code"]) == f"Windows error {each['code']}"
        else:
            parts = [fields[name] for name in ("facility", "action", "object", "reason")]
            assert meaning(each["code"]) == ", ".join(
                part for part in parts if isinstance(part, str) and part != "none"
            )


def test_the_kinds_are_apart_and_only_a_stop_is_no_error() -> None:
    kinds: list[type[ConfigMgrError]] = [
        ProviderError,
        NotFound,
        AccessDenied,
        Locked,
        NamespaceMissing,
        NotOnThisVersion,
        Impossible,
        OperationFailed,
    ]
    assert len({kind.kind for kind in kinds}) == len(kinds)
    assert all(issubclass(kind, ConfigMgrError) for kind in kinds)
    assert not issubclass(Interrupted, Exception)  # no handler of failed requests may catch it
    assert Interrupted("told to stop").as_result() == {
        "kind": "interrupted",
        "message": "told to stop",
        "what": "told to stop",
        "where": "",
        "hint": "",
    }
