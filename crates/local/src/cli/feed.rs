//! `capstan feed`: hosts that are made up, or a file, report to the API.

use super::{Failure, print};
use crate::clock::{self, Stopwatch};
use crate::fleet::{self, Fleet, Incident, Past, Trouble};
use capstan_core::iops::{Metric, Series};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// Metrics of one request.
const BATCH: usize = 100;
/// How often what is due is sent.
const TICK: Duration = Duration::from_millis(100);
/// How long one request may take.
const TIME: Duration = Duration::from_secs(35);
/// How often what was not stored is sent again.
const ATTEMPTS: u32 = 5;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the system is
    #[arg(long, env = "CAPSTAN_URL", default_value = "http://127.0.0.1:3000")]
    url: String,
    /// Who reports, where reporting takes a token: of an operator
    #[arg(long, env = "CAPSTAN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// How many hosts report
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    hosts: u32,
    /// Metrics a second, all hosts together; at most one a host
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// Minutes of the past, one metric a minute and host, that are sent first, so that it is known what is usual
    #[arg(long, value_name = "MINUTES", default_value_t = 120, value_parser = clap::value_parser!(u64).range(0..=20_000))]
    history: u64,
    /// On how many hosts something was wrong in that past, for a quarter of an hour, of each kind in turn: what a model can learn
    /// from
    #[arg(long, value_name = "HOSTS", default_value_t = 0)]
    past_incidents: u32,
    /// What goes wrong
    #[arg(long)]
    incident: Option<Incident>,
    /// On how many hosts
    #[arg(long, value_name = "HOSTS", default_value_t = 1)]
    incident_hosts: u32,
    /// So many seconds after the past has been sent
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    incident_after: u64,
    /// For how long; 0 until it is stopped
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
    /// What chance comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Send what is in this file instead (CSV), its last row being of now
    #[arg(long, value_name = "FILE.csv")]
    replay: Option<PathBuf>,
    /// The host of a file that names none
    #[arg(long, default_value = "replayed")]
    replay_host: String,
    /// The series of a file that has a column `value`
    #[arg(long, default_value = "cpuUsage", value_parser = series)]
    replay_series: Series,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn series(name: &str) -> Result<Series, String> {
    let all = Series::ALL.map(Series::name).join(", ");
    Series::of(name).ok_or_else(|| format!("it is none of {all}"))
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if !(args.rate > 0.0 && args.rate <= f64::from(args.hosts)) {
        let hosts = args.hosts;
        return Err(Failure::usage(format!(
            "--rate {} is not above 0 and at most {hosts}: a host reports once a second at most, so give more --hosts",
            args.rate
        )));
    }
    if args.past_incidents > 0 && args.history < fleet::SHORTEST {
        let (shortest, history) = (fleet::SHORTEST, args.history);
        return Err(Failure::usage(format!(
            "--past-incidents takes a past with room for them: --history {shortest} at least, and not {history}"
        )));
    }
    let mut sender = Sender::new(args)?;
    match &args.replay {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::failed(format!("{} can't be read: {error}", file.display())))?;
            let metrics = fleet::replay(&text, &args.replay_host, args.replay_series, clock::wall())
                .map_err(|error| Failure::failed(format!("{}, {error}", file.display())))?;
            sender.send_all(&metrics)?;
        }
        None => live(args, &mut sender)?,
    }
    sender.tell(args.json);
    if sender.refused > 0 { Err(Failure::told()) } else { Ok(()) }
}

/// The past at once, then each host in its turn.
fn live(args: &Args, sender: &mut Sender) -> Result<(), Failure> {
    let fleet = Fleet::new(args.hosts, args.seed);
    send_past(args, fleet, sender)?;
    let start = clock::wall().as_millis() / 1_000;
    let (hosts, since) = (args.incident_hosts, start + args.incident_after);
    let trouble = args.incident.map(|incident| Trouble { incident, hosts, since });
    let watch = Stopwatch::start();
    let mut sent: u64 = 0;
    loop {
        let elapsed = watch.elapsed();
        if args.seconds > 0 && elapsed.as_secs() >= args.seconds {
            return Ok(());
        }
        let mut due = Vec::new();
        while f64::from(u32::try_from(sent).unwrap_or(u32::MAX)) < elapsed.as_secs_f64() * args.rate {
            let host = u32::try_from(sent % u64::from(args.hosts)).unwrap_or(0);
            let at = clock::wall().as_millis() / 1_000;
            due.extend(fleet.metric(host, at, trouble));
            sent += 1;
        }
        sender.send_all(&due)?;
        thread::sleep(TICK.saturating_sub(watch.elapsed().saturating_sub(elapsed)));
    }
}

fn send_past(args: &Args, fleet: Fleet, sender: &mut Sender) -> Result<(), Failure> {
    let now = clock::wall().as_millis() / 1_000;
    let past = Past::new(fleet, args.past_incidents, now.saturating_sub(args.history * 60), now);
    for minute in (1..=args.history).rev() {
        let at = now.saturating_sub(minute * 60);
        let metric = |host| Some(past.struck(host, fleet.metric(host, at, None)?));
        let metrics: Vec<Metric> = (0..args.hosts).filter_map(metric).collect();
        sender.send_all(&metrics)?;
    }
    Ok(())
}

/// Sends metrics, and counts what became of them.
struct Sender {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
    watch: Stopwatch,
    stored: u64,
    refused: u64,
    /// The first reason for which a metric was refused.
    reason: Option<String>,
}

impl Sender {
    fn new(args: &Args) -> Result<Self, Failure> {
        let url = args.url.trim_end_matches('/');
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::usage(format!("`{url}` is not a URL; one begins with http:// or https://")));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take the token where nobody meant it to go.
            .max_redirects(0)
            .timeout_global(Some(TIME))
            .build();
        Ok(Self {
            agent: config.into(),
            url: format!("{url}/metrics"),
            token: args.token.clone().filter(|token| !token.trim().is_empty()),
            watch: Stopwatch::start(),
            stored: 0,
            refused: 0,
            reason: None,
        })
    }

    fn send_all(&mut self, metrics: &[Metric]) -> Result<(), Failure> {
        metrics.chunks(BATCH).try_for_each(|batch| self.send(batch))
    }

    /// Sends a batch until each of it is stored or refused. To send the same once more is to store it once.
    fn send(&mut self, batch: &[Metric]) -> Result<(), Failure> {
        let body = json!(batch.iter().map(shown).collect::<Vec<_>>());
        for attempt in 1.. {
            let (status, answer) = self.post(&body)?;
            let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
            if matches!(status, 200 | 207 | 422) && answer.get("results").is_some() && count("failed") == 0 {
                self.stored += count("stored");
                self.refused += count("refused");
                let refused =
                    answer["results"].as_array().into_iter().flatten().find_map(|one| one.get("reason"));
                self.reason =
                    self.reason.take().or_else(|| refused.and_then(Value::as_str).map(str::to_owned));
                return Ok(());
            }
            let again = status == 429 || status >= 500 || count("failed") > 0;
            if !again || attempt >= ATTEMPTS {
                let why = answer.get("detail").or_else(|| answer.get("message")).and_then(Value::as_str);
                let why = why.unwrap_or("no reason was given");
                return Err(Failure::failed(format!("{} answers {status}: {why}", self.url)));
            }
            thread::sleep(Duration::from_millis(100 << attempt));
        }
        Ok(())
    }

    fn post(&self, body: &Value) -> Result<(u16, Value), Failure> {
        let mut request = self.agent.post(&self.url);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token.trim()));
        }
        let unreachable = |error: ureq::Error| {
            Failure::unreachable(format!(
                "nobody answers at {} ({error}). Start the system by `capstan up`, or say where it is by --url",
                self.url
            ))
        };
        let mut answer = request.send_json(body).map_err(unreachable)?;
        let text = answer.body_mut().read_to_string().map_err(unreachable)?;
        Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default()))
    }

    fn tell(&self, as_json: bool) {
        let seconds = self.watch.elapsed().as_secs_f64();
        let Self { stored, refused, reason, .. } = self;
        if as_json {
            return print(
                &json!({"stored": stored, "refused": refused, "reason": reason, "seconds": seconds})
                    .to_string(),
            );
        }
        let reason = reason.as_ref().map(|reason| format!(" (the first: {reason})")).unwrap_or_default();
        print(&format!("{stored} metrics are stored, {refused} were refused{reason}, in {seconds:.1} s"));
    }
}

/// A metric as the API takes it.
fn shown(metric: &Metric) -> Value {
    let mut shown = metric.to_api();
    if let Value::Object(fields) = &mut shown {
        fields.remove("metricId");
    }
    shown
}
