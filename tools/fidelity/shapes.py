"""Holds plain values against the shapes of AWS's service models: members, types, bounds, enums, patterns."""

import base64
import datetime

import regex
from botocore.utils import parse_timestamp

# The models' patterns are Java's, which writes letters beyond 16 bits as pairs.
BEYOND_16_BITS = r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"


class Text(str):
    """A value that is text on the wire whatever its type."""


class Check:
    """Collects what is wrong with a value."""

    def __init__(self):
        self.problems = []

    def add(self, path, words):
        self.problems.append(f"{path.lstrip('.') or 'the whole'} {words}")

    def value(self, value, shape, path=""):
        """The value must be one of the shape."""
        if shape is None:
            if value:
                self.add(path, "is there, and should be empty")
            return
        if shape.metadata.get("document"):
            return
        getattr(self, f"of_{shape.type_name}", self.of_scalar)(value, shape, path)

    def of_structure(self, value, shape, path):
        if not isinstance(value, dict):
            return self.add(path, f"is {value!r} and not a structure")
        for member in shape.required_members:
            if value.get(member) is None:
                self.add(f"{path}.{member}", "is missing, and is required")
        if shape.metadata.get("union") and len(value) != 1:
            self.add(path, f"is a union, and has {len(value)} members")
        names = {self.name_of(member, inner): (member, inner) for member, inner in shape.members.items()}
        for name, inner in value.items():
            if name in shape.members:
                self.value(inner, shape.members[name], f"{path}.{name}")
            elif name in names:
                member, inner_shape = names[name]
                self.value(inner, inner_shape, f"{path}.{member}")
            else:
                self.add(f"{path}.{name}", "is a member that the service does not know")

    @staticmethod
    def name_of(member, shape):
        """A member's name in a JSON body."""
        return shape.serialization.get("name", member)

    def of_list(self, value, shape, path):
        if not isinstance(value, list):
            return self.add(path, f"is {value!r} and not a list")
        self.bounds(len(value), shape, path, "items")
        for number, item in enumerate(value):
            self.value(item, shape.member, f"{path}[{number}]")

    def of_map(self, value, shape, path):
        if not isinstance(value, dict):
            return self.add(path, f"is {value!r} and not a map")
        self.bounds(len(value), shape, path, "entries")
        for key, item in value.items():
            self.value(key, shape.key, f"{path}[key {key}]")
            self.value(item, shape.value, f"{path}[{key}]")

    def of_scalar(self, value, shape, path):
        reader = SCALARS[shape.type_name]
        try:
            value = reader(value)
        except (TypeError, ValueError, OverflowError):
            return self.add(path, f"is {value!r} and not a {shape.type_name}")
        if shape.type_name in ("integer", "long", "float", "double"):
            return self.bounds(value, shape, path, "")
        if shape.type_name in ("string", "blob"):
            self.bounds(len(value), shape, path, "characters")
        if shape.type_name == "string":
            allowed = shape.metadata.get("enum")
            if allowed and value not in allowed:
                self.add(path, f"is `{value}`, which is none of the enum's values")
            pattern = shape.metadata.get("pattern")
            if pattern and not regex.fullmatch(pattern.replace(*BEYOND_16_BITS), value):
                self.add(path, f"is `{value}`, which does not match {pattern}")

    def bounds(self, size, shape, path, what):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and size < least:
            self.add(path, f"has {size} {what}, and must have at least {least}".replace("  ", " "))
        if most is not None and size > most:
            self.add(path, f"has {size} {what}, and must have at most {most}".replace("  ", " "))


def whole(value):
    if isinstance(value, Text):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def number(value):
    if isinstance(value, bool) or (isinstance(value, str) and not isinstance(value, Text)):
        raise TypeError
    return float(value)


def boolean(value):
    if isinstance(value, Text) and value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise TypeError
    return value


def string(value):
    if not isinstance(value, str):
        raise TypeError
    return value


def instant(value):
    return value if isinstance(value, datetime.datetime) else parse_timestamp(value)


def blob(value):
    return value if isinstance(value, bytes) else base64.b64decode(value, validate=True)


SCALARS = {
    "string": string,
    "character": string,
    "integer": whole,
    "long": whole,
    "float": number,
    "double": number,
    "boolean": boolean,
    "timestamp": instant,
    "blob": blob,
}
