"""DynamoDB's items as plain data, and back."""

import json


def attribute(value: object) -> dict:
    """A JSON value as DynamoDB has it, in the same way as the adapter does it."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": json.dumps(value)}
        case str():
            return {"S": value}
        case list():
            return {"L": [attribute(one) for one in value]}
        case dict():
            return {"M": {name: attribute(one) for name, one in value.items()}}
    raise TypeError(f"{value!r} is not JSON")


def plain(value: dict) -> object:
    """The reverse of `attribute`."""
    ((kind, inner),) = value.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return json.loads(inner)
        case "L":
            return [plain(one) for one in inner]
        case "M":
            return {name: plain(one) for name, one in inner.items()}
    return inner
