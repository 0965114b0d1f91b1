"""Holds how the known differences fail against how they failed when they were looked at.

    python tools/fidelity/failures.py            writes crates/conformance/failures.txt from the last run's evidence
    python tools/fidelity/failures.py --check    fails if a case fails otherwise than it stands there

A case that is known to fail on an emulator may fail there in one way only: else a broken adapter would hide behind an
emulator's gap. What differs between runs (names, counts, addresses) is masked, and only the beginning is kept.
"""

import json
import pathlib
import re
import sys

import wire

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KNOWN = ROOT / "crates" / "conformance" / "failures.txt"
# A UUID; the run's own part of a name, with the case's number if there is one; and numbers at large.
CHANGING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{8}(-[0-9]{3}(-[0-9]+)?)?\b|[0-9][0-9.,]*")
# `Unsteady` in differences.rs: these may fail or not.
EITHER_WAY = {("moto", "Store", "of_two_at_once_one_wins")}
# Characters that are kept: enough for the call and the beginning of the refusal.
KEPT = 140


def masked(found):
    """A failure's words without what changes."""
    return CHANGING.sub("·", " ".join(found.split()))[:KEPT].rstrip()


def failures():
    """One line for each case that failed."""
    lines = []
    for path in sorted(wire.RECORDS.glob("cases-*.jsonl")):
        for case in map(json.loads, path.read_text().splitlines()):
            if (case["backend"], case["port"], case["case"]) in EITHER_WAY:
                continue
            if case["outcome"] != "pass" and case["found"]:
                lines.append(f"{case['backend']} {case['port']}::{case['case']}: {masked(case['found'])}")
    return sorted(lines)


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    seen = failures()
    if not arguments:
        KNOWN.write_text("\n".join(seen) + "\n")
        return 0
    known = KNOWN.read_text().splitlines()
    new, gone = sorted(set(seen) - set(known)), sorted(set(known) - set(seen))
    for line in new:
        print(f"fails otherwise than known: {line}", file=sys.stderr)
    for line in gone:
        print(f"known, and not seen:        {line}", file=sys.stderr)
    if new or gone:
        print("If the emulator is to blame, run tools/fidelity/failures.py and look at the difference.", file=sys.stderr)
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
