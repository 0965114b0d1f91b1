//! The process that is killed.

use super::pause;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// More options of `capstan up`, such as a rate of requests that is off: clients here ask as fast as they are answered.
const MORE: &[&str] = &["--requests-per-minute", "0"];

/// The program, deaf to the environment.
pub(crate) fn capstan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstan"));
    for variable in ["CAPSTAN_URL", "CAPSTAN_TOKEN", "CAPSTAN_DATA_DIR"] {
        command.env_remove(variable);
    }
    command
}

/// A folder of its own for each test, new every time.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A system in a process of its own. Dropping it is `kill -9`.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts it and does not wait for it.
    pub(crate) fn spawn(folder: &Path, speed: &str) -> Self {
        let child = capstan()
            .args(["up", "--port", "0", "--speed", speed, "--data-dir"])
            .arg(folder)
            .args(MORE)
            .stdout(Stdio::piped())
            .spawn()
            .expect("capstan starts");
        Self { child, url: String::new() }
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start(folder: &Path, speed: &str) -> Self {
        let mut server = Self::spawn(folder, speed);
        let output = server.child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let ready = lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
        server.url = ready.unwrap_or_else(|| panic!("it does not start: {:?}", server.child.wait()));
        std::thread::spawn(move || lines.for_each(drop));
        server
    }

    pub(crate) fn kill_after(self, millis: u64) {
        pause(millis);
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
