#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the jobs of offline servicing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_offline_servicing_info
short_description: Read the jobs of offline servicing
version_added: 0.1.0
description:
  - Reads the jobs that put software updates into operating system images, with their schedule, images, updates and progress,
    and which updates an image needs.
  - Never changes anything at the site.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  schedule_ids:
    description: Read the jobs of these ids.
    type: list
    elements: int
  names:
    description: Read the jobs of these names.
    type: list
    elements: str
  images:
    description: Read the jobs that have one of these images, by their package ids.
    type: list
    elements: str
  updates_of:
    description: Images, by their package ids, of which to read the updates that the site lists.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Reads as always.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
seealso:
  - module: configmgr.content.cm_offline_servicing
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Read all jobs
  configmgr.content.cm_offline_servicing_info:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"

- name: Read which updates an image needs, and the jobs that had to do with it
  configmgr.content.cm_offline_servicing_info:
    images: [PS100009]
    updates_of: [PS100009]
  register: servicing
"""

RETURN = r"""
jobs:
  description:
    - The jobs, the newest first. C(state) is V(none), V(scheduled), V(running), V(succeeded) or V(failed); C(action) is V(none), V(install) or
      V(cancel).
    - C(schedule) is as in O(configmgr.content.cm_offline_servicing#module:schedule), null where C(schedule_string) cannot be read.
      Dates have no zone where the site tells none.
    - Each of C(images) has the C(status) of its last run (V(running), V(succeeded), V(failed) or null), and of a failure the update and the code.
    - Titles of updates come from what the site lists for the images, and may be missing.
  returned: success
  type: list
  elements: dict
  sample:
    - schedule_id: 16777217
      name: Updates of November
      state: succeeded
      action: none
      schedule:
        - {recurs: never, start: '2026-11-21T07:49:00', utc: true}
      schedule_string: C4F5BE0000080001
      description: ''
      update_distribution_points: true
      continue_on_error: false
      remove_superseded_updates:
      last_run: '2026-11-21T07:50:25'
      images:
        - package_id: PS100009
          status: succeeded
          began: '2026-11-21T07:50:25'
          failed_update:
          failed_update_title:
          error_code:
          error:
      updates:
        - {update_id: 16778000, title: Cumulative Update for Windows 10 Version 21H2 (KB5018410)}
updates:
  description:
    - The updates that the site lists for O(updates_of), one entry for each image inside the file. C(status) is V(unknown), V(not_required),
      V(installed), V(applicable), V(check_not_supported) or V(installed_check_not_supported).
  returned: success
  type: list
  elements: dict
  sample:
    - package_id: PS100009
      index: 1
      update_id: 16778000
      title: Cumulative Update for Windows 10 Version 21H2 (KB5018410)
      status: applicable
      error_code: 0
      applied:
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 15
site_code:
  description: The site.
  returned: success
  type: str
  sample: PS1
error:
  description: What failed, where, and what to do. Codes and texts of the provider are its own.
  returned: on failure
  type: dict
"""

from ansible_collections.configmgr.content.plugins.module_utils._engine.module import run_task
from ansible_collections.configmgr.content.plugins.module_utils._engine.servicing import INFO_SPEC, work


def main() -> None:
    """Run the module."""
    run_task(INFO_SPEC, work, mutually_exclusive=[("schedule_ids", "names")])


if __name__ == "__main__":
    main()
