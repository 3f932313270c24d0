# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes as a host describes them, in every form that is known (wire M-02; peers V-07), and as one object shows them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim import types
from ansible_collections.configmgr.content.plugins.module_utils._provider.schema import (
    ClassSchema,
    class_from,
    class_of_object,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman import markup

QUALIFIED = """
<CLASS NAME="SMS_Demo" SUPERCLASS="SMS_BaseClass">
  <QUALIFIER NAME="Abstract" TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER>
  <PROPERTY NAME="ID" TYPE="string" CLASSORIGIN="SMS_BaseClass" PROPAGATED="true">
    <QUALIFIER NAME="Key" TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER>
    <QUALIFIER NAME="read" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER>
  </PROPERTY>
  <PROPERTY.ARRAY NAME="Plan" TYPE="string">
    <QUALIFIER NAME="CIMTYPE" TYPE="string"><VALUE>object:SMS_ScheduleToken</VALUE></QUALIFIER>
    <QUALIFIER NAME="lazy" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER>
    <QUALIFIER NAME="write" TYPE="boolean"/>
  </PROPERTY.ARRAY>
  <PROPERTY NAME="Size" TYPE="uint32"><QUALIFIER NAME="lazy" TYPE="boolean"><VALUE>FALSE</VALUE></QUALIFIER></PROPERTY>
  <PROPERTY.REFERENCE NAME="Owner" REFERENCECLASS="SMS_Site"/>
  <METHOD NAME="Act" TYPE="uint32">
    <QUALIFIER NAME="static" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER>
    <PARAMETER NAME="Name" TYPE="string"><QUALIFIER NAME="in" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER></PARAMETER>
    <PARAMETER.ARRAY NAME="Found" TYPE="uint32"><QUALIFIER NAME="OUT" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER></PARAMETER.ARRAY>
  </METHOD>
</CLASS>
"""
BARE = '<CLASS NAME="Demo"><PROPERTY NAME="ID" TYPE="string"/><METHOD NAME="Act"><PARAMETER NAME="A" TYPE="string"/></METHOD></CLASS>'


def read(text: str) -> ClassSchema:
    found = class_from(markup.parse(text.encode()))
    assert found is not None
    return found


def test_qualifiers_tell_keys_objects_and_directions_in_any_spelling() -> None:
    demo = read(QUALIFIED)
    assert (demo.superclass, demo.abstract, demo.qualified, demo.keys) == ("SMS_BaseClass", True, True, ("ID",))
    identity, plan, size, owner = demo.properties
    assert (identity.origin, identity.read_only, identity.lazy) == ("SMS_BaseClass", True, False)
    assert (plan.type, plan.array, plan.lazy, plan.read_only) == ("object:SMS_ScheduleToken", True, True, False)
    assert plan.codec == types.array_of(types.EMBEDDED)
    assert (size.codec, size.lazy, size.read_only) == (types.UINT32, False, None)
    assert (owner.type, owner.codec) == ("reference", None)
    act = demo.method_named("ACT")
    assert act is not None
    assert act.static
    assert [each.name for each in act.inputs()] == ["Name"]
    assert [(each.name, each.array) for each in act.outputs()] == [("Found", True)]


def test_without_qualifiers_nothing_is_claimed() -> None:
    bare = read(BARE)
    (identity,), (act,) = bare.properties, bare.methods
    assert (bare.qualified, bare.abstract, bare.keys) == (False, None, ())
    assert (identity.key, identity.lazy, identity.read_only) == (None, None, None)
    assert act.static is None
    # Either way is possible, so the parameter is on both lists.
    assert [each.name for each in act.inputs()] == [each.name for each in act.outputs()] == ["A"]


@pytest.mark.parametrize("around", ["{}", '<w:Item xmlns:w="urn:w">{}</w:Item>', '<a xmlns="urn:any">{}</a>'])
def test_a_class_is_found_whatever_is_around_it(around: str) -> None:
    assert read(around.format(QUALIFIED)).name == "SMS_Demo"


@pytest.mark.parametrize("text", ["<nothing/>", "<CLASS/>", "<CLASS><PROPERTY/></CLASS>"])
def test_what_is_no_class_is_none(text: str) -> None:
    assert class_from(markup.parse(text.encode())) is None


def test_members_without_a_name_are_passed_over() -> None:
    found = read('<CLASS NAME="A"><PROPERTY TYPE="string"/><METHOD/><OTHER NAME="B"/><PROPERTY NAME="C"/></CLASS>')
    assert [each.name for each in found.properties] == ["C"]
    assert (found.properties[0].type, found.properties[0].codec) == ("", None)


def test_an_object_shows_names_and_only_the_types_that_its_form_proves() -> None:
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    element = markup.parse(
        f'<SMS_Demo {xsi}><Flag>true</Flag><Many>1</Many><Many>2</Many><Nothing xsi:nil="true"/>'
        '<Plan xsi:type="SMS_ST_RecurInterval_Type"><DaySpan>1</DaySpan></Plan>'
        "<When><Datetime>2026-01-01T00:00:00Z</Datetime></When></SMS_Demo>".encode()
    )
    found = class_of_object(element)
    assert found.source == "read"
    assert [(each.name, each.type, each.array) for each in found.properties] == [
        ("Flag", "", False),
        ("Many", "", True),
        ("Nothing", "", False),
        ("Plan", "object:SMS_ST_RecurInterval", False),
        ("When", "datetime", False),
    ]


def captures() -> Path:
    named = os.environ.get("CONFIGMGR_REFERENCE")
    places = [Path(named)] if named else [each / "shared" / "reference" for each in Path(__file__).resolve().parents]
    return next((each / "captures" for each in places if (each / "captures").is_dir()), Path("not here"))


with_reference = pytest.mark.skipif(not captures().is_dir(), reason="the recordings are not here (CONFIGMGR_REFERENCE)")


@with_reference
def test_a_class_of_a_windows_host_of_the_reference() -> None:
    text = (captures() / "windows" / "Win32_OperatingSystem_schema.xml").read_bytes()
    found = class_from(markup.parse(text))
    assert found is not None
    assert (found.name, found.superclass, found.qualified) == ("Win32_OperatingSystem", "CIM_OperatingSystem", False)
    assert len(found.properties) > 50
    assert all(each.codec is not None for each in found.properties)
    reboot = found.method_named("Win32ShutdownTracker")
    assert reboot is not None
    assert {each.name for each in reboot.inputs()} >= {"Timeout", "Comment"}


@with_reference
def test_a_class_of_another_implementation_of_the_reference() -> None:
    found = class_from(markup.parse((captures() / "omi" / "omi_getclass_cimxml.response.xml").read_bytes()))
    assert found is not None
    assert (found.name, found.keys, found.qualified) == ("SMS_BootImagePackage", ("PackageID",), True)
    assert {each.name for each in found.properties} >= {"OptionalComponents", "LastRefreshTime"}
