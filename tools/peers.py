"""Starts the emulators that others wrote (ministack, moto) on free ports of this machine, and stops them again.

    python tools/peers.py run -- COMMAND …     runs COMMAND with MINISTACK_URL and MOTO_URL set, ends as it ends

As a library: `with peers.running() as clouds: clouds.ministack, clouds.moto`; with `mended=True`, for whole
transitions, with a few gaps of both closed (tests/peers/mended.py). Nothing but Python's own library is
needed; the emulators come from .venv-peers (`make tools`).
"""

import contextlib
import dataclasses
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv-peers" / "bin"
# Seconds until an emulator must answer; a cold disk takes most of it.
PATIENCE = 120
# Region, account and keys of the emulated cloud. The account is the one that both use if not told otherwise.
CLOUD = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
# What moto has and ministack has not, or not enough of (a stream's mode can't be changed there); all else is asked of
# ministack. boto3's names, with those in the SDK's variables.
ON_MOTO = {
    "sagemaker": "SAGEMAKER",
    "application-autoscaling": "APPLICATION_AUTO_SCALING",
    "ce": "COST_EXPLORER",
    "kinesis": "KINESIS",
}


@dataclasses.dataclass(frozen=True)
class Clouds:
    """Where the emulators listen, and the folder that they and the functions they start live in."""

    ministack: str
    moto: str
    folder: pathlib.Path

    def environment(self) -> dict[str, str]:
        """What a program needs to take both for one cloud: keys, region, and an endpoint for each service."""
        own = {f"AWS_ENDPOINT_URL_{variable}": self.moto for variable in ON_MOTO.values()}
        return CLOUD | {"AWS_ENDPOINT_URL": self.ministack} | own

    def endpoint(self, service: str) -> str:
        """Where a service is, by boto3's name for it."""
        return self.moto if service in ON_MOTO else self.ministack


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, each another."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def clean_environment() -> dict[str, str]:
    """The environment without what would lead to somebody's real cloud."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


@contextlib.contextmanager
def running(log_folder: pathlib.Path | None = None, mended: bool = False):
    """Both emulators, from when they answer until the block ends. Their words go to files in `log_folder`."""
    if not (BIN / "ministack").exists():
        sys.exit("the emulators are not installed: run `make tools`")
    with contextlib.ExitStack() as stack:
        # A request to end goes the same way as the end itself, so that nothing is left running.
        former = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        stack.callback(signal.signal, signal.SIGTERM, former)
        home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="capstan-peers-")))
        logs = log_folder or home
        logs.mkdir(parents=True, exist_ok=True)
        ports = free_ports(2)
        clouds = Clouds(*(f"http://127.0.0.1:{port}" for port in ports), folder=home)
        base = clean_environment() | CLOUD | {"HOME": str(home), "TMPDIR": str(home)}
        ministack = base | clouds.environment() | {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(ports[0]),
            # Waits and intervals of retries take a fiftieth. Not nothing: undoing rests for 75 s by the functions' own clock,
            # and is asked again and again meanwhile.
            "SFN_WAIT_SCALE": "0.02",
        }
        program = {"ministack": [BIN / "ministack"], "moto": [BIN / "moto_server"]}
        if mended:
            program = {name: [BIN / "python", ROOT / "tests/peers/mended.py", name] for name in program}
        health = clouds.ministack + "/_ministack/health"
        start(stack, "ministack", program["ministack"], ministack, health, logs)
        moto = [*program["moto"], "-H", "127.0.0.1", "-p", str(ports[1])]
        start(stack, "moto", moto, base, clouds.moto + "/moto-api/data.json", logs)
        yield clouds


def start(stack, name, command, environment, health, logs):
    """Starts one emulator, to be stopped with `stack`, and waits until it answers."""
    log = logs / f"{name}.log"
    process = subprocess.Popen(
        list(map(str, command)),
        env=environment,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        # A group of its own: the functions that it starts are stopped with it.
        start_new_session=True,
    )
    stack.callback(stop, process)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(health, timeout=2).read()
            # If somebody else was quicker to take the port, it was they who answered, and ours is about to end.
            time.sleep(0.2)
            if process.poll() is None:
                return
        time.sleep(0.1)
    sys.exit(f"{name} did not come up. It said:\n{log.read_text(errors='replace')[-4000:]}")


def stop(process):
    """Stops a process with all that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            # The leader is gone; what it left behind goes too.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return


def main():
    if sys.argv[1:3] != ["run", "--"] or len(sys.argv) < 4:
        sys.exit(__doc__)
    with running(ROOT / "target" / "peers") as clouds:
        told = {"MINISTACK_URL": clouds.ministack, "MOTO_URL": clouds.moto}
        sys.exit(subprocess.call(sys.argv[3:], env=os.environ | told))


if __name__ == "__main__":
    main()
