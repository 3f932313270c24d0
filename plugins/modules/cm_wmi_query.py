#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read any class of the SMS Provider."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_wmi_query
short_description: Read any class of the SMS Provider
version_added: 0.1.0
description:
  - Reads objects of any WMI class that the SMS Provider has, with values of the types that the site itself declares.
    For what no other module of this collection reads.
  - Rows have WMI's own property names. Numbers are numbers, also those of 64 bits. Dates are in ISO 8601, with an offset where the site
    tells one. Arrays are lists. An embedded object is a dictionary, whose C(__CLASS) names its class.
  - Where the site declares no type, values stay text, as they came. RV(untyped) names them.
  - Never changes anything at the site.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  class_name:
    description:
      - The class to read, such as V(SMS_Collection). Objects of classes that are derived from it are among the rows.
      - Either this or O(wql).
    type: str
  wql:
    description:
      - A query, one SELECT in the WQL that the SMS Provider speaks. It is sent as it is, but for O(parameters).
      - Columns that are left out of the SELECT are not in the rows; the keys should be among them.
    type: str
  parameters:
    description:
      - Values for the placeholders of O(wql). C(:name) outside quotes is replaced by the value, quoted as WQL wants it.
        Never put a value from elsewhere into the text of O(wql) itself.
      - A list becomes a list in parentheses, for C(IN). A date is text in the form of WMI, such as V(20261120220000.000000+***).
    type: dict
  properties:
    description:
      - Properties to return, in any case. The keys are always among them, as far as the site tells which they are.
      - If not given, all but the lazy ones, embedded objects and arrays of bytes, which RV(left_out) names.
    type: list
    elements: str
    default: []
  where:
    description:
      - Conditions on properties. Values are checked against the type that the site declares before anything is sent.
      - A condition on an array is met if one entry meets it.
    type: list
    elements: dict
    default: []
    suboptions:
      property:
        description: The property.
        type: str
        required: true
      operator:
        description:
          - How to compare. V(in) and V(not in) take a list. V(like) takes a pattern of WQL, V(matches) one in which V(*) stands for any text
            and V(?) for one character, V(starts with) the beginning as it is. V(is null) and V(is not null) take no value.
          - The site compares text without regard to case.
        type: str
        default: '='
        choices: ['=', '<>', '<', '<=', '>', '>=', in, not in, like, matches, starts with, is null, is not null]
      value:
        description: What to compare with. A date is text in ISO 8601 or in the form of WMI; without an offset, as the site has it.
        type: raw
  match:
    description: Whether an object has to meet all conditions of O(where), or any.
    type: str
    default: all
    choices: [all, any]
  lazy:
    description:
      - Whether each object is read by itself, which costs one request an object. A query never fills lazy properties and embedded objects.
      - If not given, this is done when O(properties) names one of them, as far as the site tells which are lazy.
    type: bool
  key_properties:
    description: The key properties of O(class_name), for O(lazy) at a site that does not tell them.
    type: list
    elements: str
    default: []
  limit:
    description: Most rows to return.
    type: int
  namespace:
    description: The namespace, such as V(root/sms). V(root/sms) and what is below it can be read. If not given, the namespace of the site.
    type: str
  dest:
    description:
      - File to write the rows to, one JSON object a line, instead of returning them. For many rows, since a result is held in memory.
      - The file appears when it is complete. In check mode it is not written.
    type: path
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
  - module: configmgr.content.cm_package_info
  - module: configmgr.content.cm_wmi_method
  - name: Any class and any method
    description: The guide.
    link: https://github.com/ansible-collections/configmgr.content/blob/main/docs/docsite/rst/escape_hatch.rst
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Read the distribution points that answer PXE
  configmgr.content.cm_wmi_query:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    class_name: SMS_DistributionPointInfo
    properties: [ServerName, IsPXE, NALPath]
    where:
      - property: IsPXE
        value: true

- name: Read packages of a manufacturer, whatever quotes its name has
  configmgr.content.cm_wmi_query:
    wql: SELECT PackageID, Name, PackageType FROM SMS_PackageBaseclass WHERE Manufacturer = :maker AND PackageType IN :types
    parameters:
      maker: "{{ wanted_maker | default('Dell') }}"
      types: [0, 3]

- name: Read a lazy property, which costs one request an object
  configmgr.content.cm_wmi_query:
    class_name: SMS_Package
    properties: [Name, RefreshSchedule]
    where:
      - property: Name
        operator: starts with
        value: Refreshed

- name: Count packages
  configmgr.content.cm_wmi_query:
    wql: SELECT COUNT(*) FROM SMS_PackageBaseclass

- name: Write all status messages since a day to a file
  configmgr.content.cm_wmi_query:
    class_name: SMS_StatusMessage
    where:
      - property: Time
        operator: '>='
        value: '2026-11-01T00:00:00'
    dest: "{{ report_folder }}/messages.jsonl"
"""

RETURN = r"""
rows:
  description: The objects, each with WMI's property names.
  returned: when O(dest) is not given
  type: list
  elements: dict
  sample:
    - PackageID: PS100001
      Name: 7-Zip
      PackageType: 0
count:
  description: Number of rows.
  returned: success
  type: int
  sample: 1
dest:
  description: The file.
  returned: when O(dest) is given
  type: str
  sample: /var/tmp/messages.jsonl
wql:
  description: The query as it was sent. With O(lazy), the one that found the keys.
  returned: success
  type: str
  sample: SELECT PackageID, Name FROM SMS_Package
schema:
  description:
    - Where the types come from. V(described), the site describes the class. V(read), it does not, and an object showed the names;
      V(unknown), nothing does, as with a JOIN.
  returned: success
  type: str
  sample: described
left_out:
  description:
    - Properties that the rows lack, since a query does not fill them or they are bytes. Ask for them in O(properties).
    - Those of a JOIN are named with their alias.
  returned: success
  type: list
  elements: str
  sample: [RefreshSchedule, Icon]
untyped:
  description: Properties whose values have no type that is known, or do not keep to it. They are text, and a list only where there were several values.
  returned: success
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
from ansible_collections.configmgr.content.plugins.module_utils._engine.query import QUERY_RULES, QUERY_SPEC, work


def main() -> None:
    """Run the module."""
    run_task(QUERY_SPEC, work, **QUERY_RULES)


if __name__ == "__main__":
    main()
