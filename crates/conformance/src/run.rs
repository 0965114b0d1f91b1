//! Runs the suites on a backend and holds what comes of them against what is known.

use crate::case::{Case, Checked, Failure};
use crate::differences::{self, Difference, Kind};
use crate::stage::{Backstage, Stage};
use serde_json::{Value, json};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the suites run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    /// Our own simulation.
    Sim,
    /// moto, through the AWS SDK.
    Moto,
    /// ministack, through the AWS SDK.
    Ministack,
}

impl Backend {
    /// Every backend.
    pub const ALL: [Self; 3] = [Self::Sim, Self::Moto, Self::Ministack];

    /// Its name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Moto => "moto",
            Self::Ministack => "ministack",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What came of one case.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The port.
    pub port: &'static str,
    /// The case.
    pub case: &'static str,
    /// The methods it exercises.
    pub methods: &'static [&'static str],
    /// Whether the promise was kept.
    pub outcome: Checked,
    /// What was known of it beforehand.
    pub known: Option<&'static Difference>,
}

impl Ran {
    /// What is wrong with it, if it is not as it is known to be.
    pub fn surprise(&self) -> Option<String> {
        let (port, case) = (self.port, self.case);
        match (&self.outcome, self.known) {
            (Ok(()), None) | (Err(_), Some(_)) => None,
            (Err(Failure(words)), None) => Some(format!("{port}::{case}: {words}")),
            (Ok(()), Some(known)) if known.kind == Kind::Unsteady => None,
            (Ok(()), Some(known)) => Some(format!(
                "{port}::{case} passes, but is listed as a difference ({}): take it out of the list",
                known.why
            )),
        }
    }

    fn line(&self, backend: Backend) -> Value {
        let found = self.outcome.as_ref().err().map(|failure| failure.0.as_str());
        json!({
            "port": self.port,
            "case": self.case,
            "methods": self.methods,
            "backend": backend.as_str(),
            "outcome": match (&self.outcome, self.known) {
                (Ok(()), _) => "pass",
                (Err(_), Some(known)) => known.kind.as_str(),
                (Err(_), None) => "fail",
            },
            "reason": self.known.filter(|_| self.outcome.is_err()).map(|known| known.why),
            "found": found,
        })
    }
}

/// Runs all cases one after the other, each on a stage of its own.
pub async fn run<P>(
    backend: Backend,
    cases: &[Case<P>],
    ports: &P,
    backstage: &dyn Backstage,
    run: u32,
) -> Vec<Ran> {
    let mut all = Vec::new();
    for (number, case) in (0..).zip(cases) {
        let stage = Stage::new(backstage, run, number);
        let outcome = (case.run)(ports, &stage).await;
        let known = differences::of(backend, case.port, case.name);
        all.push(Ran { port: case.port, case: case.name, methods: case.methods, outcome, known });
    }
    all
}

/// Everything that is not as it is known to be, for a test to fail with.
pub fn surprises(backend: Backend, all: &[Ran]) -> Vec<String> {
    let mut found: Vec<String> =
        all.iter().filter_map(Ran::surprise).map(|words| format!("{backend}: {words}")).collect();
    for stale in differences::ALL.iter().filter(|known| known.backend == backend) {
        if !all.iter().any(|ran| ran.port == stale.port && ran.case == stale.case) {
            found.push(format!(
                "{backend}: there is no case {}::{}, but it is listed",
                stale.port, stale.case
            ));
        }
    }
    found
}

/// Where runs leave their evidence: `CONFORMANCE_OUT`, or `target/conformance` of the workspace.
pub fn evidence_folder() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests are started with nothing but an environment")]
    let told = std::env::var("CONFORMANCE_OUT");
    told.map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/conformance"),
        PathBuf::from,
    )
}

/// Writes `cases-<backend>.jsonl` into the folder, one line a case.
pub fn write(folder: &Path, backend: Backend, all: &[Ran]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut file = std::fs::File::create(folder.join(format!("cases-{backend}.jsonl")))?;
    for ran in all {
        writeln!(file, "{}", ran.line(backend))?;
    }
    file.flush()
}
