# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images: the call that builds one while it is being answered, and how far it is.

RefreshPkgSource of a boot image does minutes of work inside the call (behaviour 82, 83). On a default host the answer
is a timeout after 60 s while the work goes on (wire H-07, L-02): the normal course. So the call has its own session and
thread, and the outcome is read from another session by the ContextID.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._cim.types import SINT32, STRING, UINT32
from .._wsman.errors import ConfigMgrError, OutcomeUnknown

if TYPE_CHECKING:
    from .._provider.clock import Clock
    from .._provider.site import Site
    from .operation import Operation

COMPLETE, IN_PROGRESS, ERROR, NO_STATUS = 0, 1, 2, 3
NOT_TOLD = -1  # ours: the provider did not say

_CONTEXTS = "https://github.com/ansible-collections/configmgr.content/build"

_WORDS = {COMPLETE: "complete", IN_PROGRESS: "in_progress", ERROR: "error", NO_STATUS: "no_status"}
_OUTPUTS = {
    "Status": UINT32,
    "Progress": UINT32,
    "MaxProgress": UINT32,
    "ProgressText": STRING,
    "ErrorCode": SINT32,
    "ExtendedErrorInfo": STRING,
}


@dataclass(frozen=True)
class BuildStatus:
    """The answer of QueryOSDBinaryInjectionStatus (behaviour 84). Only the numbers are fit for logic (behaviour 85)."""

    status: int
    step: int
    steps: int
    text: str
    error_code: int
    error_info: str

    @property
    def percent(self) -> int:
        """How far the build is, 0 to 100."""
        if self.status == COMPLETE:
            return 100
        return min(100, 100 * self.step // self.steps) if self.steps else 0

    @property
    def failure(self) -> str:
        """What went wrong, with the driver that could not be injected if that was it."""
        driver = f", driver {self.error_info}" if self.error_info else ""
        step = f" at step {self.step} of {self.steps} ({self.text})" if self.steps else ""
        return f"the build failed{step} with error {self.error_code}{driver}"

    def as_result(self) -> dict[str, Any]:
        """For the result of the module."""
        return {
            "status": _WORDS.get(self.status, str(self.status)),
            "percent": self.percent,
            "step": self.step,
            "steps": self.steps,
            "text": self.text,
            "error_code": self.error_code,
            "error_info": self.error_info,
        }


def read_status(site: Site, class_name: str, context_id: str) -> BuildStatus:
    """How far the build with this ContextID is. Status 3: the id is unknown, neither done nor not started."""
    answer = site.call(
        class_name,
        "QueryOSDBinaryInjectionStatus",
        arguments={"ContextID": (STRING, context_id)},
        outputs=_OUTPUTS,
        reading=True,
    )
    status = answer.get("Status")
    return BuildStatus(
        status=NO_STATUS if status is None else status,
        step=answer.get("Progress") or 0,
        steps=answer.get("MaxProgress") or 0,
        text=answer.get("ProgressText") or "",
        error_code=answer.get("ErrorCode") or 0,
        error_info=answer.get("ExtendedErrorInfo") or "",
    )


def context_for(site: Site, package_id: str) -> str:
    """The ContextID for builds of one boot image: always the same, so that any run can see a build that another began."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_CONTEXTS}/{site.code}/{package_id}")).upper()


def add_progress(lines: list[str], clock: Clock, status: BuildStatus) -> None:
    """Add a line with the time, if it says something new: the last step is told twice, at work and as complete."""
    told = f"{status.percent} % {status.text}".rstrip()
    if not lines or not lines[-1].endswith(f" UTC {told}"):
        lines.append(f"{clock.utc():%H:%M:%S} UTC {told}")


def fresh_context() -> str:
    """A ContextID that no build had before."""
    return str(uuid.uuid4()).upper()


def unreadable_status(why: str) -> BuildStatus:
    """Stands for a status that could not be asked for. It is none of the provider's own: the build may be at any point."""
    return BuildStatus(NOT_TOLD, 0, 0, why, 0, "")


def forget(site: Site, class_name: str, context_id: str) -> None:
    """Drop the provider's record of a build that has ended (DeleteContextID)."""
    site.call(class_name, "DeleteContextID", arguments={"ContextID": (STRING, context_id)})


class BuildCall:
    """The call under way, in a thread of its own with a session of its own."""

    def __init__(
        self, site: Site, operation: Operation, class_name: str, package_id: str, context_id: str, timeout: float
    ) -> None:
        self.error: ConfigMgrError | None = None
        self._site = site
        self._run_it: Callable[[], Any] = lambda: site.call(
            class_name,
            operation.method,
            {"PackageID": package_id},
            {operation.context_argument: (STRING, context_id)},
            timeout=timeout,
        )
        self._thread = threading.Thread(target=self._run, name=f"build {package_id}", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether an answer, or the certainty that none will come, is there."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._run_it()
        except ConfigMgrError as error:
            self.error = error
        except Exception as defect:  # ours; what became of the build is settled by its status all the same
            self.error = OutcomeUnknown(
                f"The call broke off by a defect of this collection ({type(defect).__name__}: {defect})",
                where=self._site.where,
                hint="Please report it.",
            )
        finally:
            self._site.close()
