#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put software updates into operating system images."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_offline_servicing
short_description: Put software updates into operating system images
version_added: 0.1.0
description:
  - Has the site install software updates into the WIM of operating system images and upgrade packages, which Configuration Manager calls
    offline servicing or C(Schedule Updates). Makes a job, runs it now or on a schedule, waits for its end, or calls it off.
  - A job is known by its name and by its images and updates. If it is there and waits or runs, the task joins it.
    If it has succeeded, nothing is done. If it has failed or was called off, a new one is made.
  - The job replaces the file at the source. With O(update_distribution_points=true) the distribution points get it afterwards.
    Otherwise use M(configmgr.content.cm_package_refresh).
  - Servicing takes tens of minutes to hours. The site works at one job after the other.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  name:
    description: Name of the job. Give it another one to install the same updates into the same images once more, after their file was replaced.
    type: str
    required: true
  state:
    description:
      - V(present) makes the job or joins it. V(cancelled) calls off each job of this name that waits or runs, if O(images) is given only those
        that have one of these images.
    type: str
    default: present
    choices: [present, cancelled]
  images:
    description: Package ids of the images. Needed for O(state=present).
    type: list
    elements: str
    default: []
  updates:
    description:
      - The updates, each by its id (C(CI_ID)) or by text that is in the title of exactly one update that the site lists for the images,
        such as V(KB5018410).
    type: list
    elements: str
    default: []
  applicable_updates:
    description: Also install every update that the site calls applicable to one of the images. Without any, nothing is done.
    type: bool
    default: false
  schedule:
    description: When the job runs. If not given, now.
    type: list
    elements: dict
    suboptions:
      recurs:
        description: How it recurs.
        type: str
        required: true
        choices: [never, interval, weekly, monthly_by_date, monthly_by_weekday]
      start:
        description: Date and time without a zone, such as C(2026-11-20T22:00). Needed unless O(schedule[].recurs=interval).
        type: str
      utc:
        description: Whether O(schedule[].start) is in UTC instead of the time of the site server.
        type: bool
      duration:
        description: How long it lasts.
        type: dict
        suboptions:
          days:
            description: Days.
            type: int
          hours:
            description: Hours.
            type: int
          minutes:
            description: Minutes.
            type: int
      every:
        description: For V(interval), one number of days, hours or minutes.
        type: dict
        suboptions:
          days:
            description: Days.
            type: int
          hours:
            description: Hours.
            type: int
          minutes:
            description: Minutes.
            type: int
      every_weeks:
        description: For V(weekly), 1 to 4.
        type: int
      every_months:
        description: For V(monthly_by_date) and V(monthly_by_weekday), 1 to 12.
        type: int
      week:
        description: For V(monthly_by_weekday), which week of the month.
        type: str
        choices: [last, first, second, third, fourth]
      day:
        description: Day of the week in English; for V(monthly_by_date) a number or V(last).
        type: str
      offset_days:
        description: For V(monthly_by_weekday), days after that day. Sites of version 1906 or later.
        type: int
  description:
    description: Description of the job.
    type: str
  update_distribution_points:
    description: Update the distribution points when the image was serviced (C(UpdateDP)).
    type: bool
  continue_on_error:
    description: Go on with the next update when one cannot be installed (C(ContinueOnError)).
    type: bool
  remove_superseded_updates:
    description: Take superseded updates out of the image (C(RemoveSupersededUpdates)). For files with one image, on sites of version 1902 or later.
    type: bool
  wait:
    description: Wait for the end of the job. If not given, true without O(schedule) and false with it.
    type: bool
  wait_timeout:
    description: Seconds to wait for the end. The job goes on at the site all the same.
    type: float
    default: 14400.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 30.0
  grace:
    description: Seconds in which the effect of a write has to show whose answer was lost.
    type: float
    default: 60.0
attributes:
  check_mode:
    description: Tells what would be done. Nothing is written.
    support: full
  diff_mode:
    description: Shows the job before and after.
    support: full
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - The names of jobs, classes and states come from the documentation of the SMS Provider. Not documented is whether a job may be changed while
    it waits, and how long a job that was called off goes on; the task reads back what became of it.
seealso:
  - module: configmgr.content.cm_offline_servicing_info
  - module: configmgr.content.cm_image_package
  - module: configmgr.content.cm_package_refresh
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Install two updates into an image now, and wait for the end
  configmgr.content.cm_offline_servicing:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    name: Updates of November
    images: [PS100009]
    updates: [KB5018410, '16778001']
    update_distribution_points: true

- name: Install updates on a night of the week, and do not wait
  configmgr.content.cm_offline_servicing:
    name: Saturday night
    images: [PS100009]
    updates: [KB5018410]
    continue_on_error: true
    schedule:
      - recurs: never
        start: '2026-12-05T23:00'

- name: Call it off
  configmgr.content.cm_offline_servicing:
    name: Saturday night
    state: cancelled
"""

RETURN = r"""
action:
  description:
    - What was done, or would be done in check mode. V(none), V(create), V(change) (settings of a waiting job), V(complete) (images or updates
      that a waiting job lacked), V(wake) (the job was there, and the servicing was told to begin) or V(cancel).
  returned: success
  type: str
  sample: create
schedule_id:
  description: Id of the job; null where there is none (yet).
  returned: success
  type: int
  sample: 16777217
jobs:
  description: The job, or the jobs that were called off, as in RV(configmgr.content.cm_offline_servicing_info#module:jobs).
  returned: success, and on failure of the job
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
diff:
  description: The job before and after.
  returned: success
  type: dict
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
from ansible_collections.configmgr.content.plugins.module_utils._engine.servicing_module import (
    SERVICING_RULES,
    SERVICING_SPEC,
    work,
)


def main() -> None:
    """Run the module."""
    run_task(SERVICING_SPEC, work, **SERVICING_RULES)


if __name__ == "__main__":
    main()
