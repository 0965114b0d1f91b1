"""Whether two JSON values say the same: one made by a simulated cloud, one by a real function at the same time.

As a library: `alike.Pair(known).differences(expected, got)`. Times may be apart by some seconds; ids and tokens that
were made by chance may be other ones, but the same one everywhere; all else must be equal.
"""

from __future__ import annotations

import datetime
import json
import re

# Seconds that two clocks may be apart.
SLACK = 30.0
# Times (RFC 3339), version-7 UUIDs, tokens of 32 bytes with their hashes, keys of people's acts, versions of a model (which are instants), and seconds
# since 1970 in a text, such as a key.
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\b[0-9a-f]{64}\b"
    r"|\b\d{14}-[0-9a-f]{12}\b"
    r"|\b20\d{6}-\d{6}-\d{3}\b"
    r"|\b1[789]\d{8}\b"
)
# Numbers from here on are times: seconds, or milliseconds, since 1970.
SECONDS, MILLISECONDS = 1.6e9, 1.6e12


def _seconds(text: str) -> float | None:
    """The instant that a text tells; none if it is something else that changes."""
    if re.fullmatch(r"\d{10}", text):
        return float(text)
    if re.fullmatch(r"\d{8}-\d{6}-\d{3}", text):
        return datetime.datetime.strptime(text + "000+0000", "%Y%m%d-%H%M%S-%f%z").timestamp()
    if "T" not in text:
        return None
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Pair:
    """Two worlds that are held against each other. What is in `known` was there before, so it is the same in both."""

    def __init__(self, known: object = None):
        self._known = set(CHANGING.findall(json.dumps(known)))
        self._twins: dict[str, str] = {}
        self._sources: dict[str, str] = {}

    def differences(self, expected: object, got: object, place: str = "") -> list[str]:
        """In what they differ, one line each."""
        match expected, got:
            case dict(), dict():
                found = []
                for name in sorted(expected.keys() | got.keys()):
                    if name not in expected or name not in got:
                        side = "is missing" if name in expected else "should not be there"
                        found.append(f"{place}.{name} {side}: {expected.get(name, got.get(name))!r}")
                    else:
                        found += self.differences(expected[name], got[name], f"{place}.{name}")
                return found
            case list(), list() if len(expected) == len(got):
                pairs = enumerate(zip(expected, got, strict=True))
                return [line for at, (one, other) in pairs for line in self.differences(one, other, f"{place}[{at}]")]
            case list(), list():
                return [f"{place}: {len(expected)} expected, {len(got)} there", *_one_sided(expected, got, place)]
            case str(), str() if self._texts(expected, got):
                return []
            case ((int() | float()), (int() | float())) if _numbers(expected, got):
                return []
            case None, None:
                return []
        return [f"{place}: expected {json.dumps(expected)}, got {json.dumps(got)}"]

    def _texts(self, expected: str, got: str) -> bool:
        if expected == got:
            return True
        if CHANGING.sub("·", expected) != CHANGING.sub("·", got):
            return False
        return all(map(self._words, CHANGING.findall(expected), CHANGING.findall(got)))

    def _words(self, expected: str, got: str) -> bool:
        one, other = _seconds(expected), _seconds(got)
        if one is not None or other is not None:
            return one is not None and other is not None and abs(one - other) <= SLACK
        if expected in self._known:
            return expected == got
        # One for one: not two of there for one of here, nor the reverse.
        known = self._twins.setdefault(expected, got), self._sources.setdefault(got, expected)
        return len(expected) == len(got) and known == (got, expected)


def _one_sided(expected: list, got: list, place: str) -> list[str]:
    """What only one of two lists has, times and ids apart."""

    def masked(values: list) -> list[str]:
        return [CHANGING.sub("·", json.dumps(value, sort_keys=True)) for value in values]

    one, other = masked(expected), masked(got)
    missing = [f"{place}: is missing: {text}" for text in one if text not in other]
    return missing + [f"{place}: should not be there: {text}" for text in other if text not in one]


def _numbers(expected: float, got: float) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    slack = SLACK * 1000 if expected > MILLISECONDS else SLACK if expected > SECONDS else 1e-9
    return abs(expected - got) <= slack
