# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit locks: whose may be taken, what a killed job left, the lock of another site, and that nothing of ours stays."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.edit_locks import new_context
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import (
    ChangedMeanwhile,
    Impossible,
    Locked,
    ProviderError,
)

from .conftest import ImageDeclaring
from .test_image_content import IMAGE, READABLE, ROLLOUT, Make

AWX = {"AWX_HOST": "https://awx.contoso.test", "JOB_ID": "4711"}
ME, COLLEAGUE = "CONTOSO\\cmadmin", "CONTOSO\\colleague"


@pytest.fixture
def images(make_declare: Make) -> ImageDeclaring:
    return make_declare(scenario="images", switches=READABLE)


def held(declare: ImageDeclaring) -> dict[str, Any]:
    """The locks at the site."""
    return dict(declare.server.site.locks.snapshot())


def asked_of_locks(declare: ImageDeclaring, since: int = 0) -> list[str]:
    """The methods of SMS_ObjectLock that were called."""
    return [each["method"] for each in declare.server.journal[since:] if each["class"] == "SMS_ObjectLock"]


def freed(declare: ImageDeclaring) -> None:
    """Whoever has a lock gives it back."""
    locks = declare.server.site.locks
    for path in list(held(declare)):
        locks.free(path)


def test_a_write_that_succeeds_asks_for_no_lock(images: ImageDeclaring) -> None:
    images(package_id=IMAGE, description="x")
    assert asked_of_locks(images) == []
    assert held(images) == {}


def test_every_task_has_one_lock_context(images: ImageDeclaring) -> None:
    contexts = []
    for version in ("1", "2"):
        since = len(images.server.journal)
        images(package_id=IMAGE, version=version)
        told = {each["options"].get("ObjectLockContext") for each in images.server.journal[since:]} - {None}
        assert len(told) == 1
        contexts += told
    assert contexts[0] != contexts[1]
    assert all(each.startswith("configmgr.content/") for each in contexts)


def test_the_lock_of_a_killed_job_is_named_as_such(images: ImageDeclaring) -> None:
    images.server.change(lock=IMAGE, user=ME, machine="AWX", context=new_context(AWX), minutes=5)
    with pytest.raises(Locked) as refused:
        images(package_id=IMAGE, description="x")
    assert "is being edited by CONTOSO\\cmadmin on AWX, since 2" in str(refused.value)
    assert "a task of this collection, which still runs or was killed (configmgr.content/" in str(refused.value)
    assert "job 4711" in str(refused.value)
    assert "lock_takeover: same_user takes its lock" in str(refused.value)
    assert images(package_id=IMAGE, description="x", lock_takeover="same_user")["changed"]
    assert held(images) == {}
    assert any("was taken from CONTOSO\\cmadmin on AWX" in each for each in images.warnings)


def test_nobody_elses_lock_is_taken_for_ours(images: ImageDeclaring) -> None:
    images.server.change(lock=IMAGE)
    with pytest.raises(Locked, match=r"is being edited by CONTOSO\\colleague on WS0815, since "):
        images(package_id=IMAGE, description="x", lock_takeover="same_user")
    assert list(held(images).values()) == [COLLEAGUE]
    assert images.written == 0


@pytest.mark.parametrize("state", ["present", "absent"])
def test_any_lock(make_declare: Make, state: str) -> None:
    images = make_declare(scenario="images", switches={"foreign_release": "accepted"})
    package_id = images(name="Nobody uses it", source_path=ROLLOUT["source_path"])["package_id"]
    images.server.change(lock=package_id)
    done = images(package_id=package_id, state=state, description="x", lock_takeover="any")
    assert done["changed"]
    assert any(f"was taken from {COLLEAGUE} on WS0815" in each for each in images.warnings)


def test_a_lock_that_the_provider_does_not_give(images: ImageDeclaring) -> None:
    images.server.change(lock=IMAGE)
    with pytest.raises(
        Locked, match=r"edited by CONTOSO\\colleague on WS0815, .*, and its lock could not be taken over"
    ):
        images(package_id=IMAGE, description="x", lock_takeover="any")
    assert list(held(images).values()) == [COLLEAGUE]


def test_a_lock_that_comes_back_at_once_is_taken_once(make_declare: Make) -> None:
    images = make_declare(scenario="images", switches={**READABLE, "foreign_release": "accepted"})
    site = images.server.site
    put = type(site.writes).put_package

    def locked_again(*arguments: Any, **more: Any) -> Any:
        images.server.change(lock=IMAGE)
        return put(site.writes, *arguments, **more)

    site.writes.put_package = locked_again
    try:
        with pytest.raises(Locked, match=r"is being edited by CONTOSO\\colleague on WS0815, since "):
            images(package_id=IMAGE, description="x", lock_takeover="any")
    finally:
        del site.writes.put_package
    assert asked_of_locks(images).count("ReleaseLock") == 1


def test_no_lock_is_taken_where_it_is_free(images: ImageDeclaring) -> None:
    images(package_id=IMAGE, description="x", lock_takeover="any")
    assert asked_of_locks(images) == []


@pytest.mark.parametrize("named", [0, 2])
def test_a_site_that_wants_to_know_for_whom_it_locks(make_declare: Make, named: int) -> None:
    """Also where audit_name is none, and in a container, whose name the audit trail is spared."""
    images = make_declare(scenario="images", switches={**READABLE, "implicit_lock": "needs_context"})
    images.named = named
    assert images(**ROLLOUT)["changed"]
    assert images(package_id=IMAGE, state="absent", force=["task_sequences"])["changed"]
    assert held(images) == {}


def test_what_a_refused_write_may_have_left_is_given_back(images: ImageDeclaring) -> None:
    images.server.add_fault(verb="Put", action="provider_error")
    with pytest.raises(ProviderError):
        images(package_id=IMAGE, description="x")
    assert asked_of_locks(images)[-1] == "ReleaseLock"


def test_a_lock_that_has_timed_out_is_asked_for(make_declare: Make) -> None:
    """Where a Put does not take it by itself, RequestLock does (RequestState 11)."""
    images = make_declare(scenario="images", switches={**READABLE, "timed_out_lock": "on_request"})
    images.server.change(lock=IMAGE, minutes=125)
    assert images(package_id=IMAGE, description="x")["changed"]
    assert asked_of_locks(images) == ["GetLockInformation", "RequestLock"]
    assert held(images) == {}


def test_who_left_a_lock_that_is_not_given_is_told(make_declare: Make) -> None:
    images = make_declare(scenario="images", switches={**READABLE, "timed_out_lock": "on_request"})
    images.server.change(lock=IMAGE, minutes=125)
    images.server.add_fault(verb="Invoke", method="RequestLock", action="provider_error", error_code=1078462258)
    with pytest.raises(Locked, match=r"is being edited by CONTOSO\\colleague on WS0815, since "):
        images(package_id=IMAGE, description="x")
    assert images.written == 0


def test_the_lock_of_another_site_is_fetched(make_declare: Make) -> None:
    images = make_declare(scenario="images", speed=200.0)
    images.server.change(lock=IMAGE, site="PS2")
    assert images(package_id=IMAGE, description="x")["changed"]
    assert "RequestLock" in asked_of_locks(images)
    assert held(images) == {}


def test_the_lock_that_another_site_does_not_give(make_declare: Make) -> None:
    images = make_declare(scenario="images", speed=200.0)
    images.server.change(lock=IMAGE, site="PS2")
    path = f'SMS_ImagePackage.PackageID="{IMAGE}"'
    locks = images.server.site.locks
    request = type(locks).request

    def in_use(asked: str, *arguments: Any, **more: Any) -> Any:
        answer = request(locks, asked, *arguments, **more)
        images.server.change(lock=IMAGE, site="PS2", user=COLLEAGUE)
        return answer

    locks.request = in_use
    try:
        with pytest.raises(Locked, match="is kept at site PS2, which did not hand it over"):
            images(package_id=IMAGE, description="x")
    finally:
        del locks.request
    assert list(held(images)) == [path.lower()]


def test_a_warning_is_told_once(images: ImageDeclaring) -> None:
    """The plan is made again when the lock is free."""
    images.server.change(lock=IMAGE)
    images.server.add_fault(**{"class": "SMS_StatMsgWithInsStrings"}, action="provider_error", times=None)
    images.clock.after_sleep = lambda: freed(images)
    assert images(package_id=IMAGE, description="x", lock_wait=60.0)["changed"]
    assert [each for each in images.warnings if "died before the refresh" in each]
    assert len(set(images.warnings)) == len(images.warnings)


def test_what_uses_an_image_by_the_time_its_lock_is_free(images: ImageDeclaring) -> None:
    package_id = images(name="Nobody uses it", source_path=ROLLOUT["source_path"])["package_id"]
    images.server.change(lock=package_id)

    def used() -> None:
        images.values("PS10000A")["BootImageID"] = package_id
        freed(images)

    images.clock.after_sleep = used
    with pytest.raises(Impossible, match="is used by task sequences and was not deleted: PS10000A"):
        images(package_id=package_id, state="absent", lock_wait=60.0)
    assert images.executions("Delete") == {}


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_its_editor_deletes_meanwhile(images: ImageDeclaring, state: str) -> None:
    asked = {"name": "Edited", "source_path": ROLLOUT["source_path"]}
    package_id = images(**asked)["package_id"]
    images.server.change(lock=package_id)

    def deleted() -> None:
        images.clock.after_sleep = lambda: None
        images.server.change(delete=package_id)
        freed(images)

    images.clock.after_sleep = deleted
    done = images(**asked, description="x", state=state, lock_wait=60.0)
    if state == "absent":
        assert (done["changed"], done["object"], images.executions("Delete")) == (False, {}, {})
        return
    assert done["action"] == "create"
    assert done["package_id"] not in ("", package_id)
    assert images.values(done["package_id"])["Description"] == "x"


def test_who_changed_what_is_told(images: ImageDeclaring) -> None:
    def edit() -> None:
        images.server.change(put=IMAGE, values={"Description": "theirs", "Language": "German"})

    with pytest.raises(ChangedMeanwhile) as refused:
        images(package_id=IMAGE, version="2", between=edit)
    told = str(refused.value)
    assert "was changed by CONTOSO\\colleague on WS0815 with Microsoft.ConfigurationManagement.exe, 2" in told
    assert "description is now 'theirs', was ''" in told
    assert "language is now 'German', was ''" in told
    assert images(package_id=IMAGE, version="2")["object"]["description"] == "theirs"


def test_an_edit_while_the_metadata_is_saved_is_told(images: ImageDeclaring) -> None:
    """Between the Get after the reload and the second Put."""
    site = images.server.site
    put = type(site.writes).put_package
    edited: list[bool] = []

    def with_edit(package: Any, *arguments: Any, **more: Any) -> Any:
        if package.reread is not None and not edited:
            edited.append(True)
            images.server.change(put=IMAGE, values={"Description": "theirs"})
        return put(site.writes, package, *arguments, **more)

    site.writes.put_package = with_edit
    try:
        with pytest.raises(ChangedMeanwhile, match="description is now 'theirs'"):
            images(**ROLLOUT)
    finally:
        del site.writes.put_package
    done = images(**ROLLOUT)
    assert done["object"]["description"] == "theirs"
    assert images.refreshed == {IMAGE: 1}
