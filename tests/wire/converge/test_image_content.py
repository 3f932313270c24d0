# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new WIM from its path to the refreshed image: the order of the requests, metadata, pending work, and the wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import NotConverged
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import OutcomeUnknown
from ansible_collections.configmgr.content.plugins.modules import cm_image_package

from smsprovsim.behaviour.image_writes import ImageWrites

from .conftest import ImageDeclaring
from .test_image_package import predicted_then_done, settled

Make = Callable[..., ImageDeclaring]
IMAGE = "PS100009"
WINDOWS_11 = r"\\files01.contoso.test\images$\win11-22h2.wim"
ROLLOUT: dict[str, Any] = {"package_id": IMAGE, "source_path": WINDOWS_11, "version": "22H2"}
READABLE = {"path_identity": "computer"}


@pytest.fixture
def images(make_declare: Make) -> ImageDeclaring:
    """A site with WIM files, which the provider reads with its own account."""
    return make_declare(scenario="images", switches=READABLE)


def conversation(declare: ImageDeclaring, since: int) -> list[str]:
    """What was asked of the class of images, in this order."""
    return [
        each["method"] or each["verb"]
        for each in declare.server.journal[since:]
        if each["class"] == "SMS_ImagePackage" and each["outcome"] == "ok"
    ]


def run(declare: ImageDeclaring, **given: Any) -> tuple[dict[str, Any], list[str]]:
    """One task, and what it asked for."""
    since = len(declare.server.journal)
    done = declare(**given)
    return done, conversation(declare, since)


def test_a_new_wim_from_its_path_to_the_refreshed_image(images: ImageDeclaring) -> None:
    before = images(package_id=IMAGE)["object"]["source_version"]
    since = len(images.server.journal)
    done = predicted_then_done(images, **ROLLOUT)
    asked = conversation(images, since)
    assert asked[1:] == [
        *("Get", "Put", "Get"),  # the plan of the real run, the new path, what was stored
        *("ReloadImageProperties", "Get", "GetImageProperties"),
        *("Put", "Get"),  # the site still showed the old metadata
        *("RefreshPkgSource", "Get"),
    ]
    assert done["steps"] == ["reload", "refresh"]
    assert done["diff"]["before"]["source_version"] == before
    assert done["diff"]["after"]["source_version"] > before
    assert done["diff"]["after"]["os_version"] == done["object"]["os_version"] == "10.0.22621.525"
    assert done["refresh"]["status"] == "refreshed"
    assert images.refreshed == {IMAGE: 1}
    assert [each["name"] for each in done["images"]] == [
        *("Windows 11 Enterprise", "Windows 11 Enterprise", 'Windows 11 Pro <N & "K">')
    ]
    again, asked = run(images, **ROLLOUT)
    assert not again["changed"]
    assert asked == ["Get"]
    assert again["requests"] <= 9
    assert images.refreshed == {IMAGE: 1}


def test_the_plan_says_at_least_the_next_version(images: ImageDeclaring) -> None:
    prediction = images(check=True, **ROLLOUT)
    version = prediction["diff"]["before"]["source_version"]
    assert prediction["diff"]["after"]["source_version"] == f"at least {version + 1}"
    assert prediction["diff"]["after"]["os_version"] == "(assigned by the site)"
    assert images.written == 0
    assert images.refreshed == {}


def test_metadata_that_is_saved_by_the_call_is_not_written_again(make_declare: Make) -> None:
    images = make_declare(scenario="images", switches={**READABLE, "reload_properties": "saved"})
    done, asked = run(images, **ROLLOUT)
    assert asked.count("Put") == 1
    assert done["object"]["os_version"] == "10.0.22621.525"


def test_a_source_that_cannot_be_compared_is_saved_and_told(make_declare: Make) -> None:
    """Whoever came by NTLM cannot be passed on to the share; the site server reads it all the same."""
    images = make_declare(scenario="images")
    done, asked = run(images, **ROLLOUT)
    assert asked.count("Put") == 2
    assert done["object"]["os_version"] == "10.0.22621.525"
    assert any("cannot be compared with what the site shows of it" in each for each in images.warnings)


def test_metadata_that_stays_old_is_an_error(images: ImageDeclaring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageWrites, "commit", lambda _writes, _package: None)
    with pytest.raises(NotConverged, match="still shows the old metadata of operating system image PS100009"):
        images(**ROLLOUT)
    assert images.refreshed == {}
    monkeypatch.undo()
    done = images(**ROLLOUT)  # and the next run goes on where it ended
    assert (done["pending"], done["action"], done["steps"]) == ("refresh", "none", ["reload", "refresh"])
    assert done["object"]["os_version"] == "10.0.22621.525"
    assert images.refreshed == {IMAGE: 1}


@pytest.mark.parametrize(("reload", "refresh"), [("never", "auto"), ("auto", "never"), ("never", "never")])
def test_what_is_never_wanted_is_never_done(images: ImageDeclaring, reload: str, refresh: str) -> None:
    done, asked = run(images, **ROLLOUT, reload=reload, refresh=refresh)
    assert ("ReloadImageProperties" in asked) == (reload == "auto")
    assert ("RefreshPkgSource" in asked) == (refresh == "auto")
    assert done["steps"] == [each for each, when in (("reload", reload), ("refresh", refresh)) if when == "auto"]


def test_a_wim_that_was_replaced_under_its_path(images: ImageDeclaring) -> None:
    images(**ROLLOUT)
    world = images.server.site.world
    assert not predicted_then_done(images, package_id=IMAGE, reload="always")["changed"]
    world.wims[WINDOWS_11.lower()] = world.wims[r"\\files01.contoso.test\images$\win10-21h2.wim"]
    assert not images(package_id=IMAGE)["changed"]
    prediction = images(check=True, package_id=IMAGE, reload="always")
    done = images(package_id=IMAGE, reload="always")
    assert prediction["steps"] == done["steps"] == ["reload", "refresh"]
    assert done["object"]["os_version"] == "10.0.19044.2006"
    assert not images(package_id=IMAGE, reload="always")["changed"]


def test_a_refresh_at_every_run(images: ImageDeclaring) -> None:
    for number in (1, 2):
        done = images(package_id=IMAGE, refresh="always")
        assert (done["changed"], done["action"], done["steps"]) == (True, "none", ["refresh"])
        assert images.refreshed == {IMAGE: number}


def test_a_change_of_words_needs_no_refresh(images: ImageDeclaring) -> None:
    done = images(package_id=IMAGE, description="Words")
    assert done["steps"] == []
    settled(images)
    again = images(package_id=IMAGE, description="Words")
    assert (again["changed"], again["pending"]) == (False, "none")
    assert images.refreshed == {}


def test_an_image_without_a_source_is_not_refreshed(images: ImageDeclaring) -> None:
    done = images(package_id=IMAGE, source_flag="no_source", refresh="always")
    assert "refresh" not in done["steps"]
    assert images.refreshed == {}


def test_a_new_image_is_waited_for_and_not_refreshed(images: ImageDeclaring) -> None:
    done = images(name="Windows 11", source_path=WINDOWS_11)
    assert (done["action"], done["steps"], done["refresh"]["status"]) == ("create", [], "joined")
    assert done["object"]["action_in_progress"] == "none"
    assert images.refreshed == {}


def test_a_refresh_that_fails_is_a_failure(images: ImageDeclaring) -> None:
    images.server.change(source=WINDOWS_11, problem="unreadable")
    done = images(**ROLLOUT, reload="never", wait_timeout=7200.0)
    assert done["failed"]
    assert "(status message 2307)" in done["msg"]
    assert (done["error"]["kind"], done["error"]["message"]) == ("operation_failed", done["msg"])
    assert done["refresh"]["status"] == "failed"


def test_what_was_read_before_a_call_is_never_written_after_it(images: ImageDeclaring) -> None:
    site = open_site(images.means())
    try:
        read = site.get(IMAGE_PACKAGE.wmi_class, IMAGE)
        site.sibling().call(IMAGE_PACKAGE.wmi_class, "ReloadImageProperties", {"PackageID": IMAGE})
        with pytest.raises(RuntimeError, match="was read before a method was called on it"):
            site.put(read, {})
        site.put(site.get(IMAGE_PACKAGE.wmi_class, IMAGE), {})
    finally:
        site.close()
    assert images.executions("Put") == {IMAGE: 1}


@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
def test_an_answer_lost_at_any_request(make_declare: Make, cut: str) -> None:
    """Whatever came of this run: with the next one, all is as declared, and it was refreshed once."""
    number, more = 0, True
    while more:
        images = make_declare(scenario="images", switches=READABLE)
        images.server.add_fault(action=cut, skip=number)
        told = f"{cut} of request {number + 1}"
        try:
            images(**ROLLOUT, wait_interval=60.0)
        except OutcomeUnknown:
            pass
        more = bool(images.server.rules.as_list()[0]["applied"])
        images.server.clear_faults()
        settled(images)
        done = images(**ROLLOUT, wait_interval=60.0)
        assert not done.get("failed"), told
        assert done["object"]["os_version"] == "10.0.22621.525", told
        assert images.refreshed == {IMAGE: 1}, told
        assert not images(**ROLLOUT)["changed"], told
        images.server.stop()
        number += 1


def test_the_documented_result_is_what_is_returned(images: ImageDeclaring) -> None:
    documented = set(yaml.safe_load(cm_image_package.RETURN))
    for asked in (
        ROLLOUT,
        {"package_id": IMAGE},
        {"package_id": IMAGE, "state": "absent", "force": ["task_sequences"]},
    ):
        done = images(**asked)
        assert set(done) - {"changed", "diff"} == documented - {"error"}
        assert done["source_left_at"] == (WINDOWS_11 if done["action"] == "delete" else None)
        settled(images)


# -- pending work ----------------------------------------------------------------------------------------------


def test_audit_messages_that_cannot_be_read(images: ImageDeclaring) -> None:
    images.server.add_fault(**{"class": "SMS_StatMsgWithInsStrings"}, action="provider_error", times=None)
    done = images(package_id=IMAGE, description="x")
    assert done["pending"] == "unknown"
    assert any("the audit messages cannot be read" in each for each in images.warnings)


def test_without_a_name_in_the_audit_trail_nothing_is_guessed(images: ImageDeclaring) -> None:
    images.named = 0
    assert images(package_id=IMAGE)["pending"] == "none"  # nothing was changed, so nothing can be pending
    images(package_id=IMAGE, description="x")
    again = images(package_id=IMAGE, description="x")
    assert (again["changed"], again["pending"]) == (False, "unknown")
    assert any("because audit_name is none" in each for each in images.warnings)
    images(package_id=IMAGE, refresh="always")
    assert images(package_id=IMAGE)["pending"] == "none"


def test_a_refresh_by_a_colleague_counts(images: ImageDeclaring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageWrites, "commit", lambda _writes, _package: None)
    with pytest.raises(NotConverged):
        images(**ROLLOUT)
    assert images(package_id=IMAGE, check=True)["pending"] == "refresh"
    images.server.change(refresh=IMAGE)
    assert images(package_id=IMAGE, check=True)["pending"] == "none"


def test_a_long_name_leaves_room_for_what_follows(images: ImageDeclaring) -> None:
    images.program = "a long name " * 20
    images(**ROLLOUT, refresh="never")
    images.program = "another"
    images(package_id=IMAGE, version="x", source_path=r"\\files01.contoso.test\images$\win10-21h2.wim")
    told = [each["application"] for each in images.server.site.world.audit if each["id"] == 30001]
    assert any(each.endswith(", refresh follows") for each in told)
    assert not [each for each in told if each.endswith(", refresh follows") and len(each) > 128]


def test_a_site_that_tells_no_program_leaves_it_open_what_is_pending(make_declare: Make) -> None:
    """There a mark of ours would not be seen, so its absence says nothing (behaviour 7)."""
    images = make_declare(scenario="images", switches={**READABLE, "audit_component": "provider"})
    images.named = 1
    assert images(package_id=IMAGE)["pending"] == "none"
    images.server.change(put=IMAGE, values={"Description": "x"})
    assert images(package_id=IMAGE)["pending"] == "unknown"
    assert any("cannot be told, because audit_name is none" in each for each in images.warnings)
    assert images(package_id=IMAGE, refresh="always")["changed"]
    assert images(package_id=IMAGE)["pending"] == "none"
