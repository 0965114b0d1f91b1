"""Interpreters of the States Language that others wrote, each as a function from rows to what came of them."""

import concurrent.futures
import contextlib
import http.server
import io
import json
import pathlib
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile

import boto3
import botocore.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import peers
import table
from table import Ended

HERE = pathlib.Path(__file__).resolve().parent
# Machines that run at once on an emulator; each has functions of its own.
LANES = 3
# Seconds until a machine counts as hanging: when a task is meant to stay silent, and else.
SHORT, LONG = 8, 40
# The function that every task of the table is: it asks the stage what to do. It speaks the Runtime API itself, since
# ministack's own runtime for Python calls every exception Runtime.HandlerError.
BOOTSTRAP = f"""#!{sys.executable}
import json, os, urllib.request

runtime = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(runtime + "next") as call:
        number, event = call.headers["Lambda-Runtime-Aws-Request-Id"], json.load(call)
    said = {{"function": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "input": event}}
    with urllib.request.urlopen(os.environ["STAGE"], json.dumps(said).encode()) as answer:
        answer = json.load(answer)
    way, body = "response", answer.get("return")
    if "throw" in answer:
        way, body = "error", {{"errorType": answer["throw"], "errorMessage": "as the table says"}}
    urllib.request.urlopen(runtime + number + "/" + way, json.dumps(body).encode()).close()
"""


class Stage:
    """Where all functions ask what to do, and where their calls are written down."""

    def __init__(self, states):
        self.states = states
        self.plays = {}
        self.lock = threading.Lock()
        stage = self

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = json.dumps(stage.called(said["function"], said["input"])).encode()
                with contextlib.suppress(OSError):
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def called(self, function, given):
        play = self.plays.get(function)
        if play is None:
            return {"return": None}
        row, name, calls, used, over = play
        with self.lock:
            said = table.answer(row, used, name, given)
            calls.append([name, given])
        if said.get("never"):
            over.wait()
            return {"return": None}
        if "token" in said:
            threading.Timer(0.1, self.bring_back, (given["token"], said["token"])).start()
            return {"return": None}
        return {"throw": said["throw"]} if "throw" in said else {"return": said["return"]}

    def bring_back(self, token, said):
        with contextlib.suppress(botocore.exceptions.ClientError):
            if said and "return" in said:
                self.states.send_task_success(taskToken=token, output=json.dumps(said["return"]))
            elif said:
                self.states.send_task_failure(taskToken=token, error=said["throw"], cause="as the table says")


def client(service, url):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=boto3.session.Config(retries={"max_attempts": 0}, max_pool_connections=20),
    )


class Emulator:
    """Step Functions behind an endpoint."""

    def __init__(self, url, account):
        self.states = client("stepfunctions", url)
        self.account = account

    def run(self, row, definition, calls, patience) -> Ended:
        role = f"arn:aws:iam::{self.account}:role/states"
        try:
            made = self.states.create_state_machine(name=row["name"], definition=json.dumps(definition), roleArn=role)
        except botocore.exceptions.ClientError as refused:
            return Ended("REFUSED", said=str(refused))
        if row["expect"]["status"] == "REFUSED":
            return Ended("TAKEN")
        begun = self.states.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps(row["input"]))
        end = time.monotonic() + patience
        while True:
            now = self.states.describe_execution(executionArn=begun["executionArn"])
            if now["status"] != "RUNNING" or time.monotonic() > end:
                break
            time.sleep(0.05)
        if now["status"] == "RUNNING":
            with contextlib.suppress(botocore.exceptions.ClientError):
                self.states.stop_execution(executionArn=begun["executionArn"])
        output = None
        if now["status"] == "SUCCEEDED":
            try:
                output = json.loads(now["output"])
            except ValueError:
                output = {"no JSON": now["output"]}
        return Ended(now["status"], output, now.get("error"), now.get("cause"), list(calls))


class Lane:
    """One after another: machines of an emulator with Lambda functions, which they share."""

    def __init__(self, number, emulator, functions, stage):
        self.number, self.emulator, self.functions, self.stage = number, emulator, functions, stage
        # Another generation of functions after a machine that hung, since it may still call.
        self.generation, self.made = 0, {}

    def arn(self, at):
        name = f"lane{self.number}-{self.generation}-{at}"
        if name not in self.made:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                entry = zipfile.ZipInfo("bootstrap")
                entry.external_attr = 0o755 << 16
                archive.writestr(entry, BOOTSTRAP)
            self.made[name] = self.functions.create_function(
                FunctionName=name,
                Runtime="provided.al2023",
                Role=f"arn:aws:iam::{self.emulator.account}:role/task",
                Handler="bootstrap",
                Timeout=60,
                Code={"ZipFile": packed.getvalue()},
                Environment={"Variables": {"STAGE": self.stage.url}},
            )["FunctionArn"]
            # So that no machine's time runs out while its function starts.
            self.functions.invoke(FunctionName=name, Payload=b"null")
        return name, self.made[name]

    def run(self, row) -> Ended:
        calls, used, over, arns = [], {}, threading.Event(), {}
        for at, name in enumerate(sorted(table.functions(row["definition"]))):
            own, arns[name] = self.arn(at)
            self.stage.plays[own] = (row, name, calls, used, over)
        silent = any(each.get("never") or each.get("token", 0) is None for said in row.get("tasks", {}).values() for each in said)
        ended = self.emulator.run(row, table.with_arns(row["definition"], arns.get), calls, SHORT if silent else LONG)
        over.set()
        if ended.status == "RUNNING":
            self.generation += 1
        return ended


def ministack(rows, url) -> dict[str, Ended]:
    emulator = Emulator(url, "000000000000")
    functions, stage = client("lambda", url), Stage(emulator.states)
    lanes = [Lane(number, emulator, functions, stage) for number in range(LANES)]
    # The longest first, so that none of them is waited for alone.
    rest = iter(sorted(rows, key=lambda row: -len(row.get("tasks", ()))))
    lock, found = threading.Lock(), {}

    def work(lane):
        while True:
            with lock:
                row = next(rest, None)
            if row is None:
                return
            found[row["name"]] = lane.run(row)

    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        list(pool.map(work, lanes))
    stage.server.shutdown()
    return found


def moto(rows, url) -> dict[str, Ended]:
    """Only machines that call nobody: its functions are echoes."""
    config = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
    urllib.request.urlopen(urllib.request.Request(url + "/moto-api/config", config, {"Content-Type": "application/json"}))
    emulator = Emulator(url, "123456789012")
    rows = [row for row in rows if not row.get("tasks") and not row["expect"].get("calls")]
    arn = "arn:aws:lambda:us-east-1:123456789012:function:{}".format

    def run(row):
        return row["name"], emulator.run(row, table.with_arns(row["definition"], arn), [], LONG)

    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        return dict(pool.map(run, rows))


def aws_local_stepfunctions(rows) -> dict[str, Ended]:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:{}".format
    told = [row | {"definition": table.with_arns(row["definition"], arn)} for row in rows]
    program = ["node", str(HERE / "local_stepfunctions.mjs")]
    ran = subprocess.run(program, input=json.dumps(told), capture_output=True, text=True, timeout=90)
    if ran.returncode:
        sys.exit(f"aws-local-stepfunctions did not run: {ran.stderr[-3000:]}")
    return {name: Ended(**ended) for name, ended in json.loads(ran.stdout).items()}


def everyone(rows) -> dict[str, dict[str, Ended]]:
    """What came of the rows, by peer and machine."""
    with peers.running() as clouds, concurrent.futures.ThreadPoolExecutor(3) as pool:
        running = {
            "ministack": pool.submit(ministack, rows, clouds.ministack),
            "moto": pool.submit(moto, rows, clouds.moto),
            "aws-local-stepfunctions": pool.submit(aws_local_stepfunctions, rows),
        }
        return {name: result.result() for name, result in running.items()}
