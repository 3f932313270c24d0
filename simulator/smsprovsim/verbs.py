# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get, Put, Create, Delete and Invoke (wire G-01 to I-10)."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from . import names
from .codec import BadValue, key_text
from .metadata import class_document
from .model import CimClass, Instance, Method, Property, Work
from .operation import Answer, Operation
from .soap import attribute, escape
from .target import read_keys
from .wsmanfault import WSManFault

_PATH = re.compile(r"([A-Za-z_]\w*)(?:\[([1-9]\d*)\])?")


def get(operation: Operation) -> Answer:
    """Get: an object, a fragment of it, or the metadata of a class."""
    action = names.GET + "Response"
    if operation.target.kind == "cim_xml":
        return Answer(action, class_document(operation))
    if operation.envelope.content is not None:
        raise WSManFault(2150858791, "Get has an empty body.")
    cim_class, keys = _addressed(operation)
    fragment = _fragment(operation, cim_class)
    with operation.asking_site() as site:
        instance = site.get(operation.caller, cim_class, keys)
    operation.executed = True
    if fragment is None:
        return Answer(action, operation.writer().instance(instance))
    declared, index = fragment
    values = _fragment_values(instance.values.get(declared.name), declared, index)
    return Answer(
        action, operation.writer().fragment(instance.cim_class.name, declared, values), _fragment_header(operation)
    )


def put(operation: Operation) -> Answer:
    """Put: a whole object, the properties an MI client lists, or one fragment."""
    action = names.PUT + "Response"
    cim_class, keys = _addressed(operation)
    fragment = _fragment(operation, cim_class)
    if fragment is not None:
        return _put_fragment(operation, cim_class, keys, *fragment)
    values = _representation(operation, cim_class)
    for key, selected in keys.items():
        if key in values and key_text(values[key]).casefold() != selected.casefold():
            raise WSManFault(
                2150858989, f"The key {key} is {key_text(values[key])!r} in the body and {selected!r} in the selectors."
            )
    if operation.options.modified is not None:  # wire P-04
        listed = {name.casefold() for name in operation.options.modified}
        unknown = listed - {name.casefold() for name in cim_class.properties}
        if unknown:
            raise WSManFault(2150858838, f"{cim_class.name} has no {', '.join(sorted(unknown))}.")
        # A listed property that the body leaves out was set to null by the client.
        values = {name: values.get(name) for name in cim_class.properties if name.casefold() in listed}
    else:
        _complete(operation, cim_class, values)
    stored = _put(operation, cim_class, keys, values)
    empty = operation.switches["put_response"] == "empty"  # ASSUMED: put_response
    return Answer(action, "" if empty else operation.writer().instance(stored))


def create(operation: Operation) -> Answer:
    """Create: the answer names the object by its keys (wire C-02 to C-04)."""
    cim_class = operation.cim_class()
    if operation.target.keys:
        raise WSManFault(2150858843, "Create takes no key selectors.")
    values = _representation(operation, cim_class)
    started = operation.site.clock.now()
    with operation.asking_site() as site:
        instance = site.create(operation.caller, cim_class, values)
    _see_through(operation, started, instance.work)
    operation.executed = True
    return Answer(
        names.CREATE + "Response", f"<x:ResourceCreated>{operation.writer().reference(instance)}</x:ResourceCreated>"
    )


def delete(operation: Operation) -> Answer:
    """Delete: empty body both ways (wire C-07, C-08)."""
    if operation.envelope.content is not None:
        raise WSManFault(2150858791, "Delete has an empty body.")
    cim_class, keys = _addressed(operation)
    with operation.asking_site() as site:
        site.delete(operation.caller, cim_class, keys)
    operation.executed = True
    return Answer(names.DELETE + "Response", "")


def invoke(operation: Operation) -> Answer:
    """Invoke: on the class for a static method, on an instance otherwise (wire I-01 to I-10)."""
    cim_class = operation.cim_class()
    method = find_method(operation, cim_class)
    keys = None
    if not method.static:
        keys = read_keys(operation.target, cim_class)
    elif operation.target.keys:
        raise WSManFault(2150858843, f"{method.name} is static and takes no key selectors.")
    arguments = _arguments(operation, cim_class, method)
    started = operation.site.clock.now()
    with operation.asking_site() as site:
        work = site.invoke(operation.caller, cim_class, method, keys, arguments)
    _see_through(operation, started, work)
    outputs = work.outputs
    if work.at_end is not None and operation.wait:
        with operation.asking_site():
            outputs = work.at_end()
    return output(operation, cim_class, method, outputs, work.return_value)


def output(
    operation: Operation, cim_class: CimClass, method: Method, outputs: dict[str, Any], return_value: int
) -> Answer:
    """The answer to an Invoke."""
    body = operation.writer().output(method.name, cim_class.name, outputs, method.outputs, return_value)
    return Answer(f"{operation.style.class_uri(cim_class.name)}/{method.name}Response", body)


def find_method(operation: Operation, cim_class: CimClass) -> Method:
    """The method of the Action, compared without case since it is part of a URI (wire U-11); raises `WSManFault`."""
    wanted = operation.method.casefold()
    for name, method in cim_class.methods.items():
        if name.casefold() == wanted:
            return method
    raise WSManFault(2150858771, f"{cim_class.name} has no method {operation.method}.")


def _put(operation: Operation, cim_class: CimClass, keys: dict[str, str], values: dict[str, Any]) -> Instance:
    """Write the values; the object as it is when the work on it is done."""
    started = operation.site.clock.now()
    with operation.asking_site() as site:
        stored = site.put(operation.caller, cim_class, keys, values)
    if stored.work is not None:
        _see_through(operation, started, stored.work)
        if operation.wait:
            with operation.asking_site() as site:
                stored = site.get(operation.caller, cim_class, keys)
    operation.executed = True
    return stored


def _see_through(operation: Operation, started: float, work: Work | None) -> None:
    """Wait for the end of work that was begun; raises what it ends with."""
    if work is None:
        return
    operation.executed = operation.lasting = True
    if operation.wait and work.done_at is not None:
        _wait(operation, started, work)
    if work.error is not None:
        operation.executed = operation.lasting = False
        raise work.error


def _wait(operation: Operation, started: float, work: Work) -> None:
    """Wait for the work or for the cap on the call's time, whichever comes first (wire S-11)."""
    clock = operation.site.clock
    deadline = started + operation.allowed_seconds
    if work.done_at is None or work.done_at <= deadline:
        clock.wait_until(work.done_at or started, operation.stopping)
        return
    clock.wait_until(deadline, operation.stopping)
    if operation.switches["work_after_timeout"] == "cancelled":  # ASSUMED: work_after_timeout
        operation.executed = operation.lasting = False
        if work.cancel is not None:
            with operation.asking_site():
                work.cancel()
    raise WSManFault(2150858793)


def _addressed(operation: Operation) -> tuple[CimClass, dict[str, str]]:
    if operation.target.kind != "class":
        raise WSManFault(2150858753, "The action does not go with a resource URI of all classes.")
    cim_class = operation.cim_class()
    return cim_class, read_keys(operation.target, cim_class)


# Bodies


def _representation(operation: Operation, cim_class: CimClass) -> dict[str, Any]:
    """The values in a Put or Create body."""
    element = operation.envelope.content
    if element is None:
        raise WSManFault(2150858773, "The body is empty.")
    name = etree.QName(element)
    if (name.namespace or "").casefold() != operation.style.class_uri(cim_class.name).casefold():
        raise WSManFault(2150858840, f"The representation is in namespace {name.namespace!r}.")
    if name.localname != cim_class.name:
        raise WSManFault(2150858773, f"The representation is a {name.localname}, not a {cim_class.name}.")
    return operation.reader().values(element, cim_class.name, cim_class.properties)


def _complete(operation: Operation, cim_class: CimClass, values: dict[str, Any]) -> None:
    """What a full Put says about the properties it leaves out (wire P-01, P-09)."""
    absent = [each for each in cim_class.properties.values() if each.name not in values]
    # ASSUMED: put_absent_property, put_absent_array
    scalars = [each.name for each in absent if not each.array]
    if operation.switches["put_absent_property"] == "refused" and scalars:
        raise WSManFault(2150858839, f"The representation lacks {', '.join(sorted(scalars))}.")
    if operation.switches["put_absent_property"] == "null":
        values.update({each.name: None for each in absent if not each.array and not each.key})
    if operation.switches["put_absent_array"] == "null":
        values.update({each.name: None for each in absent if each.array})


def _arguments(operation: Operation, cim_class: CimClass, method: Method) -> dict[str, Any]:
    element = operation.envelope.content
    if element is None:
        raise WSManFault(2150858791, f"The body has no {method.name}_INPUT.")
    name = etree.QName(element)
    if (name.namespace or "").casefold() != operation.style.class_uri(cim_class.name).casefold():
        raise WSManFault(2150858840, f"{name.localname} is in namespace {name.namespace!r}.")
    if name.localname != f"{method.name}_INPUT":
        raise WSManFault(2150858817, f"The body holds {name.localname}, not {method.name}_INPUT.")
    declared = {each.name: each for each in method.inputs}
    arguments = operation.reader().values(element, cim_class.name, declared)
    missing = [each.name for each in method.inputs if not each.optional and arguments.get(each.name) is None]
    if missing:
        raise WSManFault(2150858810, f"The parameter {', '.join(missing)} of {method.name} is missing.")
    return arguments


# Fragments (wire G-06 to G-08, P-07)


def _fragment(operation: Operation, cim_class: CimClass) -> tuple[Property, int | None] | None:
    fragment = operation.envelope.fragment
    if fragment is None:
        return None
    if not fragment.must_understand:
        raise WSManFault(2150858767, "FragmentTransfer must be understood.")
    if fragment.dialect != names.XPATH_DIALECT:
        raise WSManFault(2150858871)
    match = _PATH.fullmatch(fragment.path)
    declared = cim_class.properties.get(match.group(1)) if match else None
    if match is None or declared is None or (match.group(2) and not declared.array):
        raise WSManFault(2150858899, f"The fragment path {fragment.path!r} cannot be processed.")
    return declared, int(match.group(2)) if match.group(2) else None


def _fragment_header(operation: Operation) -> str:
    fragment = operation.envelope.fragment
    path = fragment.path if fragment else ""
    return f'<w:FragmentTransfer s:mustUnderstand="true" Dialect="{attribute(names.XPATH_DIALECT)}">{escape(path)}</w:FragmentTransfer>'


def _fragment_values(value: Any, declared: Property, index: int | None) -> list[Any]:
    if not declared.array:
        return [value]
    values = list(value or [])
    if index is None:
        return values
    if index > len(values):
        raise WSManFault(2150858899, f"{declared.name} has {len(values)} elements.")
    return [values[index - 1]]


def _put_fragment(
    operation: Operation, cim_class: CimClass, keys: dict[str, str], declared: Property, index: int | None
) -> Answer:
    """Read, replace one property, write the whole: as the plug-in does for WMI."""
    element = operation.envelope.content
    if element is None or element.tag != f"{{{names.WSMAN}}}XmlFragment":
        raise WSManFault(2150858841, "The body of a fragment Put is one XmlFragment.")
    given = operation.reader().values(element, cim_class.name, {declared.name: declared})
    if declared.key:
        raise WSManFault(2150858989)
    value = given.get(declared.name)
    if declared.name not in given and not declared.array:
        raise WSManFault(2150858841, f"The fragment holds no {declared.name}.")
    with operation.asking_site() as site:
        instance: Instance = site.get(operation.caller, cim_class, keys)
        if index is not None:
            old = list(instance.values.get(declared.name) or [])
            if index > len(old) or len(value or []) != 1:
                raise WSManFault(
                    2150858841, f"{declared.name} has {len(old)} elements, the fragment {len(value or [])}."
                )
            old[index - 1] = (value or [None])[0]
            value = old
    stored = _put(operation, cim_class, keys, {**instance.values, declared.name: value})
    values = _fragment_values(stored.values.get(declared.name), declared, index)
    body = operation.writer().fragment(stored.cim_class.name, declared, values)
    return Answer(names.PUT + "Response", body, _fragment_header(operation))


def bad_value(verb: str, error: BadValue) -> WSManFault:
    """The fault for a body that does not fit the class (wire I-07, P-02)."""
    codes = {"name": 2150858837, "type": 2150858836, "namespace": 2150858840, "schema": 2150858817}
    if verb != "Invoke":
        codes = {"name": 2150858838, "type": 2150858838, "namespace": 2150858840, "schema": 2150858773}
    return WSManFault(codes[error.kind], f"{error}.")
