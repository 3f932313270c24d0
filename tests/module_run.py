# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a module in this process, on every ansible-core: arguments in, result out. No connection is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:  # ansible-core before 2.19

    @contextmanager
    def patch_module_args(args: dict[str, Any] | None = None) -> Iterator[None]:
        """What 2.19 and later bring along."""
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args or {}}).encode()):
            yield


RESUME_OPTIONS = {"package_id", "sent", "version_before", "last_refresh_before", "context_id", "answer_lost"}


def checked_options(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options as a module with this argument_spec gets them. Raises AssertionError with what it refuses."""
    result = ArgumentSpecValidator(dict(spec)).validate(dict(given))
    assert not result.error_messages, result.error_messages
    return dict(result.validated_parameters)


def run(
    main: Callable[[], None], options: Mapping[str, Any], capsys: pytest.CaptureFixture[str], **internal: Any
) -> dict[str, Any]:
    """Run a module's main; its result, with `rc` as the exit code. `internal` are arguments such as check_mode."""
    arguments = {**options, **{f"_ansible_{name}": value for name, value in internal.items()}}
    capsys.readouterr()
    with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr().out.strip().splitlines()
    result: dict[str, Any] = json.loads(printed[-1])
    result["rc"] = ended.value.code or 0
    return result
