# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages are meant: ids, names and selections, and what is said when they cannot be found."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import selection
from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import (
    Asked,
    checked_ids,
    find,
    kind_of,
    slices,
)
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible, NotFound
from fake_site import FakeSite, Row, package_row
from hypothesis import given
from hypothesis import strategies as st

PACKAGES = [
    package_row("PS100005", "Alpha [x86] 100%", Manufacturer="Contoso", PkgSourcePath="\\\\files\\a_b\\alpha"),
    package_row("PS100001", "Tools", Manufacturer="Contoso", IsPredefinedPackage=False),
    package_row("PS10000A", "WinPE", 258),
    package_row("PS100002", "tools", 3),
    package_row("PS100003", "Configuration Manager Client Package", IsPredefinedPackage=True),
    package_row("PS100004", "Deploy", 4),
    package_row("PS100006", "Odd", 6),
]
NODES = [
    {"ContainerNodeID": 1, "Name": "Servers", "ObjectType": 2, "ParentContainerNodeID": 0},
    {"ContainerNodeID": 2, "Name": "2025", "ObjectType": 2, "ParentContainerNodeID": 1},
    {"ContainerNodeID": 3, "Name": "2025", "ObjectType": 2, "ParentContainerNodeID": 0},
    {"ContainerNodeID": 4, "Name": "Servers", "ObjectType": 19, "ParentContainerNodeID": 0},
    {"ContainerNodeID": 5, "Name": "2025", "ObjectType": 19, "ParentContainerNodeID": 4},
    {"ContainerNodeID": 6, "Name": "Servers", "ObjectType": 5000, "ParentContainerNodeID": 0},
    {"ContainerNodeID": 7, "Name": "Empty", "ObjectType": 2, "ParentContainerNodeID": None},
]
ITEMS = [
    {"ContainerNodeID": 1, "InstanceKey": "PS100005", "MemberID": 1},
    {"ContainerNodeID": 2, "InstanceKey": "ps100001", "MemberID": 2},
    {"ContainerNodeID": 3, "InstanceKey": "PS100003", "MemberID": 3},
    {"ContainerNodeID": 5, "InstanceKey": "PS10000A", "MemberID": 4},
]


def site() -> FakeSite:
    tables: dict[str, list[Row]] = {
        "SMS_PackageBaseclass": PACKAGES,
        "SMS_Package": [row for row in PACKAGES if row["PackageType"] == 0],
        "SMS_ObjectContainerNode": NODES,
        "SMS_ObjectContainerItem": ITEMS,
    }
    return FakeSite(tables)


def ids(asked: Asked, at: FakeSite | None = None) -> list[str]:
    return [state.package_id for state in find(at or site(), asked, RESOURCES)]  # type: ignore[arg-type]


def selected(at: FakeSite | None = None, max_packages: int = 50, **wanted: Any) -> list[str]:
    return ids(Asked(selection=wanted, max_packages=max_packages), at)


class TestIds:
    def test_they_are_upper_case_and_each_once_in_the_order_given(self) -> None:
        assert checked_ids([" ps10000a ", "PS100001", "PS10000A"]) == ("PS10000A", "PS100001")
        assert checked_ids([]) == ()

    @pytest.mark.parametrize("text", ["", "PS1", "PS1000001", "PS10000G", "P-100001", "PS1 0001", "PS100001'", "PS1*"])
    def test_a_malformed_one_is_refused_before_anything_is_asked(self, text: str) -> None:
        at = site()
        with pytest.raises(Impossible) as refused:
            ids(Asked(package_ids=("PS100001", text)), at)
        assert repr(text.upper()) in str(refused.value)
        assert "PS100001" in refused.value.hint
        assert at.requests == 0

    def test_every_kind_is_found_in_one_query_in_the_order_asked(self) -> None:
        at = site()
        assert ids(Asked(package_ids=("PS10000A", "ps100002", "PS100001")), at) == ["PS10000A", "PS100002", "PS100001"]
        assert at.requests == 1
        assert "SMS_PackageBaseclass" in at.queries[0]

    def test_unknown_ones_are_named_with_the_account(self) -> None:
        with pytest.raises(NotFound) as missing:
            ids(Asked(package_ids=("PS1000FF", "PS100001", "PS1000FE")))
        assert "No package PS1000FF, PS1000FE at site PS1 on cmprov.contoso.test" in str(missing.value)
        assert "or outside the scopes of CONTOSO\\operator" in str(missing.value)

    def test_a_built_in_package_may_be_given_by_its_id(self) -> None:
        assert ids(Asked(package_ids=("PS100003",))) == ["PS100003"]


class TestNames:
    def test_names_are_compared_without_case_and_in_full(self) -> None:
        assert ids(Asked(names=("WINPE", "Deploy"))) == ["PS10000A", "PS100004"]

    def test_characters_of_patterns_and_quotes_stand_for_themselves(self) -> None:
        at = site()
        at.tables["SMS_PackageBaseclass"] = [
            package_row("PS100007", "It's a \\ 100%_[test]"),
            package_row("PS100008", "It's a \\ 100 xt"),
        ]
        assert ids(Asked(names=("It's a \\ 100%_[test]",)), at) == ["PS100007"]

    def test_two_spellings_of_one_name_are_one_package(self) -> None:
        assert ids(Asked(names=("WinPE", "winpe", "WinPE"))) == ["PS10000A"]

    def test_a_name_of_two_packages_is_refused_with_both(self) -> None:
        with pytest.raises(Impossible) as refused:
            ids(Asked(names=("Tools",)))
        assert "'Tools': PS100001 (package), PS100002 (driver package)" in str(refused.value)
        assert "narrow it with type" in refused.value.hint

    def test_the_type_tells_them_apart(self) -> None:
        assert ids(Asked(names=("Tools",), package_types=(3,))) == ["PS100002"]

    def test_unknown_ones_are_named_with_the_account(self) -> None:
        with pytest.raises(NotFound) as missing:
            ids(Asked(names=("Tool", "WinPE", "Deploy*")))
        assert "No package named 'Tool', 'Deploy*' at site PS1" in str(missing.value)
        assert "CONTOSO\\operator" in str(missing.value)

    def test_a_kind_that_nobody_knows_has_its_number(self) -> None:
        assert kind_of(6, RESOURCES) == "PackageType 6"
        assert kind_of(258, RESOURCES) == "boot image"


class TestSelection:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"type": ["boot_image"]}, ["PS10000A"]),
            ({"type": ["boot_image", "driver_package"]}, ["PS100002", "PS10000A"]),
            ({"name": "T*"}, ["PS100001", "PS100002"]),
            ({"name": "t??ls", "type": ["package"]}, ["PS100001"]),
            ({"name": "Tools"}, ["PS100001", "PS100002"]),
            ({"name": "*[x86] 100%"}, ["PS100005"]),
            ({"name": "*[8]*"}, []),
            ({"manufacturer": "contoso"}, ["PS100001", "PS100005"]),
            ({"source_path_prefix": "\\\\FILES\\a_b\\"}, ["PS100005"]),
            ({"source_path_prefix": "\\\\files\\aXb\\"}, []),
            ({"manufacturer": "Contoso", "name": "A*"}, ["PS100005"]),
            ({"name": "nothing*"}, []),
        ],
    )
    def test_all_that_is_given_has_to_match(self, wanted: dict[str, Any], found: list[str]) -> None:
        assert selected(**wanted) == found

    def test_options_left_out_come_as_none(self) -> None:
        assert selected(type=None, name="WinPE", manufacturer=None, source_path_prefix=None, folder=None) == [
            "PS10000A"
        ]

    @pytest.mark.parametrize("wanted", [{}, {"type": []}, {"type": None, "name": None}, {"name": ""}])
    def test_a_selection_of_nothing_is_not_one_of_everything(self, wanted: dict[str, Any]) -> None:
        at = site()
        with pytest.raises(Impossible, match="names nothing"):
            selected(at, **wanted)
        assert at.requests == 0

    def test_more_than_the_cap_is_refused_with_the_count(self) -> None:
        with pytest.raises(Impossible) as refused:
            selected(max_packages=1, manufacturer="Contoso")
        assert "matches 2 packages at site PS1" in str(refused.value)
        assert "max_packages (1)" in str(refused.value)
        assert selected(max_packages=2, manufacturer="Contoso") == ["PS100001", "PS100005"]

    def test_built_in_packages_are_left_out_and_do_not_count(self) -> None:
        assert selected(max_packages=2, type=["package"]) == ["PS100001", "PS100005"]

    def test_built_in_packages_are_asked_for_only_where_there_may_be_some(self) -> None:
        at = site()
        selected(at, type=["boot_image"])
        assert at.requests == 1
        selected(at, type=["package"])
        assert at.requests == 3


class TestFolders:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"folder": "/Servers"}, ["PS100005"]),  # sub-folders are not included
            ({"folder": "/Servers/2025"}, ["PS100001", "PS10000A"]),
            ({"folder": "servers\\2025\\"}, ["PS100001", "PS10000A"]),
            ({"folder": "/Servers/2025", "type": ["boot_image"]}, ["PS10000A"]),
            ({"folder": "/Servers/2025", "name": "W*"}, ["PS10000A"]),
            ({"folder": "/2025"}, []),  # holds a built-in package only
            ({"folder": "/Empty"}, []),
        ],
    )
    def test_a_folder_is_named_from_the_top_of_its_node(self, wanted: dict[str, Any], found: list[str]) -> None:
        assert selected(**wanted) == found

    def test_an_empty_folder_ends_the_search(self) -> None:
        at = site()
        selected(at, folder="/Empty")
        assert not [query for query in at.queries if "SMS_PackageBaseclass" in query]

    @pytest.mark.parametrize("folder", ["/Nowhere", "/Servers/2024", "/Servers/2025/x", "/2025/Servers"])
    def test_an_unknown_folder_is_named_with_the_account(self, folder: str) -> None:
        with pytest.raises(NotFound) as missing:
            selected(folder=folder)
        assert f"No folder {folder!r} of packages at site PS1" in str(missing.value)
        assert "CONTOSO\\operator" in str(missing.value)

    @pytest.mark.parametrize("wanted", [{"folder": "/"}, {"folder": "/x", "type": ["application_content"]}])
    def test_what_is_no_folder_of_packages_is_refused(self, wanted: dict[str, Any]) -> None:
        with pytest.raises(Impossible, match="Not a folder of packages"):
            selected(**wanted)


class TestSlices:
    def test_a_list_of_ordinary_length_is_one_query(self) -> None:
        assert len(list(slices([f"PS1{n:05X}" for n in range(5000)]))) == 1

    def test_nothing_is_no_query(self) -> None:
        assert list(slices([])) == []

    @given(st.lists(st.text(max_size=40), max_size=30), st.integers(1, 200))
    def test_nothing_is_lost_and_every_piece_fits(self, values: list[str], longest: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(selection, "LONGEST_QUERY", longest)
            parts = [list(part) for part in slices(values)]
        assert [value for part in parts for value in part] == values
        for part in parts:
            assert len(part) == 1 or sum(len(value) + 4 for value in part) <= longest
        assert all(parts)

    def test_a_list_too_long_for_one_query_is_found_in_several(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(selection, "LONGEST_QUERY", 24)
        at = site()
        assert ids(Asked(package_ids=("PS100001", "PS100002", "PS10000A")), at) == ["PS100001", "PS100002", "PS10000A"]
        assert at.requests == 2
