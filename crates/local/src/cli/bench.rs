//! `capstan bench`: the figures that the system promises, measured on this machine.
//!
//! It measures processes of its own program from outside, on an empty store on disk, as a user would meet them.

mod crowd;
mod load;
mod nab;
mod reports;

use super::table::Table;
use super::{Failure, print};
use crate::clock::{self, Stopwatch};
use crate::issuer::{Bearer, Issuer};
use crate::{drill, key_file};
use capstan_core::ids::TenantId;
use capstan_core::tier::Role;
use capstan_core::time::Millis;
use serde::Serialize;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// How long 200 connections are kept busy; 0 leaves that out
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=580))]
    seconds: u64,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Score the built-in anomaly detector on labelled series, laid out as the Numenta Anomaly Benchmark
    Nab(nab::Args),
}

const PATH: &str = "DEV,STAGING,PRODUCTION,STAGING,DEV";
/// More options of `capstan up`, such as a rate of requests that is off.
const MORE: &[&str] = &["--requests-per-minute", "0"];
const CONNECTIONS: usize = 50;
const REQUESTS: usize = 400;

/// One figure.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figure {
    name: &'static str,
    value: f64,
    target: Option<f64>,
    unit: &'static str,
}

impl Figure {
    fn met(&self) -> bool {
        self.target.is_none_or(|target| self.value < target)
    }
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if let Some(What::Nab(args)) = &args.what {
        return nab::run(args);
    }
    let (folder, crowded, reported) = (Folder::new()?, Folder::new()?, Folder::new()?);
    let mut figures = vec![drill()?];
    figures.extend(up(&folder.0)?);
    figures.extend(reports::figures(&reported.0)?);
    if args.seconds > 0 {
        figures.extend(crowd::figures(&crowded.0, args.seconds)?);
    }
    if args.json {
        print(&serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    let mut table = Table::new(&["figure", ">measured", ">target", "", ""]);
    for figure in &figures {
        table.row([
            figure.name.to_owned(),
            format!("{:.2}", figure.value),
            figure.target.map_or_else(String::new, |target| format!("{target:.0}")),
            figure.unit.to_owned(),
            if figure.met() { String::new() } else { "missed".to_owned() },
        ]);
    }
    print(&table.text());
    Ok(())
}

/// A folder for a store, gone in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let name = u64::from_be_bytes(key_file::random()?);
        let folder = std::env::temp_dir().join(format!("capstan-bench-{name:016x}"));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is the machine's to clean.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The best of three, since a busy machine says nothing about the program.
fn drill() -> Result<Figure, Failure> {
    let program = std::env::current_exe()?;
    let mut best = f64::MAX;
    for _ in 0..3 {
        let watch = Stopwatch::start();
        let ended = Command::new(&program)
            .args(["drill", "tier", "--path", PATH, "--json"])
            .stdout(Stdio::null())
            .status()?;
        if !ended.success() {
            return Err(Failure::failed("the drill failed; `capstan drill tier` shows how"));
        }
        best = best.min(watch.millis());
    }
    Ok(Figure { name: "drill over five tiers", value: best, target: Some(250.0), unit: "ms" })
}

/// A system in a process of its own.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        // If it is gone already, all the better.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn start(folder: &Path, more: &[&str]) -> Result<(Running, f64), Failure> {
    let watch = Stopwatch::start();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["up", "--port", "0", "--data-dir"])
        .arg(folder)
        .args(MORE)
        .args(more)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut line)?;
    }
    let millis = watch.millis();
    let address = line.trim().strip_prefix("ready http://").and_then(|address| address.parse().ok());
    let address = address.ok_or_else(|| Failure::failed("`capstan up` did not get ready"))?;
    Ok((Running { child, address }, millis))
}

fn up(folder: &Path) -> Result<Vec<Figure>, Failure> {
    let token = bearer(folder, &drill::tenant())?;
    let (running, first) = start(folder, &[])?;
    // The key and the store are made by now.
    drop(running);
    let (running, again) = start(folder, &[])?;
    let quiet = load::measure(running.address, &token, CONNECTIONS, REQUESTS)?;
    load::ask(running.address, &token, r#"{"targetTier":"STAGING","reason":"bench: something to do"}"#)?;
    let busy = load::measure(running.address, &token, CONNECTIONS, REQUESTS)?;
    let (resident, most) = (memory(running.child.id(), "VmRSS:")?, memory(running.child.id(), "VmHWM:")?);
    let figure = |name, value, target, unit| Figure { name, value, target, unit };
    Ok(vec![
        figure("start, first time", first, Some(300.0), "ms"),
        figure("start, with a store", again, Some(300.0), "ms"),
        figure("GET /tier, p50, 50 connections", quiet.p50, None, "ms"),
        figure("GET /tier, p99, 50 connections", quiet.p99, Some(5.0), "ms"),
        figure("GET /tier, p50, while a transition runs", busy.p50, None, "ms"),
        figure("GET /tier, p99, while a transition runs", busy.p99, Some(5.0), "ms"),
        figure("GET /tier, requests a second", quiet.per_second, None, "1/s"),
        figure("memory after that", resident, Some(80.0), "MB"),
        figure("memory at most", most, Some(80.0), "MB"),
    ])
}

fn bearer(folder: &Path, tenant: &TenantId) -> Result<String, Failure> {
    let bearer = Bearer { subject: "bench", role: Role::SuperAdmin, tenant };
    Ok(Issuer::open(folder)?.token(bearer, clock::wall(), Millis::hours(1)))
}

/// A line of `/proc/…/status`, in MB.
fn memory(process: u32, name: &str) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))
        .map_err(|error| Failure::failed(format!("memory can't be measured without /proc ({error})")))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    Ok(kilobytes / 1024.0)
}
