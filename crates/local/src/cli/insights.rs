//! `capstan insights`: what was found on hosts, and what people did about it.

use super::Failure;
use super::client::{Client, Whither, query};
use super::iops::tell;
use super::table::Table;
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
    /// What was found, the latest first
    List {
        /// Of this host alone
        #[arg(long)]
        host: Option<String>,
        /// critical, warning or info alone
        #[arg(long)]
        severity: Option<String>,
        /// open, acknowledged or dismissed alone
        #[arg(long)]
        status: Option<String>,
        /// Since then, such as 2026-11-21T00:00:00Z; without it of the last day
        #[arg(long)]
        since: Option<String>,
        /// How many, up to 100
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// How many there are, by type and severity
    Summary,
    /// One, with its reasons and what to do about it
    Show {
        /// Its id, as `list` has it
        id: String,
    },
    /// Say that you see to it (operator)
    Acknowledge(Review),
    /// Say that it is none; a model that is trained later learns from that (operator)
    Dismiss(Review),
}

#[derive(Debug, clap::Args)]
struct Review {
    /// Its id, as `list` has it
    id: String,
    /// In your own words
    #[arg(long)]
    note: String,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let client = Client::of_iops(&args.to.url, args.to.token)?;
    let review = |review: &Review, act: &str| {
        client
            .post(&format!("/insights/{}/{act}", id(&review.id)?), &json!({ "note": review.note }))
            .map_err(Failure::from)
    };
    match &args.command {
        Command::List { host, severity, status, since, limit } => {
            let limit = limit.to_string();
            let path = query(
                "/insights",
                &[
                    ("hostname", host.as_deref()),
                    ("severity", severity.as_deref()),
                    ("status", status.as_deref()),
                    ("since", since.as_deref()),
                    ("limit", Some(&limit)),
                ],
            );
            tell(args.json, &client.get(&path)?, list)
        }
        Command::Summary => tell(args.json, &client.get("/insights/summary")?, summary),
        Command::Show { id: wanted } => {
            tell(args.json, &client.get(&format!("/insights/{}", id(wanted)?))?, one)
        }
        Command::Acknowledge(of) => tell(args.json, &review(of, "acknowledge")?, one),
        Command::Dismiss(of) => tell(args.json, &review(of, "dismiss")?, one),
    }
}

/// What may stand in a path as it is.
fn id(text: &str) -> Result<&str, Failure> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Ok(text);
    }
    Err(Failure::usage(format!("`{text}` is no id of an insight: see `capstan insights list`")))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn list(body: &Value) -> String {
    let insights = body["insights"].as_array().map(Vec::as_slice).unwrap_or_default();
    if insights.is_empty() {
        return "nothing was found".to_owned();
    }
    let mut table = Table::new(&["AT", "SEVERITY", ">SCORE", ">SAMPLES", "STATUS", "ID", "WHAT"]);
    for insight in insights {
        let at = text(&insight["timestamp"]);
        table.row([
            at.get(..19).unwrap_or(&at).to_owned(),
            text(&insight["severity"]),
            text(&insight["riskScore"]),
            text(&insight["count"]),
            text(&insight["status"]),
            text(&insight["insightId"]),
            text(&insight["message"]),
        ]);
    }
    let more = if body["cursor"].is_string() { "there are more: see --limit, --since" } else { "" };
    format!("{}{more}", table.text())
}

fn summary(body: &Value) -> String {
    let mut table = Table::new(&["SEVERITY", ">INSIGHTS"]);
    for severity in ["critical", "warning", "info"] {
        table.row([severity.to_owned(), text(&body["bySeverity"][severity])]);
    }
    table.row(["all".to_owned(), text(&body["total"])]);
    format!("{} to {}\n{}", text(&body["from"]), text(&body["to"]), table.text())
}

fn one(insight: &Value) -> String {
    let mut page = format!(
        "{}\n\n{}, score {}, seen in {} samples until {}, {}\nfound by {} {} ({})",
        text(&insight["message"]),
        text(&insight["severity"]),
        text(&insight["riskScore"]),
        text(&insight["count"]),
        text(&insight["lastSeen"]),
        text(&insight["status"]),
        text(&insight["model"]),
        text(&insight["modelVersion"]),
        text(&insight["source"]),
    );
    if let Some(review) = insight.get("review").filter(|review| review.is_object()) {
        page.push_str(&format!(
            "\n{} at {}: {}",
            text(&review["by"]),
            text(&review["at"]),
            text(&review["note"])
        ));
    }
    for advice in insight["recommendations"].as_array().into_iter().flatten() {
        page.push_str(&format!("\n- {}", text(advice)));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insights_are_shown_with_what_was_found_and_what_to_do() {
        let insight = json!({
            "insightId": "1795286400-07-9e3779b97f4a7c15", "timestamp": "2026-11-21T18:40:00.000Z", "lastSeen": "2026-11-21T18:45:00.000Z",
            "severity": "critical", "riskScore": 92, "count": 6, "status": "acknowledged", "source": "builtin",
            "model": "thresholds+detector", "modelVersion": "1", "message": "web-1: cpuUsage is 97 %",
            "recommendations": ["Look at what uses the processor."],
            "review": {"by": "ada", "at": "2026-11-21T18:46:00.000Z", "note": "on it"},
        });
        let listed = list(&json!({"insights": [insight], "cursor": null}));
        assert!(
            listed.contains("2026-11-21T18:40:00  critical") && listed.contains("cpuUsage is 97 %"),
            "{listed}"
        );
        let shown = one(&insight);
        assert!(
            shown.contains("score 92")
                && shown.contains("ada at ")
                && shown.ends_with("- Look at what uses the processor."),
            "{shown}"
        );
        assert_eq!(list(&json!({"insights": []})), "nothing was found");
        assert!(id("../metrics").is_err() && id("").is_err());
    }
}
