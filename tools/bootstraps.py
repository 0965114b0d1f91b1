"""Builds the functions as they ship: target/lambda/<function>/bootstrap, one for each crate with a feature `lambda`.

    python tools/bootstraps.py [--arm64]     for this machine's processor, or for AWS's Graviton
    python tools/bootstraps.py --quick       not as they ship, but sooner done: for the tests

What `sam build` makes function by function is made here in groups, with both cores at work: functions that want the
same services are built together, so that each is built with just what it would be built with alone. `sam build`
afterwards finds all of it done.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# crates/.cargo/config.toml, which says how functions are built, is read by cargo here and below.
CRATES = ROOT / "crates"
VENV = ROOT / ".venv" / "bin"
# In the tests the functions are linked without the optimisation across crates with which they ship, which is where most of
# the time goes. It is the same source, otherwise built alike.
QUICK = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16"}


def target_folder() -> pathlib.Path:
    """Where cargo puts what it makes."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def functions() -> dict[str, tuple[str, ...]]:
    """Every function with the features that it wants of other crates."""
    words = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"]
    packages = json.loads(subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout)["packages"]
    return {
        package["name"]: tuple(sorted(package["features"]["lambda"]))
        for package in packages
        if any("bin" in target["kind"] for target in package["targets"]) and "lambda" in package["features"]
    }


def groups() -> list[list[str]]:
    """The functions, those together that want the same; first who wants most, so that the SDKs are built side by side."""
    by_features = collections.defaultdict(list)
    for name, features in sorted(functions().items()):
        by_features[features].append(name)
    # `aws/resources` stands for seven services.
    order = sorted(by_features, key=lambda features: ("aws/resources" not in features, -len(features), features))
    return [by_features[features] for features in order]


def bootstrap(function: str) -> pathlib.Path:
    """Where a function's program is."""
    return target_folder() / "lambda" / function / "bootstrap"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--arm64", action="store_true", help="for AWS's Graviton, in place of this machine's processor")
    arguments.add_argument("--quick", action="store_true", help="not as they ship: larger, but sooner done")
    arguments = arguments.parse_args()
    path = f"{VENV}{os.pathsep}{os.environ['PATH']}"
    # Said to cargo as it is understood here: cargo runs in another folder.
    environment = os.environ | {"PATH": path, "CARGO_TARGET_DIR": str(target_folder())}
    environment |= QUICK if arguments.quick else {}
    # For the tests all at once: what the functions share is then compiled once, and each has more in it than it needs.
    for group in [sorted(functions())] if arguments.quick else groups():
        words = ["cargo", "lambda", "build", "--release", "--quiet", "--locked", "--manifest-path", str(ROOT / "Cargo.toml")]
        words += ["--arm64"] if arguments.arm64 else []
        words += [word for name in group for word in ("--package", name)]
        done = subprocess.run(words, cwd=CRATES, env=environment)
        if done.returncode:
            sys.exit(f"{', '.join(group)}: could not be built (see above)")
    sizes = {name: bootstrap(name).stat().st_size / 1e6 for name in functions()}
    largest = max(sizes, key=sizes.get)
    print(f"{len(sizes)} functions in {target_folder() / 'lambda'}, {sum(sizes.values()):.0f} MB, "
          f"the largest {largest} with {sizes[largest]:.1f} MB")


if __name__ == "__main__":
    main()
