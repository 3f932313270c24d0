# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded answers of implementations that are not ours: Windows hosts, and Microsoft's OMI.

The recordings are not part of this repository. They are looked for beside the checkout, or where CONFIGMGR_REFERENCE
says; without them this file is skipped.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.instance import Instance
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    DATETIME,
    EMBEDDED,
    STRING,
    UINT8,
    UINT32,
    UINT64,
    CimTime,
    Codec,
    Properties,
    array_of,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman import envelope, markup, names
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import WSManFault


def reference() -> Path | None:
    named = os.environ.get("CONFIGMGR_REFERENCE")
    places = [Path(named)] if named else [each / "shared" / "reference" for each in Path(__file__).resolve().parents]
    return next((each / "captures" for each in places if (each / "captures").is_dir()), None)


CAPTURES = reference()
pytestmark = pytest.mark.skipif(CAPTURES is None, reason="the recordings are not here (CONFIGMGR_REFERENCE)")

Values = dict[str, tuple[Codec, Any]]

BOOT_IMAGE: Values = {
    "LastRefreshTime": (DATETIME, CimTime(datetime(2024, 2, 29, 13, 5, 9), 0)),
    "SourceDate": (DATETIME, CimTime(datetime(2023, 12, 31, 23, 59, 59, 123456), 60)),
    "SecuredScopeNames": (array_of(STRING), ["Default", "OSD & more"]),
    "ISVData": (array_of(UINT8), [0, 255]),
    "DefaultImage": (BOOLEAN, True),
    "Manufacturer": (STRING, None),
}
CHANGED: Values = {
    "Description": (STRING, "changed by put"),
    "SecuredScopeNames": (array_of(STRING), ["only one"]),
    "OptionalComponents": (array_of(UINT32), [1, 2, 3]),
    "LastRefreshTime": (DATETIME, CimTime(datetime(2025, 3, 4, 5, 6, 7), 0)),
}
SERVICE: Values = {
    "Name": (STRING, "AJRouter"),
    "ExitCode": (UINT32, 1077),
    "InstallDate": (DATETIME, None),
    "Started": (BOOLEAN, False),
}
PACKAGE: Values = {
    "PackageID": (STRING, "PR100001"),
    "PackageSize": (UINT64, 5000000000),
    "RefreshPkgSourceFlag": (BOOLEAN, True),
}

# Answer: class, number of rows, and values of its first row.
OBJECTS: dict[str, tuple[str, int, Values]] = {
    "omi/omi_create.response.xml": ("ResourceCreated", 1, {}),
    "omi/omi_enum_EnumerateEPR.response.xml": ("EndpointReference", 2, {}),
    "omi/omi_enum_all.response.xml": ("", 0, {}),
    "omi/omi_enum_opt_max10.response.xml": ("SMS_Package", 10, PACKAGE),
    "omi/omi_get.response.xml": ("SMS_BootImagePackage", 1, BOOT_IMAGE),
    "omi/omi_get_two_keys.response.xml": (
        "SMS_DistributionPoint",
        1,
        {
            "ServerNALPath": (STRING, '["Display=\\\\DP9\\"]MSWNET:["SMS_SITE=PR1"]\\\\DP9\\'),
            "LastRefreshTime": (DATETIME, None),
        },
    ),
    "omi/omi_get_wmi_uri.response.xml": ("SMS_BootImagePackage", 1, BOOT_IMAGE),
    "omi/omi_identify_basic.response.xml": (
        "IdentifyResponse",
        1,
        {"ProductVendor": (STRING, "Open Management Infrastructure"), "ProductVersion": (STRING, "1.0.8-6")},
    ),
    "omi/omi_invoke_static_embedded_out.response.xml": ("SMS_ScheduleMethods_OUTPUT", 1, {"ReturnValue": (UINT32, 0)}),
    "omi/omi_invoke_string_arrays.response.xml": ("SMS_BootImagePackage_OUTPUT", 1, {"ReturnValue": (UINT32, 0)}),
    "omi/omi_pull_max10.response.xml": (
        "SMS_Package",
        10,
        {"PackageID": (STRING, "PR100002"), "PkgSourcePath": (STRING, "\\\\srv\\share\\pkg")},
    ),
    "omi/omi_put_embedded_type.response.xml": ("SMS_BootImagePackage", 1, CHANGED),
    "omi/omi_put_embedded_type_readback.response.xml": ("SMS_BootImagePackage", 1, CHANGED),
    "omi/omi_put_types_readback.response.xml": (
        "SMS_BootImagePackage",
        1,
        {**CHANGED, "RefreshSchedule": (EMBEDDED, None)},
    ),
    "omi/omi_wql_baseclass.response.xml": ("SMS_Package", 27, PACKAGE),
    "omi/omi_wql_props.response.xml": (
        "SMS_Package",
        1,
        {"PackageID": (STRING, "PR100001"), "Name": (STRING, 'Package 01 <&> "\u00c3\u00a9"')},
    ),
    "windows/Win32_Service.xml": ("Win32_Service", 211, SERVICE),
}

# Class schema as CIM-XML (wire M-02): the first class, the number of classes, its superclass, and its number of members.
SCHEMAS: dict[str, tuple[str, int, str, int]] = {
    "omi/omi_getclass_cimxml.response.xml": ("SMS_BootImagePackage", 1, "SMS_PackageBaseclass", 42),
    "windows/StdRegProv.xml": ("StdRegProv", 1, "", 20),
    "windows/Win32_LogicalDisk.xml": ("Win32_LogicalDisk", 1, "CIM_LogicalDisk", 45),
    "windows/Win32_OperatingSystem.xml": ("Win32_OperatingSystem", 1, "CIM_OperatingSystem", 69),
    "windows/Win32_OperatingSystem_schema.xml": ("Win32_OperatingSystem", 1, "CIM_OperatingSystem", 69),
    "windows/cim_class_schema.xml": ("CIM_Indication", 1174, "", 8),
}

# Fault: code, subcode, class of the error object, and a piece of its words.
FAULTS: dict[str, tuple[int, str, str, str]] = {
    "omi/omi_fault_malformed.response.xml": (0, "InternalError", "", "Failed to parse XML"),
    "omi/omi_fault_must_understand.response.xml": (0, "MustUnderstand", "", "Header not understood"),
    "omi/omi_invoke_provider_error.response.xml": (0, "InternalError", "OMI_Error", "differ in length"),
    "windows/cimerror.xml": (2147749904, "InternalError", "MSFT_WmiError", "The class test does not exist"),
    "windows/windows2012r2_get_notfound.response.xml": (
        2150858752,
        "DestinationUnreachable",
        "__ExtendedStatus",
        "cannot find the resource",
    ),
    "windows/windows_powershell_plugin_fault.response.xml": (
        2152992672,
        "InternalError",
        "",
        "WSManPluginReceiveResult",
    ),
}

REQUESTS = {"windows/cimquery.xml", "windows/delete_scheduled_task.xml", "windows/wql.xml"}


def read(name: str) -> bytes:
    assert CAPTURES is not None
    return (CAPTURES / name).read_bytes()


def opened(name: str) -> Element:
    """The answer, checked against the MessageID it relates to where it has one."""
    document = read(name)
    related = markup.parse(document).findtext(f"{{{names.SOAP}}}Header/{{{names.ADDRESSING}}}RelatesTo")
    answer = envelope.open_answer(document, related)
    assert answer is not None
    return answer


def rows(answer: Element) -> list[Element]:
    items = markup.child(answer, "Items")
    return [answer] if items is None else list(items)


def test_every_recorded_answer_is_in_a_table() -> None:
    assert CAPTURES is not None
    found = {each.relative_to(CAPTURES).as_posix() for each in CAPTURES.rglob("*.xml")}
    answers = {each for each in found if not each.endswith(".request.xml")} - REQUESTS
    assert answers == set(OBJECTS) | set(SCHEMAS) | set(FAULTS)


@pytest.mark.parametrize("name", OBJECTS)
def test_objects(name: str) -> None:
    class_name, count, values = OBJECTS[name]
    found = rows(opened(name))
    assert len(found) == count
    if found:
        assert markup.local(found[0].tag) == class_name
        first = Properties(found[0])
        assert {each: first.value(each, codec) for each, (codec, _unused) in values.items()} == {
            each: value for each, (_unused, value) in values.items()
        }


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas(name: str) -> None:
    found = rows(opened(name))
    first = found[0]
    assert (first.get("NAME"), len(found), first.get("SUPERCLASS", ""), len(first)) == SCHEMAS[name]


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str) -> None:
    code, subcode, extended_class, words = FAULTS[name]
    with pytest.raises(WSManFault) as caught:
        opened(name)
    found = caught.value
    assert (found.code, found.subcode, found.extended_class) == (code, subcode, extended_class)
    assert words in found.reason


@pytest.mark.parametrize("name", ["omi/omi_put_embedded_type.response.xml", "omi/omi_get.response.xml"])
def test_a_recorded_object_goes_back_as_it_came(name: str) -> None:
    instance = Instance(opened(name), "root/sms/site_PR1")
    again = Instance(markup.parse(instance.changed({})), "root/sms/site_PR1")
    assert again.names() == instance.names()
    for each in instance.names():
        assert again.guess(each) == instance.guess(each)
    tokens, before = (each.value("RefreshSchedule", array_of(EMBEDDED)) for each in (again, instance))
    assert tokens == before
    assert len(tokens) == 2
