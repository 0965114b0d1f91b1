#!/usr/bin/env python3
"""Runs one stage of `make`: a line before, a line after, and an end in any case.

    tools/stage.py <seconds> <title> <command> [argument …]

The command's output passes through. If it is not done after so many seconds, it and all that it started are
killed, and the stage has failed. A script of ours because macOS has no `timeout`.
"""

import os
import signal
import subprocess
import sys
import time


def stop(process: subprocess.Popen) -> None:
    """Ends the command with its children: politely, and after a while by force."""
    # tools/peers.py stops two emulators, each in up to ten seconds.
    for signum, patience in ((signal.SIGTERM, 25), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, signum)
            process.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def main() -> int:
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    seconds, title, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    print(f"── {title}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun = time.monotonic()
    try:
        # A session of its own, so that its children can be ended with it.
        process = subprocess.Popen(command, start_new_session=True)
    except OSError as error:
        print(f"── {title}: FAILED, {command[0]} can't be run: {error.strerror}", file=sys.stderr)
        return 127
    try:
        code = process.wait(seconds)
        failure = f"exit code {code}"
    except subprocess.TimeoutExpired:
        stop(process)
        code, failure = 124, f"not done after {seconds} s"
    except KeyboardInterrupt:
        stop(process)
        code, failure = 130, "interrupted"
    took = time.monotonic() - begun
    if code:
        print(f"── {title}: FAILED after {took:.0f} s ({failure}): {' '.join(command)}", file=sys.stderr)
        return code if code > 0 else 1
    print(f"── {title}: ok, {took:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
