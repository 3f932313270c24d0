#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call any method of the SMS Provider."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_wmi_method
short_description: Call any method of the SMS Provider
version_added: 0.1.0
description:
  - Calls a method of any WMI class that the SMS Provider has, of the class or of one object.
    For what no other module of this collection does; it knows nothing of what the method means.
  - Class, method, key and arguments are checked against what the site declares before anything is sent.
  - The method is called at most once. If its answer is lost, the task fails with C(outcome_unknown) as C(error.kind). Look at the site
    before you run it again.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  class_name:
    description: The class that has the method, such as V(SMS_Collection).
    type: str
    required: true
  method:
    description: The method.
    type: str
    required: true
  key:
    description: The key properties of the object and their values. For a static method, leave it out.
    type: dict
    default: {}
  arguments:
    description:
      - The in parameters. One that is null is left out.
      - Text is put in quotes. A date is text in ISO 8601 or in the form of WMI. An embedded object is a dictionary of its properties,
        with its class as C(__CLASS) where it is not the declared one.
    type: dict
    default: {}
  secret_arguments:
    description: In parameters that no log, result or trace may show. Otherwise like O(arguments).
    type: dict
    default: {}
  expected:
    description: Return values that stand for success. Any other is a failure.
    type: list
    elements: int
    default: [0]
  changes:
    description: Whether a call is reported as a change.
    type: bool
    default: true
  reading:
    description:
      - The method only tells something. It is called in check mode, too, is no change, and is repeated if its answer is lost.
      - Say so only of a method of which it is true.
    type: bool
    default: false
  safe_in_check_mode:
    description: Call the method in check mode as well. Otherwise check mode ends with a failure, after the arguments were checked.
    type: bool
    default: false
  namespace:
    description: The namespace, such as V(root/sms). V(root/sms) and what is below it can be reached. If not given, the namespace of the site.
    type: str
attributes:
  check_mode:
    description: Checks class, key and arguments.
    details: Then it fails, since nothing tells what the method would change. With O(reading) or O(safe_in_check_mode) it calls the method.
    support: partial
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
seealso:
  - module: configmgr.content.cm_wmi_query
  - name: Any class and any method
    description: The guide.
    link: https://github.com/ansible-collections/configmgr.content/blob/main/docs/docsite/rst/escape_hatch.rst
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Ask whether a folder can be the source of a driver package
  configmgr.content.cm_wmi_method:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    class_name: SMS_DriverPackage
    method: CheckSourceFolder
    arguments:
      SourceFolder: \\files01.contoso.test\drivers$\new package
    reading: true
  register: folder

- name: Wake the distribution manager for a package
  configmgr.content.cm_wmi_method:
    class_name: SMS_Package
    method: AddChangeNotification
    key:
      PackageID: PS100001
    changes: false

- name: Have the site say what a schedule means
  configmgr.content.cm_wmi_method:
    class_name: SMS_ScheduleMethods
    method: ReadFromString
    arguments:
      StringData: '0001200000100038'
    reading: true

- name: Put a package into a folder, but not in check mode
  configmgr.content.cm_wmi_method:
    class_name: SMS_ObjectContainerItem
    method: MoveMembers
    arguments:
      InstanceKeys: [PS10000F]
      ContainerNodeID: 0
      TargetContainerNodeID: 16777220
      ObjectType: 2
  when: not ansible_check_mode
"""

RETURN = r"""
return_value:
  description: What the method returned. Null where it returns nothing.
  returned: when it was called
  type: raw
  sample: 0
outputs:
  description: The out parameters under WMI's names, as RV(configmgr.content.cm_wmi_query#module:rows) has values.
  returned: when it was called
  type: dict
  sample:
    Result: 0
schema:
  description: Where the types come from. V(described), the site describes the class. Otherwise nothing could be checked, and a warning says so.
  returned: when it was called
  type: str
  sample: described
untyped:
  description: Out parameters whose values have no type that is known. They are text, and a list only where there were several values.
  returned: when it was called
  type: list
  elements: str
  sample: []
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

from ansible_collections.configmgr.content.plugins.module_utils._engine.module import run_task
from ansible_collections.configmgr.content.plugins.module_utils._engine.wmi_method import METHOD_SPEC, work


def main() -> None:
    """Run the module."""
    run_task(METHOD_SPEC, work)


if __name__ == "__main__":
    main()
