//! A restore with the binary itself: rows are spoilt, brought back while the process is killed half-way, served, and the former
//! table is put back.
#![expect(clippy::expect_used, clippy::panic, reason = "a test")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const TENANT: &str = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b";

struct Server {
    child: Child,
    url: String,
    token: String,
}

fn capstan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstan"));
    for variable in ["CAPSTAN_URL", "CAPSTAN_TOKEN", "CAPSTAN_DATA_DIR"] {
        command.env_remove(variable);
    }
    command
}

impl Server {
    fn start(folder: &Path) -> Self {
        let up = ["up", "--port", "0", "--speed", "1000", "--requests-per-minute", "0", "--data-dir"];
        let mut child =
            capstan().args(up).arg(folder).stdout(Stdio::piped()).spawn().expect("capstan starts");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let ready = lines.find(|line| line.starts_with("ready ")).expect("it gets ready");
        let url = ready.trim_start_matches("ready ").to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        let token = capstan()
            .args(["token", "--role", "admin", "--tenant", TENANT, "--data-dir"])
            .arg(folder)
            .output()
            .expect("a token");
        let token = String::from_utf8(token.stdout).expect("text").trim().to_owned();
        Self { child, url, token }
    }

    /// `capstan restore` with these arguments: its JSON.
    fn restore(&self, arguments: &[&str]) -> Value {
        let output = capstan()
            .args(["restore", "--json", "--url", &self.url, "--token", &self.token])
            .args(arguments)
            .output()
            .expect("capstan runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().http_status_as_error(false).build().into()
    }

    fn report(&self, at: &str, cpu: u32) {
        let metric = json!({"timestamp": at, "hostname": "db-1", "cpuUsage": cpu, "memoryUsage": 50, "diskIO": 1, "networkIO": 1});
        let answer =
            Self::agent().post(format!("{}/metrics", self.url)).send_json(metric).expect("an answer");
        assert_eq!(answer.status(), 200);
    }

    fn cpu(&self) -> Value {
        let request = Self::agent().get(format!("{}/metrics?hostname=db-1", self.url));
        let answer = request.header("Authorization", format!("Bearer {}", self.token)).call();
        let text = answer.expect("an answer").body_mut().read_to_string().expect("a body");
        let body: Value = serde_json::from_str(&text).expect("JSON");
        body["metrics"][0]["cpuUsage"].clone()
    }

    fn until(&self, id: &str, status: &str) -> Value {
        for _ in 0..600 {
            let seen = self.restore(&["status", id]);
            if seen["status"] == status {
                return seen;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("it does not come to {status}: {}", self.restore(&["status", id]));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("restore");
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn spoilt_rows_are_as_they_were_after_a_restore_that_was_killed_half_way() {
    let folder = folder();
    let server = Server::start(&folder);
    let latest = |server: &Server| {
        let tables = server.restore(&["tables"]);
        tables["tables"][0]["restorableTo"].as_str().expect("a time").to_owned()
    };
    let at = latest(&server);
    server.report(&at, 20);
    // Five minutes are 300 ms here: the latest point that can be restored is past the report then.
    std::thread::sleep(Duration::from_millis(1_500));
    let well = latest(&server);
    server.report(&at, 99);
    assert_eq!(server.cpu(), json!(99));
    let started =
        server.restore(&["start", "metrics", "--at", &well, "--reason", "db-1 was overwritten by mistake"]);
    let id = started["restoreId"].as_str().expect("an id").to_owned();
    // `Drop` kills it, as `kill -9` does.
    drop(server);
    let server = Server::start(&folder);
    let done = server.until(&id, "COMPLETED");
    assert_eq!(
        (&done["restoredRows"]["rows"], &done["sourceRows"]["rows"]),
        (&json!(1), &json!(1)),
        "{done}"
    );
    assert_eq!(server.cpu(), json!(20));
    for attempt in 0.. {
        let back = server.restore(&["swap-back", &id, "--reason", "to see both of them"]);
        assert!(attempt < 50, "{back}");
        if back["message"].as_str().is_some_and(|words| words.starts_with("the former table serves")) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.cpu(), json!(99));
}
