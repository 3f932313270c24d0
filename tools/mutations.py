# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to break the client, each with the tests that have to see it. `make mutants` tries them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SOURCES: Final = "plugins/module_utils"
MATRIX: Final = "tests/wire/refresh/test_matrix.py::test_case"
STATES: Final = "tests/wire/converge/test_states_matrix.py::test_case"
TRANSPORT: Final = "tests/wire/test_transport.py"


@dataclass(frozen=True)
class Mutation:
    """One defect: `old`, which `file` has exactly once, becomes `new`. Each of the `tests` has to turn red."""

    name: str
    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def cells(*names: str) -> tuple[str, ...]:
    """Cells of the fault matrix, as tests."""
    return tuple(f"{MATRIX}[{name}]" for name in names)


def states(*names: str) -> tuple[str, ...]:
    """Cells of the fault matrix of the state modules, as tests."""
    return tuple(f"{STATES}[{name}]" for name in names)


MUTATIONS: Final = (
    Mutation(
        "resend_a_write",
        "a change whose answer was lost is sent again",
        "_wsman/verbs.py",
        "        except (CannotConnect, NotAuthenticated, NotExecuted) as problem:\n            if not _worth_repeating",
        "        except (CannotConnect, NotAuthenticated, NotExecuted, OutcomeUnknown) as problem:\n"
        "            if not _worth_repeating",
        cells(
            "call-cut_after-ntlm-http-first",
            "create-garbage_done-credssp-https-first",
            "refresh_call-cut_after-ntlm-http-first",
        ),
    ),
    Mutation(
        "cut_means_not_sent",
        "a connection cut after the request counts as one that was never made",
        "_wsman/transport.py",
        "        if line.message_left:\n",
        "        if line.message_left and not line:\n",
        cells("call-cut_after-ntlm-http-first", "delete-cut_after-basic-https-first"),
    ),
    Mutation(
        "time_out_means_failed",
        "a change that timed out on the host counts as not done",
        "_wsman/verbs.py",
        "            if fault.codes & names.TIMED_OUTS:\n                raise",
        "            if not fault.codes:\n                raise",
        cells("call-timed_out_done-ntlm-http-first", "create-timed_out_done-credssp-http-first"),
    ),
    Mutation(
        "skip_encryption",
        "messages go out over http as they are",
        "_wsman/transport.py",
        "            if encryption is not None:\n                prepared =",
        "            if encryption is None and far is None:\n                prepared =",
        (
            *cells("get-http_503-ntlm-http-first", "refresh_call-cut_before-credssp-http-first"),
            f"{TRANSPORT}::test_after_a_failed_login_the_next_send_logs_in_again",
        ),
    ),
    Mutation(
        "send_without_encryption",
        "whether the encryption is still there is not looked at before each message",
        "_wsman/transport.py",
        '        if endpoint.scheme != "https" and encryption is None:',
        '        if endpoint.scheme == "none" and encryption is None:',
        (f"{TRANSPORT}::test_without_encryption_nothing_leaves_over_http",),
    ),
    Mutation(
        "believe_plain_answers",
        "an answer in plain text is taken though the session is encrypted",
        "_wsman/transport.py",
        "            if encryption is None:\n                return content",
        "            if not encryption or content:\n                return content",
        (f"{TRANSPORT}::test_a_plain_answer_on_an_encrypted_session_is_not_believed",),
    ),
    Mutation(
        "drop_relates_to",
        "an answer is taken whatever request it belongs to",
        "_wsman/envelope.py",
        "    if not excused and (related",
        "    if message_id is None and (related",
        cells("call-answer_to_another-ntlm-http-first", "refresh_call-answer_to_another-basic-https-first"),
    ),
    Mutation(
        "ignore_the_return_value",
        "a method that returns something other than 0 counts as done",
        "_provider/site.py",
        "            if value:\n                raise ProviderError(what, where=self.where, return_value=value)",
        "            if value == 0:\n                raise ProviderError(what, where=self.where, return_value=value)",
        cells("call-returned_4-ntlm-http-first", "refresh_call-returned_4-credssp-http-first"),
    ),
    Mutation(
        "skip_the_read_back",
        "an accepted refresh counts as done without a look at the version",
        "_engine/perform.py",
        "        ) or fence.risen(target.package):",
        "        ) or fence.version >= 0:",
        cells("refresh_call-delay-ntlm-http-first", "refresh_enumerate-http_503-basic-https-first"),
    ),
    Mutation(
        "believe_lost_answers",
        "a call whose answer was lost counts as done without evidence",
        "_engine/perform.py",
        "        evidence = fence.effect(target.package)\n        if evidence:",
        '        evidence = fence.effect(target.package) or "none"\n        if evidence:',
        cells("refresh_call-garbage-ntlm-http-first", "refresh_call-answer_to_another-credssp-https-first"),
    ),
    Mutation(
        "short_lists",
        "a list that breaks off counts as complete",
        "_wsman/verbs.py",
        "            if handed_out:\n                raise ListBroken(",
        "            if handed_out:\n                return\n                raise ListBroken(",
        cells("pull-http_503-ntlm-http-second"),
    ),
    Mutation(
        "a_second_attempt_to_log_in",
        "the other sessions of a task log in although the credential was refused",
        "_wsman/endpoint.py",
        "                if refused.rejected:\n",
        "                if refused.after_success:\n",
        ("tests/wire/authentication/test_every_way.py::test_a_wrong_password_is_one_failed_login",),
    ),
    Mutation(
        "password_in_messages",
        "messages name the password beside the host",
        "_wsman/endpoint.py",
        '        return f"{self.provider}:{self.port}"',
        '        return f"{self.provider}:{self.port} {self.password}"',
        cells("refresh_call-http_403-ntlm-http-first"),
    ),
    Mutation(
        "traceback",
        "what is no XML ends in an error of the parser",
        "_wsman/envelope.py",
        "    except ElementTree.ParseError as problem:",
        "    except ZeroDivisionError as problem:",
        cells("enumerate-garbage-basic-https-always", "call-garbage-credssp-https-first"),
    ),
    Mutation(
        "resend_a_change",
        "an object whose change had no answer is read and written once more",
        "_engine/converge.py",
        "            self._settle(self.found, lost)\n            return\n",
        "            self._write_when_free(self._read(), self._send, planned_anew)\n            return\n",
        states("image_words.put-cut_after-ntlm-http-first", "image_rollout.put-garbage_done-credssp-https-first"),
    ),
    Mutation(
        "believe_a_lost_change",
        "a change whose answer was lost counts as done without a look at the object",
        "_engine/converge.py",
        "            if not unmet(self.resource, self.current, self.wish, now):\n                self.found = now",
        "            if unmet(self.resource, self.current, self.wish, now) is not None:\n                self.found = now",
        states("image_words.put-garbage-ntlm-http-first", "boot_change.put-empty-basic-https-first"),
    ),
    Mutation(
        "write_back_what_is_old",
        "what was read before a method was called is written after it",
        "_engine/image_state.py",
        "            lost = unknown\n        now = self._get(package_id)\n",
        "            lost = unknown\n        now = self.found or self._get(package_id)\n",
        states("image_rollout.enumerate-http_503-ntlm-http-first"),
    ),
    Mutation(
        "keep_the_lock",
        "what a refused change may have left locked is not given back",
        "_engine/edit_locks.py",
        '        package_id, self._perhaps_ours = self._perhaps_ours, ""\n',
        '        package_id, self._perhaps_ours = "", ""\n',
        states("image_words.put-overtaken-ntlm-http-first", "boot_change.put-overtaken-credssp-http-always"),
    ),
    Mutation(
        "silent_about_what_was_done",
        "a task that fails after it wrote does not say that it wrote",
        "_provider/site.py",
        "        if what:\n            self.written.done.append(what)",
        "        if not what:\n            self.written.done.append(what)",
        states(
            "image_words.get-http_403-ntlm-http-second", "notification.AddChangeNotification-failed-basic-https-second"
        ),
    ),
    Mutation(
        "believe_not_found",
        "an object that the provider calls gone counts as deleted although it is there",
        "_engine/converge.py",
        "                if self._is_deleting(package_id) is False:",
        "                if self._is_deleting(package_id) is ...:",
        states("image_absent.delete-not_found-ntlm-http-first", "boot_absent.delete-not_found-credssp-https-first"),
    ),
    Mutation(
        "reload_twice",
        "Windows PE is reloaded again by the run that finishes an earlier one",
        "_engine/boot_build.py",
        "        self._renewed = task.need.pending and self._has_winpe() is True",
        "        self._renewed = task.need.pending and not task.need.due",
        states("boot_stale.GetImageProperties-http_403-basic-https-first"),
    ),
)
