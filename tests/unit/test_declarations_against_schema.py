# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection declares of the SMS Provider, held against the simulator's schema and, where it is present, the reference."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    DATETIME,
    EMBEDDED,
    SINT32,
    STRING,
    UINT8,
    UINT32,
    UINT64,
    Codec,
    array_of,
)
from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._content.package import (
    PACKAGE_PROPERTIES,
    PACKAGE_TYPES,
)
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import (
    build,
    distribution,
    lookout,
    refresh,
    selection,
    site_info,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Property, Resource
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import LOCATION_COLUMNS

from smsprovsim.schema import ClassDefinition, read_classes

BASE = "SMS_PackageBaseclass"
CLASSES = read_classes()


def reference() -> Path:
    """The pages about the SMS Provider: where CONFIGMGR_REFERENCE says, or beside the checkout, from wherever the tests run."""
    named = os.environ.get("CONFIGMGR_REFERENCE")
    places = [Path(named)] if named else [each / "shared" / "reference" for each in Path(__file__).resolve().parents]
    return next((each / "sms_provider" for each in places if (each / "sms_provider").is_dir()), Path("not here"))


REFERENCE = reference()
TYPES = {
    "string": STRING,
    "boolean": BOOLEAN,
    "uint8": UINT8,
    "uint32": UINT32,
    "uint64": UINT64,
    "sint32": SINT32,
    "datetime": DATETIME,
    "object": EMBEDDED,
    "embedded": EMBEDDED,
}
every_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda item: item.wmi_class)
with_reference = pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not here")


def codec_for(cim_type: str, array: bool) -> Codec:
    """The codec of a CIM type; ``object:CLASS`` and ``embedded:CLASS`` are objects."""
    single = TYPES[cim_type.partition(":")[0]]
    return array_of(single) if array else single


def defined(class_name: str) -> ClassDefinition:
    return CLASSES[class_name.lower()]


def mismatches(declared: tuple[Property, ...], actual: dict[str, tuple[Codec, bool]]) -> list[str]:
    """Every declared property that the class has not, or has otherwise."""
    found = []
    for item in declared:
        if item.wmi not in actual:
            found.append(f"{item.wmi} does not exist")
            continue
        codec, lazy = actual[item.wmi]
        if item.codec != codec:
            found.append(f"{item.wmi} is {codec}, declared as {item.codec}")
        if item.lazy is not lazy:
            found.append(f"{item.wmi} is {'' if lazy else 'not '}lazy, declared otherwise")
    return found


def in_schema(class_name: str) -> dict[str, tuple[Codec, bool]]:
    return {
        name: (codec_for(prop.type, prop.array), prop.lazy) for name, prop in defined(class_name).properties.items()
    }


@every_resource
def test_every_declared_property_is_one_of_the_class(resource: Resource) -> None:
    assert mismatches(resource.properties, in_schema(resource.wmi_class)) == []


def test_every_common_property_is_one_of_the_base_class() -> None:
    assert mismatches(PACKAGE_PROPERTIES, in_schema(BASE)) == []


def test_a_wrong_declaration_would_be_noticed() -> None:
    wrong = (
        Property("name", "Nmae", STRING),
        Property("name", "Name", UINT32),
        Property("icon", "Icon", UINT8),
        Property("schedule", "RefreshSchedule", array_of(EMBEDDED)),
    )
    assert mismatches(wrong, in_schema(BASE)) == [
        "Nmae does not exist",
        "Name is string, declared as uint32",
        "Icon is array of uint8, declared as uint8",
        "RefreshSchedule is lazy, declared otherwise",
    ]


@every_resource
def test_every_property_of_the_class_is_declared(resource: Resource) -> None:
    """What is not declared is shown as it stands on the wire, without type: fine for what is unknown, not for the known."""
    missing = set(defined(resource.wmi_class).properties) - {item.wmi for item in resource.properties}
    assert missing <= UNDECLARED.get(resource.wmi_class, set())


# Of a task sequence only what makes it a package; its steps are the work of other tools.
UNDECLARED: dict[str, set[str]] = {
    "SMS_TaskSequencePackage": set(defined("SMS_TaskSequencePackage").properties) - set(defined(BASE).properties)
}


@every_resource
def test_the_package_type_is_that_of_the_class(resource: Resource) -> None:
    assert defined(resource.wmi_class).defaults["PackageType"] == resource.package_type
    assert BASE.lower() in defined(resource.wmi_class).lineage
    assert defined(resource.wmi_class).keys == ("PackageID",)


def test_every_class_with_the_method_is_declared() -> None:
    having = {
        each.name
        for each in CLASSES.values()
        if REFRESH.method in each.methods and not each.abstract and BASE.lower() in each.lineage
    }
    assert having == {item.wmi_class for item in RESOURCES}


@every_resource
def test_the_method_belongs_to_an_object_and_takes_what_is_sent(resource: Resource) -> None:
    method = defined(resource.wmi_class).methods[REFRESH.method]
    assert not method.static
    names = [each.name for each in method.inputs]
    if resource.builds_in_call:
        assert names == [REFRESH.context_argument]
    assert all(each.optional for each in method.inputs)


def test_the_methods_that_follow_a_build_are_static_and_answer_what_is_read() -> None:
    methods = defined("SMS_BootImagePackage").methods
    status, forget = methods["QueryOSDBinaryInjectionStatus"], methods["DeleteContextID"]
    assert status.static
    assert forget.static
    assert [each.name for each in status.inputs] == [each.name for each in forget.inputs] == ["ContextID"]
    answered = {each.name: codec_for(each.type, each.array) for each in status.outputs}
    assert {name: answered.get(name) for name in build._OUTPUTS} == dict(build._OUTPUTS)


COLUMNS = [
    (BASE, selection.STATE_COLUMNS),
    (BASE, selection.MOVING_COLUMNS),
    ("SMS_PackageStatusDistPointsSummarizer", distribution.POINT_COLUMNS),
    ("SMS_PackageStatusRootSummarizer", lookout._TARGETED_COLUMNS),
    ("SMS_PackageStatusRootSummarizer", refresh._SIZE_COLUMNS),
    ("SMS_DistributionDPStatus", lookout._MESSAGE_COLUMNS),
    ("SMS_Site", refresh._SITE_COLUMNS),
    ("SMS_Site", site_info.SITE_COLUMNS),
    ("SMS_Identification", site_info.IDENTITY_COLUMNS),
    ("SMS_OSDeploymentKitInstalledVersion", site_info.KIT_COLUMNS),
    ("SMS_SecuredCategory", site_info.SCOPE_COLUMNS),
    ("SMS_ProviderLocation", LOCATION_COLUMNS),
    ("SMS_Package", {"PackageID": STRING, "IsPredefinedPackage": BOOLEAN}),
    ("SMS_ObjectContainerNode", {"ContainerNodeID": UINT32, "Name": STRING, "ObjectType": UINT32, "ParentContainerNodeID": UINT32}),
    ("SMS_ObjectContainerItem", {"ContainerNodeID": UINT32, "InstanceKey": STRING, "MemberID": UINT32}),
]  # fmt: skip


@pytest.mark.parametrize(("class_name", "columns"), COLUMNS)
def test_what_queries_ask_for_is_in_the_class_and_never_lazy(class_name: str, columns: dict[str, Codec]) -> None:
    actual = in_schema(class_name)
    assert {name: actual.get(name) for name in columns} == {name: (codec, False) for name, codec in columns.items()}


# -- what is written -----------------------------------------------------------------------------------------------

# Documented as read/write, and maintained by the site all the same (behaviour 41, client: never_write in the reference).
NEVER_WRITTEN = {
    *("AlternateContentProviders", "ExtendedData", "ExtendedDataSize", "ISVData", "ISVDataSize", "NumOfPrograms"),
    *("PackageType", "RefreshPkgSourceFlag", "StoredPkgPath", "StoredPkgVersion"),
    *("DefaultImage", "ImageOSVersion", "ImageProperty"),
}
# Written, though not as options of their own: bits by name, and the id under which a build tells its progress.
OTHERWISE = {"ContextID", "PkgFlags"}
# IconSize is what the icon has; nobody has to say it.
UNWRITTEN = {"IconSize"}
declared_by_state = pytest.mark.parametrize(
    "resource",
    [item for item in RESOURCES if item.wmi_class in ("SMS_BootImagePackage", "SMS_ImagePackage")],
    ids=lambda item: item.wmi_class,
)


@declared_by_state
def test_everything_that_can_be_written_is_an_option_and_nothing_else(resource: Resource) -> None:
    writable = {
        name for name, prop in defined(resource.wmi_class).properties.items() if not prop.read_only and not prop.key
    }
    options = {item.wmi for item in resource.declarable}
    assert options == writable - NEVER_WRITTEN - OTHERWISE - UNWRITTEN


def plain_list() -> dict[str, dict[str, tuple[Codec, bool]]]:
    """Properties by class, as tests/data/provider_schema.txt has them."""
    found: dict[str, dict[str, tuple[Codec, bool]]] = {}
    for line in (Path(__file__).parents[1] / "data" / "provider_schema.txt").read_text("utf-8").splitlines():
        owner, dot, rest = line.partition(".")
        if line.startswith("#") or not dot or "(" in rest.partition(" ")[0]:
            continue
        name, kind, *words = rest.partition(" = ")[0].split(" ")
        if kind.partition(":")[0].removesuffix("[]") in TYPES:
            codec = codec_for(kind.removesuffix("[]"), kind.endswith("[]"))
            found.setdefault(owner, {})[name] = (codec, "lazy" in words)
    return found


@every_resource
def test_every_declared_property_is_as_in_the_plain_list(resource: Resource) -> None:
    """Without the simulator in between."""
    listed = plain_list()
    assert mismatches(resource.properties, {**listed[BASE], **listed[resource.wmi_class]}) == []


# -- against the reference -----------------------------------------------------------------------------------------


@cache
def page(class_name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((REFERENCE / f"{class_name}.yml").read_text("utf-8"))
    return read


def in_reference(class_name: str) -> dict[str, tuple[Codec, bool]]:
    """The properties of a class and of those above it."""
    found: dict[str, tuple[Codec, bool]] = {}
    names = [class_name] if class_name == BASE else [BASE, class_name]
    for name in names:
        for each in page(name)["properties"]:
            found[each["name"]] = (codec_for(each["type"], each["array"]), each.get("lazy", False))
    return found


@with_reference
@every_resource
def test_every_declared_property_is_in_the_reference(resource: Resource) -> None:
    assert mismatches(resource.properties, in_reference(resource.wmi_class)) == []


@with_reference
@declared_by_state
def test_what_is_never_written_is_what_the_reference_says(resource: Resource) -> None:
    told = {
        each["name"]
        for name in (BASE, resource.wmi_class)
        for each in page(name)["properties"]
        if each.get("client") == "never_write"
    }
    assert told - NEVER_WRITTEN == set()
    assert all(name in told or name not in in_schema(resource.wmi_class) for name in NEVER_WRITTEN)


@with_reference
@every_resource
def test_words_for_numbers_cover_the_reference(resource: Resource) -> None:
    values = {each["name"]: each["values"] for each in page(resource.wmi_class)["properties"] if each.get("values")}
    for item in resource.properties:
        if item.names and item.wmi in values:
            # What the SDK documents as a word is one already.
            known = {str(number) for number in values[item.wmi] if str(number).isdigit()}
            assert known <= {str(number) for number in item.names}, item.wmi


@with_reference
def test_words_for_bits_and_types_cover_the_reference() -> None:
    properties = {each["name"]: each for each in page(BASE)["properties"]}
    bits = {int(bit, 16) for bit in properties["PkgFlags"].get("bits", {})}
    declared = next(item for item in PACKAGE_PROPERTIES if item.wmi == "PkgFlags")
    assert bits <= set(declared.bits)
    types = properties["PackageType"].get("values", {})
    assert set(types) <= set(PACKAGE_TYPES)


@with_reference
@pytest.mark.parametrize(("class_name", "columns"), COLUMNS)
def test_what_queries_ask_for_is_in_the_reference(class_name: str, columns: dict[str, Codec]) -> None:
    actual = {
        each["name"]: (codec_for(each["type"], each["array"]), each.get("lazy", False))
        for each in page(class_name)["properties"]
    }
    assert {name: actual.get(name) for name in columns} == {name: (codec, False) for name, codec in columns.items()}


def test_what_is_asked_of_boot_images_is_in_the_class_and_never_lazy() -> None:
    """Some of it is inherited, so it is not on the page of the class."""
    actual, wanted = in_schema("SMS_BootImagePackage"), site_info.BOOT_IMAGE_COLUMNS
    assert {name: actual.get(name) for name in wanted} == {name: (codec, False) for name, codec in wanted.items()}


@with_reference
def test_the_simulator_knows_every_class_of_the_reference() -> None:
    pages = {path.stem for path in REFERENCE.glob("SMS_*.yml")}
    assert {name for name in pages if name.lower() not in CLASSES} == set()
