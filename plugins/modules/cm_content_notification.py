#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wake the distribution manager for packages."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_content_notification
short_description: Wake the distribution manager for packages
version_added: 0.1.0
description:
  - Has the site's distribution manager look at packages now (C(AddChangeNotification)) instead of at its next turn.
  - Changes no property, raises no version and reads no source. To have a changed source taken, use M(configmgr.content.cm_package_refresh).
extends_documentation_fragment:
  - configmgr.content.connection
options:
  package_ids:
    description: Ids of the packages, of any class.
    type: list
    elements: str
    required: true
    aliases: [package_id]
attributes:
  check_mode:
    description: Calls nothing. Every package counts as changed, as in the real run.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - Every call leaves a notification at the site, so every run counts as changed.
seealso:
  - module: configmgr.content.cm_package_refresh
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Have the site look at a package now
  configmgr.content.cm_content_notification:
    package_ids:
      - PS100004
"""

RETURN = r"""
packages:
  description: The packages, with C(package_id) and C(name).
  returned: success
  type: list
  elements: dict
  sample: [{package_id: PS100004, name: Branch offices (x64)}]
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

from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.notification import run_notification


def main() -> None:
    """Run the module."""
    run_notification(RESOURCES)


if __name__ == "__main__":
    main()
