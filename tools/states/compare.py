#!/usr/bin/env python3
"""Runs the conformance table of crates/states on interpreters that others wrote.

    .venv-peers/bin/python tools/states/compare.py [--only MACHINE …] [--write]

What differs from the specification must stand in crates/states/tests/conformance/differences.json, with the paragraph
that decides, and what stands there must still differ. `--write` adds what is missing there, for somebody to say why,
and takes out what no longer differs. `--only` looks at some machines and checks nothing; `--self-test` shows only that
the check can fail, as every run does first.
"""

import argparse
import dataclasses
import json
import sys
import time

import interpreters
import table

LIST = table.CONFORMANCE / "differences.json"
README = table.ROOT / "crates/states/README.md"
PENDING = "to be explained"


def listed() -> dict[tuple[str, str], dict]:
    entries = json.loads(LIST.read_text()) if LIST.exists() else []
    by_place = {(entry["peer"], entry["machine"]): entry for entry in entries}
    if len(by_place) != len(entries):
        sys.exit(f"{LIST} names a machine twice")
    return by_place


def found(rows, ended) -> dict[tuple[str, str], dict[str, str]]:
    """What differs, by peer and machine."""
    by_name = {row["name"]: row for row in rows}
    return {
        (peer, name): differs
        for peer, machines in ended.items()
        for name, each in machines.items()
        if (differs := table.differences(by_name[name], each))
    }


def problems(entries, differs, by_name) -> list[str]:
    """Why the list does not hold."""
    wrong = []
    for place, kinds in differs.items():
        if place not in entries:
            wrong.append(f"{' '.join(place)} differs and is not listed: {kinds}")
        elif sorted(entries[place]["differs"]) != sorted(kinds):
            wrong.append(f"{' '.join(place)}: {entries[place]['differs']} is listed, {sorted(kinds)} differs: {kinds}")
    for place, entry in entries.items():
        if place not in differs:
            wrong.append(f"{' '.join(place)} is listed, and no longer differs")
        row = by_name.get(entry["machine"])
        if row is None:
            wrong.append(f"{entry['machine']} is listed, and not in the table")
        elif entry["section"] != row["section"]:
            wrong.append(f"{' '.join(place)}: the table has it under {row['section']!r}")
        if not entry.get("does") or entry["does"] == PENDING:
            wrong.append(f"{' '.join(place)}: nobody says what it does instead")
    return wrong


def write(entries, differs, by_name):
    kept = []
    for (peer, machine), kinds in sorted(differs.items()):
        entry = entries.get((peer, machine), {"does": f"{PENDING}: {kinds}"})
        section = by_name[machine]["section"]
        kept.append({"peer": peer, "machine": machine, "differs": sorted(kinds), "section": section, "does": entry["does"]})
    LIST.write_text("[\n" + ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in kept) + "\n]\n")


def self_test():
    """That the check fails when it should; no interpreter is asked."""
    row = {"name": "m", "section": "S", "expect": {"status": "SUCCEEDED", "output": 1, "calls": [["a", 1], {"together": [["b", 1], ["c", 1]]}]}}
    good = interpreters.Ended("SUCCEEDED", 1, calls=[["a", 1], ["c", 1], ["b", 1]])
    entry = {"peer": "p", "machine": "m", "differs": ["output"], "section": "S", "does": "Gives 2."}
    bad = dataclasses.replace(good, output=2)
    for ended, entries, holds in (
        (good, [], True),
        (bad, [entry], True),
        (bad, [], False),
        (good, [entry], False),
        (dataclasses.replace(bad, calls=good.calls[1:]), [entry], False),
        (dataclasses.replace(good, calls=[["c", 1], ["a", 1], ["b", 1]]), [], False),
        (interpreters.Ended("RUNNING"), [], False),
        (bad, [entry | {"does": PENDING}], False),
        (bad, [entry | {"section": "T"}], False),
    ):
        by_place = {(each["peer"], each["machine"]): each for each in entries}
        if holds == bool(problems(by_place, found([row], {"p": {"m": ended}}), {"m": row})):
            sys.exit(f"the check is blind: {ended} with {entries}")


def figures(rows, ended, differs) -> list[str]:
    """A line a peer, as the table in the README of crates/states has them."""
    to_refuse = {row["name"] for row in rows if row["expect"]["status"] == "REFUSED"}
    lines = []
    for peer, machines in ended.items():
        refused = sum(name in to_refuse and (peer, name) not in differs for name in machines)
        ran = [name for name in machines if name not in to_refuse]
        right = sum((peer, name) not in differs for name in ran)
        lines.append(f"| {peer} | {len(ran)} | {right} | {len(machines) - len(ran)} | {refused} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    told = parser.parse_args()
    self_test()
    if told.self_test:
        return
    rows = [row for row in table.table() if not told.only or row["name"] in told.only]
    by_name = {row["name"]: row for row in rows}
    begun = time.monotonic()
    ended = interpreters.everyone(rows)
    differs = found(rows, ended)
    if told.only:
        for (peer, name), kinds in differs.items():
            print(peer, name, json.dumps(kinds, indent=2))
            print("   ", ended[peer][name])
        return
    if told.write:
        write(listed(), differs, by_name)
    wrong = problems(listed(), differs, by_name)
    for line in figures(rows, ended, differs):
        print(line)
        if line not in README.read_text():
            wrong.append(f"{README.relative_to(table.ROOT)} does not have the line {line}")
    print(f"{len(differs)} differences from the specification; {len(wrong)} problems; {time.monotonic() - begun:.0f} s")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
