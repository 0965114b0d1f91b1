//! `capstan iops`: how IOps is, what it costs, who is told, and whether its alarms ring.
//!
//! Each subcommand is one call. `health` and `cost` end with the exit code 1 where something is wrong, for scripts.

use super::client::{Answer, Client, Whither, query};
use super::table::{Table, money};
use super::{Failure, print};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    to: Whither,
    /// Print the API's JSON as it is
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Every part, what was seen of it, and what to do
    Health,
    /// What the month costs, and whether a day runs away
    Cost,
    /// Who gets the critical alerts
    Subscriptions,
    /// Have somebody get the critical alerts (admin)
    Subscribe {
        /// An e-mail address, or a URL that begins with https://
        endpoint: String,
        /// Why, in at least 10 characters
        #[arg(long)]
        reason: String,
    },
    /// Have somebody get them no more (admin)
    Unsubscribe {
        /// The id, as `subscriptions` has it
        id: String,
        /// Why, in at least 10 characters
        #[arg(long)]
        reason: String,
    },
    /// Make an alarm ring, see whether people are told, and reset it (admin)
    TestAlarm {
        /// Such as IOps-Lambda-HighErrorRate
        name: String,
        /// Why, in at least 10 characters
        #[arg(long)]
        reason: String,
    },
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let client = Client::of_iops(&args.to.url, args.to.token)?;
    let json = args.json;
    match args.command {
        Command::Health => judged(json, &client.get("/health")?, health, &["OK", "WARNING"]),
        Command::Cost => judged(json, &client.get("/cost")?, cost, &["OK", "WILL_EXCEED_BUDGET"]),
        Command::Subscriptions => tell(json, &client.get("/subscriptions")?, subscriptions),
        Command::Subscribe { endpoint, reason } => {
            let protocol = if endpoint.starts_with("https://") { "https" } else { "email" };
            let body = json!({"protocol": protocol, "endpoint": endpoint, "reason": reason});
            tell(json, &client.post("/subscriptions", &body)?, message)
        }
        Command::Unsubscribe { id, reason } => {
            let path = query(&format!("/subscriptions/{}", segment(&id)?), &[("reason", Some(&reason))]);
            tell(json, &client.delete(&path)?, message)
        }
        Command::TestAlarm { name, reason } => {
            let path = format!("/alarms/{}/test", segment(&name)?);
            tell(json, &client.post(&path, &json!({"reason": reason}))?, tested)
        }
    }
}

/// What may stand in a path as it is.
fn segment(text: &str) -> Result<&str, Failure> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !text.is_empty() && text.bytes().all(plain) {
        return Ok(text);
    }
    Err(Failure::usage(format!("`{text}` is no name: letters, digits and hyphens alone")))
}

/// Prints an answer; a refusal ends the command.
pub(super) fn tell(json: bool, answer: &Answer, show: impl Fn(&Value) -> String) -> Result<(), Failure> {
    if json {
        print(&answer.text);
        return if answer.good() { Ok(()) } else { Err(Failure::told()) };
    }
    if !answer.good() {
        return Err(answer.refusal());
    }
    print(&show(&answer.body));
    Ok(())
}

/// The same, and it ends badly unless the verdict is one of these.
fn judged(json: bool, answer: &Answer, show: fn(&Value) -> String, good: &[&str]) -> Result<(), Failure> {
    tell(json, answer, show)?;
    let verdict = answer.body["verdict"].as_str().unwrap_or_default();
    if good.contains(&verdict) { Ok(()) } else { Err(Failure::told()) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn health(body: &Value) -> String {
    let mut table = Table::new(&["VERDICT", "KIND", "NAME", "SEEN"]);
    let checks = || body["checks"].as_array().into_iter().flatten();
    for check in checks() {
        table.row([
            text(&check["verdict"]),
            text(&check["kind"]),
            text(&check["name"]),
            text(&check["seen"]),
        ]);
    }
    let mut page =
        format!("{} in {}\n\n{}", text(&body["verdict"]), text(&body["environment"]), table.text());
    for check in checks().filter(|check| check["remedy"].is_string()) {
        page.push_str(&format!("\n{}: {}", text(&check["name"]), text(&check["remedy"])));
    }
    page
}

fn cost(body: &Value) -> String {
    let mut table = Table::new(&["SERVICE", ">THIS MONTH"]);
    for one in body["byService"].as_array().into_iter().flatten() {
        table.row([text(&one["service"]), money(&one["cost"])]);
    }
    let mut page = format!("{}\n{}\n\n{}", text(&body["verdict"]), text(&body["message"]), table.text());
    for next in body["next"].as_array().into_iter().flatten() {
        page.push_str(&format!("\n- {}", text(next)));
    }
    page
}

fn subscriptions(body: &Value) -> String {
    let mut table = Table::new(&["ID", "PROTOCOL", "ADDRESS", "CONFIRMED"]);
    for one in body["subscriptions"].as_array().into_iter().flatten() {
        let confirmed = if one["confirmed"] == true { "yes" } else { "not yet" };
        table.row([text(&one["id"]), text(&one["protocol"]), text(&one["endpoint"]), confirmed.to_owned()]);
    }
    format!("{}\n\n{}", text(&body["message"]), table.text())
}

fn message(body: &Value) -> String {
    let one = &body["subscription"];
    format!("{} {}\n{}", text(&one["protocol"]), text(&one["endpoint"]), text(&body["message"]))
}

fn tested(body: &Value) -> String {
    let mut page = format!("{} rang, and is {} again.", text(&body["alarm"]), text(&body["after"]));
    for action in body["carriedOut"].as_array().into_iter().flatten() {
        page.push_str(&format!("\n{}  {}", text(&action["at"]), text(&action["summary"])));
    }
    format!("{page}\n{}", text(&body["message"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(verdict: &str) -> Answer {
        let body = json!({"verdict": verdict, "environment": "local", "checks": [
            {"verdict": verdict, "kind": "stream", "name": "of the metrics", "seen": "read 90 s late", "remedy": "look"},
            {"verdict": "OK", "kind": "api", "name": "iops-api-local", "seen": "it answers", "remedy": null},
        ]});
        Answer { status: 200, text: body.to_string(), body, retry_after: None }
    }

    #[test]
    fn what_is_wrong_is_an_exit_code_and_what_is_not_known_is_wrong() {
        for (verdict, good) in
            [("OK", true), ("WARNING", true), ("UNKNOWN", false), ("FAILED", false), ("", false)]
        {
            let ended = judged(true, &answer(verdict), health, &["OK", "WARNING"]);
            assert_eq!(ended.is_ok(), good, "{verdict}");
        }
    }

    #[test]
    fn a_page_has_each_part_and_its_remedy() {
        let page = health(&answer("FAILED").body);
        assert!(page.starts_with("FAILED in local\n") && page.ends_with("of the metrics: look"), "{page}");
        assert!(page.contains("OK       api     iops-api-local  it answers"), "{page}");
    }

    #[test]
    fn what_would_lead_elsewhere_is_no_name() {
        assert_eq!(segment("IOps-Lambda-HighErrorRate").unwrap(), "IOps-Lambda-HighErrorRate");
        for text in ["", "a/b", "..", "a?b", "a b"] {
            assert_eq!(segment(text).unwrap_err().code, 2, "{text}");
        }
    }
}
