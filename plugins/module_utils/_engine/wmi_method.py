# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling any method of the SMS Provider: everything that the site's schema tells is checked first, and it is called once at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._cim import wql
from .._cim.types import SINT64, Codec
from .._provider.errors import Impossible, ProviderError
from .._provider.namespace import Namespace
from .._provider.schema import DESCRIBED, ClassSchema, MethodSchema, ParameterSchema, PropertySchema
from .._wsman.errors import BadValue
from .wmi_values import Reader, Writer, converted, near

if TYPE_CHECKING:
    from .._cim.types import Properties
    from .module import Task

RETURN_VALUE = "ReturnValue"

METHOD_SPEC: dict[str, Any] = {
    "class_name": {"type": "str", "required": True},
    "method": {"type": "str", "required": True},
    "key": {"type": "dict", "default": {}, "no_log": False},
    "arguments": {"type": "dict", "default": {}},
    "secret_arguments": {"type": "dict", "default": {}, "no_log": True},
    "expected": {"type": "list", "elements": "int", "default": [0]},
    "changes": {"type": "bool", "default": True},
    "reading": {"type": "bool", "default": False},
    "safe_in_check_mode": {"type": "bool", "default": False},
    "namespace": {"type": "str"},
}


@dataclass(frozen=True)
class Wanted:
    """A call as the playbook has it. `reading`: it changes nothing, so it may be repeated."""

    class_name: str
    method: str
    key: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    secret_arguments: Mapping[str, Any] = field(default_factory=dict)
    reading: bool = False

    def checked(self) -> Wanted:
        """The same. Raises BadValue, Impossible before any session is opened."""
        for name in (self.class_name, self.method, *self.key, *self.arguments, *self.secret_arguments):
            wql.name(name)
        lower = [name.lower() for name in (*self.arguments, *self.secret_arguments)]
        twice = sorted({name for name in lower if lower.count(name) > 1})
        if twice:
            raise Impossible(f"The argument {twice[0]} is given twice")
        return self


def work(task: Task) -> dict[str, Any]:
    """What `cm_wmi_method` does."""
    params = task.params
    wanted = Wanted(
        class_name=params["class_name"],
        method=params["method"],
        key=params["key"],
        arguments=params["arguments"],
        secret_arguments=params["secret_arguments"],
        reading=params["reading"],
    ).checked()
    changes = params["changes"] and not params["reading"]
    call = Call(Namespace(task.site, params["namespace"]), wanted)
    if not call.typed:
        task.warn(
            f"{task.site.where}: the site does not describe {wanted.class_name}, so the arguments were not checked against it"
        )
    if task.check_mode and not (params["reading"] or params["safe_in_check_mode"]):
        raise Impossible(
            f"Check mode does not call {call.label}, since nothing tells what it would change",
            where=task.site.where,
            hint="The arguments are in order. If it changes nothing, say reading: true; if it may run all the same, "
            "safe_in_check_mode: true; otherwise leave the task out with when: not ansible_check_mode",
        )
    answer = call.send()
    value = answer.get(RETURN_VALUE)
    result: dict[str, Any] = {
        "changed": changes,
        "return_value": value,
        "outputs": {name: each for name, each in answer.items() if name != RETURN_VALUE},
        "schema": call.schema.source,
        "untyped": call.untyped,
        "requests": task.site.requests,
        "site_code": task.site.code,
    }
    if value is not None and value not in params["expected"]:
        told = value if isinstance(value, int) else None
        error = ProviderError(f"{call.label} answered {value}", where=task.site.where, return_value=told)
        error.hint = f"expected is {params['expected']}. It was called once, and may have had an effect. {error.hint}"
        result.update(failed=True, msg=str(error), error=error.as_result())
    return result


class Call:
    """A call, held against the class as the site describes it. Raises Impossible, BadValue; nothing is sent before `send`."""

    def __init__(self, namespace: Namespace, wanted: Wanted) -> None:
        self._namespace = namespace
        self._wanted = wanted
        self._reader = Reader(namespace.schemas)
        self._writer = Writer(namespace.schemas)
        self.schema: ClassSchema = namespace.schemas.of(wanted.class_name)
        self._method = self._found()
        self._key = self._checked_key()
        self._arguments = dict(self._checked_arguments())

    @property
    def typed(self) -> bool:
        """Whether the site described the class."""
        return self.schema.source == DESCRIBED

    @property
    def label(self) -> str:
        """For messages."""
        name = self.schema.name if self.typed else self._wanted.class_name
        return f"{name}.{self._method.name}"

    @property
    def untyped(self) -> list[str]:
        """Names of the out parameters that stayed as they came."""
        return self._reader.untyped

    def send(self) -> dict[str, Any]:
        """Call it; its out parameters and ReturnValue. Raises OutcomeUnknown if the answer was lost and it may have run."""
        name = self.schema.name if self.typed else self._wanted.class_name
        answer = self._namespace.call(name, self._method.name, self._key, self._arguments, self._wanted.reading)
        return {RETURN_VALUE: self._return_value(answer), **self._outputs(answer)}

    # -- what is asked -----------------------------------------------------------------------------------------

    def _found(self) -> MethodSchema:
        name = self._wanted.method
        found = self.schema.method_named(name)
        if found is None and self.typed:
            known = [each.name for each in self.schema.methods]
            raise Impossible(f"{self.schema.name} has no method {name}", hint=near(name, known))
        return found or MethodSchema(name)

    def _checked_key(self) -> dict[str, str]:
        """The key as selectors, text for text. Raises Impossible for one that cannot be an object's."""
        given = self._wanted.key
        if self._method.static and given:
            raise Impossible(f"{self.label} belongs to the class, not to an object", hint="Leave key out")
        if self._method.static is False and not given:
            raise Impossible(
                f"{self.label} belongs to an object, and there is no key",
                hint=f"Give key, with {', '.join(self.schema.keys) or 'the key properties of the class'}",
            )
        found = {}
        for name, value in given.items():
            declared = self.schema.property_named(name)
            known = self.schema.keys or tuple(each.name for each in self.schema.properties)
            if self.typed and (declared is None or (self.schema.keys and declared.name not in self.schema.keys)):
                raise Impossible(f"{name} is no key of {self.schema.name}", hint=near(name, known))
            codec = declared.codec if declared is not None else None
            label = f"key, {name}"
            if codec is None or declared is None:
                found[declared.name if declared else name] = _selector(value, label)
            else:
                found[declared.name] = codec.text(converted(declared, value, label), label)
        missing = [name for name in self.schema.keys if name not in found]
        if given and missing:
            raise Impossible(
                f"key has no {', '.join(missing)}", hint=f"{self.schema.name} needs {', '.join(self.schema.keys)}"
            )
        return found

    def _checked_arguments(self) -> list[tuple[str, tuple[Codec, Any]]]:
        found = []
        for name, value in self._wanted.arguments.items():
            declared = self._parameter(name)
            if value is not None:  # left out, as WMI has it (wire I-05)
                found.append((declared.name, self._writer.value(declared, value, f"arguments, {declared.name}")))
        for name, value in self._wanted.secret_arguments.items():
            declared = self._parameter(name)
            if value is None:
                continue
            try:
                found.append((declared.name, self._writer.value(declared, value, declared.name)))
            except (BadValue, Impossible):
                # Those messages show the value.
                kind = f"{declared.type}{' list' if declared.array else ''}" or "value"
                raise Impossible(f"secret_arguments, {declared.name} does not fit a {kind}") from None
        return found

    def _parameter(self, name: str) -> ParameterSchema:
        found = next((each for each in self._method.parameters if each.name.lower() == name.lower()), None)
        if found is None and self.typed:
            known = [each.name for each in self._method.inputs()]
            raise Impossible(f"{self.label} has no parameter {name}", hint=near(name, known))
        if found is not None and found not in self._method.inputs():
            raise Impossible(f"{self.label}: {found.name} comes out, and cannot be given", hint="Leave it out")
        return found or ParameterSchema(name)

    # -- what is answered --------------------------------------------------------------------------------------

    def _return_value(self, answer: Properties) -> Any:
        """A number; text where it is none, null where the method tells none."""
        try:
            return answer.value(RETURN_VALUE, SINT64)
        except BadValue:
            return answer.guess(RETURN_VALUE)

    def _outputs(self, answer: Properties) -> dict[str, Any]:
        declared = tuple(PropertySchema(each.name, each.type, each.array) for each in self._method.outputs())
        known = [each.name for each in declared]
        names = [*known, *(name for name in answer.names() if name not in known and name != RETURN_VALUE)]
        # A direction is not always told; what came back is an out parameter, and what may have been one is null.
        given = {name.lower() for name in (*self._wanted.arguments, *self._wanted.secret_arguments)}
        sent = set(answer.names())
        wanted = [name for name in names if name in sent or name.lower() not in given]
        return self._reader.some(answer, ClassSchema(self._method.name, properties=declared), wanted)


def _selector(value: Any, label: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int)):
        raise Impossible(f"{label} takes one value, not {value!r}")
    return str(value)
