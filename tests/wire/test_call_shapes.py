# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds every call of every test over sockets against the list of the provider's methods would notice a wrong one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    EMBEDDED,
    STRING,
    UINT32,
    array_of,
)
from call_shapes import misfits

KEY = {"PackageID": "PS100004"}
POINTS = {"SiteCode": (array_of(STRING), ["PS1"]), "NALPath": (array_of(STRING), ["x"])}


@pytest.mark.parametrize(
    ("class_name", "method", "keys", "arguments", "outputs"),
    [
        ("SMS_BootImagePackage", "RefreshPkgSource", KEY, None, None),
        ("SMS_BootImagePackage", "RefreshPkgSource", KEY, {"ContextID": (STRING, "x")}, None),
        ("SMS_ImagePackage", "AddDistributionPoints", KEY, POINTS, None),
        ("SMS_BootImagePackage", "UpdateOptionalComponents", KEY, {"ComponentIds": (array_of(STRING), ["1"])}, None),
        ("SMS_ScheduleMethods", "ReadFromString", None, {"StringData": (STRING, "x")}, {"TokenData": array_of(EMBEDDED)}),
        ("SMS_Nobody", "Knows", None, {"Anything": (STRING, "x")}, None),
    ],
)  # fmt: skip
def test_a_call_that_fits(class_name: str, method: str, keys: Any, arguments: Any, outputs: Any) -> None:
    assert misfits(class_name, method, keys, arguments, outputs) == []


@pytest.mark.parametrize(
    ("method", "keys", "arguments", "outputs", "told"),
    [
        ("RefreshPkgSource", KEY, {"ContextId": (STRING, "x")}, None, "has no parameter ContextId"),
        ("RefreshPkgSource", None, None, None, "of an object and was sent no key"),
        ("UpdateImage", KEY, None, None, "static and was sent keys"),
        ("AddDistributionPoints", KEY, {"SiteCode": POINTS["SiteCode"]}, None, "lacks NALPath"),
        ("SetSourceSite", KEY, {"SourceSite": (STRING, None)}, None, "lacks SourceSite"),
        ("UpdateOptionalComponents", KEY, {"ComponentIds": (array_of(UINT32), [1])}, None, "ComponentIds is string[]"),
        ("DeleteContextID", None, {"ContextID": (array_of(STRING), ["x"])}, None, "sent as string[]"),
        ("GetImageProperties", None, {"SourceImagePath": (STRING, "x")}, {"Image": STRING}, "Image is None"),
        ("QueryOSDBinaryInjectionStatus", None, {"ContextID": (STRING, "x")}, {"Status": BOOLEAN}, "read as boolean"),
    ],
)
def test_a_call_that_does_not(method: str, keys: Any, arguments: Any, outputs: Any, told: str) -> None:
    (wrong,) = misfits("SMS_BootImagePackage", method, keys, arguments, outputs)
    assert told in wrong
