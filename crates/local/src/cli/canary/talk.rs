//! `capstan canary start|status|watch|list|rollback|traffic` and `capstan endpoint behave`: the API of canaries from a terminal.

use super::replay;
use super::stages::Course;
use crate::cli::client::{Answer, Client, Whither, query};
use crate::cli::table::Table;
use crate::cli::watching::{Look, until_ended};
use crate::cli::{Failure, print};
use serde_json::{Map, Value, json};
use sim::Behaviour;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    to: Whither,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Judge stored measurements again: the verdict after each look, and the last one with its numbers
    Replay(replay::Args),
    /// Roll the model behind an endpoint out to more and more hosts
    Start {
        /// Why, in at least 10 characters
        #[arg(long)]
        reason: String,
        /// Behind which endpoint it is [default: the one of the environment]
        #[arg(long)]
        endpoint: Option<String>,
        #[command(flatten)]
        course: Course,
        /// Print the API's JSON as it is
        #[arg(long)]
        json: bool,
    },
    /// How a canary goes, or went
    Status {
        /// Which [default: the one under way, or the last one]
        id: Option<String>,
        /// Print the API's JSON as it is
        #[arg(long)]
        json: bool,
    },
    /// How a canary goes, a line for each change, until its end; one that was rolled back is a failure
    Watch {
        /// Which [default: the one under way, or the last one]
        id: Option<String>,
        /// Print the API's JSON of its end
        #[arg(long)]
        json: bool,
    },
    /// The last canaries
    List {
        /// How many
        #[arg(long)]
        limit: Option<String>,
        /// Print the API's JSON as it is
        #[arg(long)]
        json: bool,
    },
    /// Roll a canary back at once
    Rollback {
        /// Which [default: the one under way]
        id: Option<String>,
        /// Why, in at least 10 characters
        #[arg(long)]
        reason: String,
        /// Print the API's JSON as it is
        #[arg(long)]
        json: bool,
    },
    /// For which hosts a model answers; with --percent, set it by hand
    Traffic {
        /// For how many of 100 hosts
        #[arg(long, requires = "reason", value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: Option<u8>,
        /// Why, in at least 10 characters
        #[arg(long, requires = "percent")]
        reason: Option<String>,
        /// Behind which endpoint it is [default: the one in use]
        #[arg(long, requires = "percent")]
        endpoint: Option<String>,
        /// Print the API's JSON as it is
        #[arg(long)]
        json: bool,
    },
}

/// What of the simulated cloud can be told how to behave.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Endpoint {
    /// Have a simulated endpoint be healthy, slow, wrong, failing or garbled
    Behave {
        /// Its name, such as iops-model
        name: String,
        /// How
        #[arg(value_parser = parse_behaviour)]
        behaviour: Behaviour,
        /// Where the system is
        #[arg(long, env = "CAPSTAN_URL", default_value = "http://127.0.0.1:3000")]
        url: String,
    },
}

fn parse_behaviour(text: &str) -> Result<Behaviour, String> {
    let all = || Behaviour::ALL.map(Behaviour::as_str).join(", ");
    Behaviour::parse(text).ok_or_else(|| format!("there are {}", all()))
}

pub(in crate::cli) fn run(args: Args) -> Result<(), Failure> {
    let Args { to, command } = args;
    let client = || Client::of_iops(&to.url, to.token.clone());
    match command {
        Command::Replay(args) => replay::run(&args),
        Command::Start { reason, endpoint, course, json } => {
            let mut wish = Map::from_iter([("reason".to_owned(), json!(reason))]);
            wish.extend(endpoint.map(|endpoint| ("endpoint".to_owned(), json!(endpoint))));
            wish.extend(course.settings()?.map(|settings| ("settings".to_owned(), settings)));
            tell(json, &client()?.post("/canary", &Value::Object(wish))?, whole)
        }
        Command::Status { id, json } => {
            let client = client()?;
            let id = match id {
                Some(id) => id,
                None => latest(&client, false)?,
            };
            tell(json, &client.get(&format!("/canary/{id}"))?, whole)
        }
        Command::Watch { id, json } => {
            let client = client()?;
            let path = match id {
                Some(id) => format!("/canary/{id}"),
                None => format!("/canary/{}", latest(&client, false)?),
            };
            until_ended(json, || client.get(&path), look)
        }
        Command::List { limit, json } => {
            tell(json, &client()?.get(&query("/canary", &[("limit", limit.as_deref())]))?, list)
        }
        Command::Rollback { id, reason, json } => {
            let client = client()?;
            let id = match id {
                Some(id) => id,
                None => latest(&client, true)?,
            };
            tell(json, &client.post(&format!("/canary/{id}/rollback"), &json!({ "reason": reason }))?, whole)
        }
        Command::Traffic { percent: Some(percent), reason, endpoint, json } => {
            let mut wish = Map::from_iter([
                ("percent".to_owned(), json!(percent)),
                ("reason".to_owned(), json!(reason)),
            ]);
            wish.extend(endpoint.map(|endpoint| ("endpoint".to_owned(), json!(endpoint))));
            tell(json, &client()?.put("/traffic", &Value::Object(wish))?, traffic)
        }
        Command::Traffic { json, .. } => tell(json, &client()?.get("/traffic")?, traffic),
    }
}

/// `capstan endpoint behave`.
pub(in crate::cli) fn behave(command: &Endpoint) -> Result<(), Failure> {
    let Endpoint::Behave { name, behaviour, url } = command;
    let (url, word) = (url.trim_end_matches('/'), behaviour.as_str());
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let sent = ureq::Agent::from(config)
        .post(format!("{url}/_sim/endpoints/{name}/{word}"))
        .header("X-Capstan-Sim", "1")
        .send_empty()
        .map_err(|error| Failure::unreachable(format!("nobody answers at {url} ({error})")))?;
    match sent.status().as_u16() {
        200 => {
            print(&format!("{name} is {word} from now on"));
            Ok(())
        }
        404 => Err(Failure::failed(format!(
            "there is no simulated endpoint {name} at {url}: only `capstan up` has such, and it has iops-model"
        ))),
        status => Err(Failure::failed(format!("{url} answers {status}"))),
    }
}

fn latest(client: &Client, running: bool) -> Result<String, Failure> {
    let answer = client.get("/canary?limit=1")?;
    if !answer.good() {
        return Err(answer.refusal());
    }
    let found = match (&answer.body["running"], running) {
        (Value::Null, true) => return Err(Failure::failed("no canary is under way".to_owned())),
        (Value::Null, false) => &answer.body["canaries"][0],
        (found, _) => found,
    };
    let id = found["canaryId"].as_str().map(str::to_owned);
    id.ok_or_else(|| Failure::failed("there was no canary yet".to_owned()))
}

fn tell(json: bool, answer: &Answer, show: fn(&Value) -> String) -> Result<(), Failure> {
    if !answer.good() {
        return Err(answer.refusal());
    }
    print(&if json { answer.text.clone() } else { show(&answer.body) });
    Ok(())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

/// A canary in a line, and whether it has ended well.
fn look(canary: &Value) -> Look {
    let ended = match canary["status"].as_str() {
        Some("PROMOTED") => Some(true),
        Some("ROLLED_BACK") => Some(false),
        _ => None,
    };
    Look { line: line(canary), ended }
}

/// How far a canary has come, in a line; while it is under way without the seconds, which pass in any case.
pub(in crate::cli) fn line(canary: &Value) -> String {
    let mut said = text(&canary["text"]);
    let seconds = said.find(" (").zip(said.find("): "));
    if let (Some((from, to)), true) = (seconds.filter(|(from, to)| from < to), canary["status"] == "RUNNING")
    {
        said.replace_range(from..=to, "");
    }
    format!("{} at {} %: {said}", text(&canary["status"]), text(&canary["percent"]))
}

/// A share as a person reads it.
fn share(arm: &Value) -> String {
    let Some(share) = arm["share"].as_f64() else { return "–".to_owned() };
    let percent = |value: &Value| value.as_f64().unwrap_or_default() * 100.0;
    let (low, high) = (percent(&arm["low"]), percent(&arm["high"]));
    format!("{:.2} % ({low:.2} to {high:.2}) of {}", share * 100.0, arm["samples"])
}

fn whole(canary: &Value) -> String {
    let of = |name: &str| text(&canary[name]);
    let mut shown = format!(
        "{} {}: {} ({}) behind {}, {} %\n{}\n",
        of("canaryId"),
        of("status"),
        of("model"),
        of("modelVersion"),
        of("endpoint"),
        of("percent"),
        of("text")
    );
    let mut stages = Table::new(&[">PERCENT", ">SECONDS", "ENTERED"]);
    for stage in canary["stages"].as_array().into_iter().flatten() {
        let entered = if stage["enteredAt"].is_null() { "–".to_owned() } else { text(&stage["enteredAt"]) };
        stages.row([text(&stage["percent"]), text(&stage["seconds"]), entered]);
    }
    shown.push_str(&stages.text());
    let criteria = canary["report"]["criteria"].as_array().map_or(&[][..], Vec::as_slice);
    if !criteria.is_empty() {
        let mut table = Table::new(&["CRITERION", "CANARY", "BASELINE"]);
        for one in criteria {
            table.row([text(&one["criterion"]), share(&one["canary"]), share(&one["baseline"])]);
        }
        shown.push_str(&table.text());
    }
    shown
}

fn list(body: &Value) -> String {
    let mut table = Table::new(&["CANARY", "STATUS", "MODEL", ">PERCENT", "ASKED", "BY", "VERDICT"]);
    for one in body["canaries"].as_array().into_iter().flatten() {
        let of = |name: &str| text(&one[name]);
        let verdict = of("text").chars().take(60).collect();
        table.row([
            of("canaryId"),
            of("status"),
            of("model"),
            of("percent"),
            of("askedAt"),
            of("by"),
            verdict,
        ]);
    }
    table.text()
}

fn traffic(body: &Value) -> String {
    let of = |name: &str| text(&body[name]);
    let canary = match &body["canaryId"] {
        Value::Null => String::new(),
        id => format!("\ncanary {} is under way; 5 % of the hosts are held back", text(id)),
    };
    if body["percent"] == 0 {
        return format!("the built-in model answers for all hosts{canary}");
    }
    format!(
        "{} ({}) behind {} answers for {} % of the hosts, the built-in model for the others{canary}\nsince {} by {}: {}",
        of("model"),
        of("modelVersion"),
        of("endpoint"),
        of("percent"),
        of("since"),
        of("by"),
        of("reason")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_shown_with_its_stages_and_both_arms() {
        let arm = json!({"share": 0.0525, "low": 0.01, "high": 0.1, "samples": 400});
        let shown = whole(&json!({
            "canaryId": "c", "status": "RUNNING", "model": "m", "modelVersion": "v", "endpoint": "e", "percent": 10,
            "text": "Hold.", "stages": [{"percent": 10, "seconds": 120, "enteredAt": null}],
            "report": {"criteria": [{"criterion": "errors", "canary": arm, "baseline": null}]},
        }));
        assert_eq!(
            shown,
            "c RUNNING: m (v) behind e, 10 %\nHold.\nPERCENT  SECONDS  ENTERED\n     10      120  –\nCRITERION  CANARY                        BASELINE\nerrors     5.25 % (1.00 to 10.00) of 400  –\n"
                .replace("CANARY                        BASELINE", "CANARY                         BASELINE")
        );
    }

    #[test]
    fn a_canary_that_is_watched_says_what_has_changed_and_at_its_end_everything() {
        let said = |status: &str, text: &str| {
            let shown = look(&json!({"status": status, "percent": 10, "text": text}));
            (shown.line, shown.ended)
        };
        let under_way = said("RUNNING", "Hold (10 %, 3 s of 20 s): too few requests. Canary 7.");
        assert_eq!(under_way, ("RUNNING at 10 %: Hold: too few requests. Canary 7.".to_owned(), None));
        assert_eq!(said("RUNNING", "Not judged yet.").0, "RUNNING at 10 %: Not judged yet.");
        let back = said("ROLLED_BACK", "Roll back (10 %, 27 s of 20 s): errors: 46 of 100.");
        assert!(back.0.contains("27 s of 20 s") && back.1 == Some(false), "{back:?}");
        assert_eq!(said("PROMOTED", "Promote.").1, Some(true));
    }

    #[test]
    fn the_traffic_is_said_in_a_sentence() {
        assert_eq!(
            traffic(&json!({"percent": 0, "canaryId": null})),
            "the built-in model answers for all hosts"
        );
        let routed = json!({"percent": 50, "canaryId": "c", "model": "m", "modelVersion": "v", "endpoint": "e", "since": "s", "by": "b", "reason": "r"});
        assert!(traffic(&routed).starts_with("m (v) behind e answers for 50 % of the hosts"));
    }
}
