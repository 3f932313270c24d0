#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read how far the build of a boot image is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_boot_image_status
short_description: Read how far the build of a boot image is
version_added: 0.1.0
description:
  - Asks the provider for the progress of a build (C(QueryOSDBinaryInjectionStatus)), once or until it has ended.
  - Builds that this collection begins have a ContextID that follows from site and image, so O(package_id) is enough for them.
    A build that was begun elsewhere is asked for by its O(context_id).
extends_documentation_fragment:
  - configmgr.content.connection
options:
  package_id:
    description: Id of the boot image. If nothing is known of a build by this collection, the ContextID of its last change is asked for.
    type: str
  context_id:
    description: ContextID of the build.
    type: str
  wait:
    description: Whether to wait until the build has ended.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait at most.
    type: float
    default: 3600.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 10.0
  fail:
    description: Whether a build that failed is a failure of the task.
    type: bool
    default: true
  delete_context:
    description: Whether to drop the provider's record of a build that has ended (C(DeleteContextID)). Nobody can ask for it afterwards.
    type: bool
    default: false
attributes:
  check_mode:
    description: Deletes no record; all else is reading.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
seealso:
  - module: configmgr.content.cm_boot_image
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Wait for the build that another task began
  configmgr.content.cm_boot_image_status:
    package_id: PS100004
    wait: true

- name: Look at a build, and tidy up after it
  configmgr.content.cm_boot_image_status:
    context_id: 2A1F9C9E-0F6C-4B57-9E0B-6F7C43A0E1D5
    fail: false
    delete_context: true
"""

RETURN = r"""
context_id:
  description: The ContextID that was asked for.
  returned: success
  type: str
  sample: 2A1F9C9E-0F6C-4B57-9E0B-6F7C43A0E1D5
build:
  description:
    - C(status) is V(in_progress), V(complete), V(error), or V(no_status) for an id that the provider does not know, which is neither done nor not begun.
    - C(percent), C(step) and C(steps), the C(text) of the step in the provider's language, C(progress) as lines with their times.
    - After an error C(error_code), and C(error_info) with the driver that could not be put in, if that was the reason.
  returned: success
  type: dict
  sample: {status: in_progress, percent: 44, step: 4, steps: 9, text: Adding the client binaries, error_code: 0, error_info: ''}
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 3
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

from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_calls import run_boot_status


def main() -> None:
    """Run the module."""
    run_boot_status(BOOT_IMAGE)


if __name__ == "__main__":
    main()
