# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which site owns a package, and what is inside a WIM on a share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.ownership import OWNERSHIP_SPEC, transfer
from ansible_collections.configmgr.content.plugins.module_utils._engine.wim_module import WIM_SPEC, wim_info
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible, ProviderError
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Site, open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import OutcomeUnknown
from ansible_collections.configmgr.content.plugins.modules import cm_content_ownership, cm_wim_info

from .conftest import ImageDeclaring
from .test_image_content import READABLE, WINDOWS_11, Make

PACKAGE = "PS100001"
CLASSES = {each.option: each.wmi_class for each in (IMAGE_PACKAGE, BOOT_IMAGE)}


class Work:
    """What `module.Task` is to a module's work."""

    def __init__(self, declare: ImageDeclaring, site_code: str, params: dict[str, Any], check: bool) -> None:
        self.params = params
        self.check_mode = check
        self.warn = declare.warnings.append
        self.site: Site = open_site(declare.means(), site_code)


def run(
    declare: ImageDeclaring,
    site_code: str,
    work: Callable[..., Mapping[str, Any]],
    spec: Mapping[str, Any],
    more: Any,
    check: bool,
    given: dict[str, Any],
) -> Mapping[str, Any]:
    assert set(given) <= set(spec)
    task = Work(declare, site_code, {name: entry.get("default") for name, entry in spec.items()} | given, check)
    try:
        return work(task, more)
    finally:
        task.site.close()


def own(declare: ImageDeclaring, at: str, check: bool = False, **given: Any) -> Mapping[str, Any]:
    """One task against a provider of site `at`."""
    return run(declare, at, transfer, OWNERSHIP_SPEC, RESOURCES, check, {"package_id": PACKAGE, **given})


@pytest.fixture
def sites(make_declare: Make) -> ImageDeclaring:
    return make_declare(scenario="hierarchy")


def calls(declare: ImageDeclaring) -> list[str]:
    """The methods that change an owner, as they were carried out."""
    return [each for each in ("SetSourceSite", "Unlock") for _time in range(sum(declare.executions(each).values()))]


@pytest.mark.parametrize(
    ("at", "given", "method"),
    [
        ("PS1", {}, "SetSourceSite"),
        ("PS1", {"confirm_source_site": "ps1"}, "SetSourceSite"),
        ("CEN", {}, "SetSourceSite"),
        ("PS2", {"confirm_source_site": "PS1"}, "Unlock"),
    ],
)
def test_a_package_comes_to_its_owner_once(sites: ImageDeclaring, at: str, given: dict[str, Any], method: str) -> None:
    prediction = own(sites, at, check=True, source_site="PS2", **given)
    assert calls(sites) == []
    done = own(sites, at, source_site="PS2", **given)
    assert {**done, "requests": 0} == {**prediction, "requests": 0}
    assert (done["changed"], done["method"], done["source_site"]) == (True, method, "PS2")
    assert done["diff"] == {"before": {"source_site": "PS1"}, "after": {"source_site": "PS2"}}
    assert sites.values(PACKAGE)["SourceSite"] == "PS2"
    again = own(sites, at, source_site="PS2")
    assert (again["changed"], again["method"]) == (False, "")
    assert calls(sites) == [method]


@pytest.mark.parametrize(
    ("at", "given", "message"),
    [
        (
            "PS1",
            {"source_site": "QQ1"},
            "source_site 'QQ1' is no primary or central site of this hierarchy. Known: CEN, PS1, PS2",
        ),
        ("PS2", {"source_site": "PS2"}, "which is not asked when site PS2 takes it"),
        ("PS2", {"source_site": "PS2", "confirm_source_site": "CEN"}, "belongs to site PS1, not to CEN"),
        ("PS2", {"source_site": "CEN", "confirm_source_site": "PS1"}, "can neither hand it to CEN nor take it for it"),
        ("PS1", {"source_site": "PS2", "confirm_source_site": "PS2"}, "belongs to site PS1, not to PS2"),
        ("PS1", {"source_site": "PS2", "grace": -1.0}, "grace -1 is no number of seconds"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_be_is_refused_before_anything_is_sent(
    sites: ImageDeclaring, at: str, given: dict[str, Any], message: str, check: bool
) -> None:
    with pytest.raises(Impossible) as refused:
        own(sites, at, check=check, **given)
    assert message in str(refused.value)
    assert calls(sites) == []
    assert sites.values(PACKAGE)["SourceSite"] == "PS1"


@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
def test_an_answer_that_was_lost(sites: ImageDeclaring, cut: str) -> None:
    sites.server.add_fault(verb="Invoke", action=cut)
    if cut == "cut_before":
        with pytest.raises(OutcomeUnknown, match="it still belongs to site PS1"):
            own(sites, "PS1", source_site="PS2")
    assert own(sites, "PS1", source_site="PS2")["changed"]
    assert calls(sites) == ["SetSourceSite"]
    assert bool(sites.warnings) == (cut == "cut_after")


# -- WIM files -------------------------------------------------------------------------------------------------


def look(declare: ImageDeclaring, check: bool = False, **given: Any) -> Mapping[str, Any]:
    return run(declare, "PS1", wim_info, WIM_SPEC, CLASSES, check, given)


@pytest.mark.parametrize("kind", sorted(CLASSES))
@pytest.mark.parametrize("check", [True, False])
def test_the_images_of_a_wim(make_declare: Make, kind: str, check: bool) -> None:
    images = make_declare(scenario="images", switches=READABLE)
    told = look(images, check, path=WINDOWS_11, type=kind)
    assert [(each["index"], each["name"], each["languages"]) for each in told["images"]] == [
        (1, "Windows 11 Enterprise", ["en-US"]),
        (2, "Windows 11 Enterprise", ["de-DE"]),
        (3, 'Windows 11 Pro <N & "K">', ["en-US"]),
    ]
    assert {each["architecture"] for each in told["images"]} == {"x64"}
    assert {(each["os_version"], each["build"]) for each in told["images"]} == {("10.0.22621.525", "22621.525")}
    assert told["image_property"].startswith("<WIM>")
    assert not told["changed"]
    called = [each for each in images.server.journal if each["method"]]
    assert [(each["class"], each["method"]) for each in called] == [(CLASSES[kind], "GetImageProperties")]


@pytest.mark.parametrize("switch", ["error", "return_value"])
def test_a_wim_that_cannot_be_read(make_declare: Make, switch: str) -> None:
    images = make_declare(scenario="images", switches={"unreadable_path": switch})
    with pytest.raises(ProviderError) as refused:
        look(images, path=WINDOWS_11)
    assert "use a login that can be handed on (auth credssp, or kerberos with kerberos_delegation)" in str(
        refused.value
    )


def test_the_documented_results_are_what_is_returned(make_declare: Make, sites: ImageDeclaring) -> None:
    images = make_declare(scenario="images", switches=READABLE)
    for module, result in (
        (cm_wim_info, look(images, path=WINDOWS_11)),
        (cm_content_ownership, own(sites, "PS1", source_site="PS2")),
    ):
        assert set(result) - {"changed", "diff"} == set(yaml.safe_load(module.RETURN)) - {"error"}
    assert set(look(images, path=WINDOWS_11)["images"][0]) == set(
        yaml.safe_load(cm_wim_info.RETURN)["images"]["contains"]
    )


def test_a_path_that_is_not_unc(make_declare: Make) -> None:
    images = make_declare(scenario="images")
    with pytest.raises(Impossible, match="is not a UNC path"):
        look(images, path="D:\\images\\install.wim")
    assert not [each for each in images.server.journal if each["method"]]


def test_the_sizes_come_from_the_object(make_declare: Make) -> None:
    images = make_declare(scenario="images", switches=READABLE)
    told = images(package_id="PS100009")["images"]
    assert [(each["name"], each["size"]) for each in told] == [
        ("Windows 10 Enterprise", 4 * 1024**3),
        ("Windows 10 Pro", 4 * 1024**3),
    ]
