//! Two hundred connections at once, while twenty tenants are being moved: anything that is not answered by 200 fails it.

use super::load::{self, Latency};
use super::{Figure, bearer, start};
use crate::cli::Failure;
use capstan_core::ids::TenantId;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// Tenants, each with a transition under way from before the first request to after the last.
const TENANTS: usize = 20;
/// Connections that look.
const LOOKERS: usize = 190;
/// Connections that edit configurations, and wait for the disk.
const WRITERS: usize = 10;
/// How long DEV to STAGING takes at least, in virtual seconds.
const TRANSITION: u64 = 600;

/// The figures, after so many seconds under load.
pub(super) fn figures(folder: &Path, seconds: u64) -> Result<Vec<Figure>, Failure> {
    // As fast as the transitions outlast the load, with time to begin and to look.
    let speed = (TRANSITION / (seconds + 15)).max(1).to_string();
    let (running, _) = start(folder, &["--speed", &speed])?;
    let to = running.address;
    let tokens = tokens(folder)?;
    for token in &tokens {
        load::ask(to, token, r#"{"targetTier":"STAGING","reason":"bench: something to do"}"#)?;
    }
    under_way(to, &tokens)?;
    let (looked, wrote) = crowd(to, &tokens, Duration::from_secs(seconds))?;
    under_way(to, &tokens)?;
    let figure = |name, value, unit| Figure { name, value, target: None, unit };
    Ok(vec![
        figure("200 connections, 20 transitions: look, p50", looked.p50, "ms"),
        figure("200 connections, 20 transitions: look, p99", looked.p99, "ms"),
        figure("200 connections, 20 transitions: looks a second", looked.per_second, "1/s"),
        figure("200 connections, 20 transitions: edit, p50", wrote.p50, "ms"),
        figure("200 connections, 20 transitions: edit, p99", wrote.p99, "ms"),
        figure("200 connections, 20 transitions: edits a second", wrote.per_second, "1/s"),
        figure("200 connections, 20 transitions: requests that failed", 0.0, ""),
    ])
}

fn tokens(folder: &Path) -> Result<Vec<String>, Failure> {
    let tenant = |number: usize| TenantId::parse(&format!("8d3c7a52-5b1e-4f6a-9a2e-{number:012x}"));
    let of = |number| bearer(folder, &tenant(number).map_err(|error| Failure::failed(error.to_string()))?);
    (0..TENANTS).map(of).collect()
}

fn crowd(to: SocketAddr, tokens: &[String], time: Duration) -> Result<(Latency, Latency), Failure> {
    const LOOKS: [&str; 4] =
        ["/tier", "/tier/transition-status", "/tier/change-history?limit=20", "/tier/resources"];
    let edit = |limit: u32| format!(r#"{{"budgetMonthlyCuriosityLimit":{limit}}}"#);
    let looks = |token: &String| LOOKS.map(|path| load::look(to, token, path)).to_vec();
    let edits = |token: &String| {
        [200, 300].map(|limit| load::send(to, token, "PUT", "/tier/configs/DEV", &edit(limit))).to_vec()
    };
    let looking = tokens.iter().cycle().take(LOOKERS).map(looks).collect();
    // Each writer has a tenant to itself: two that edit the same version are told so, by a 409.
    let writing = tokens.iter().take(WRITERS).map(edits).collect();
    load::sustain(to, looking, writing, time)
}

/// Says so if it is not the case.
fn under_way(to: SocketAddr, tokens: &[String]) -> Result<(), Failure> {
    for token in tokens {
        let status = load::read_one(to, &load::look(to, token, "/tier/transition-status"))?;
        if !status.contains("\"status\":\"SCALING_UP\"") {
            return Err(Failure::failed(format!(
                "a transition is not under way, so this measures nothing: {status}"
            )));
        }
    }
    Ok(())
}
