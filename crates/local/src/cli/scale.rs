//! `capstan scale`: the API of changes of scale from a terminal. Each subcommand is one call; what is refused is refused by the API,
//! in its words.

use super::Failure;
use super::client::{Client, Whither, text};
use super::iops::tell;
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
    /// What may be scaled, how it is set, and the last changes
    List,
    /// Keep concurrent runs for a function alone, such as analyze-metrics
    Function {
        /// Its name, without environment
        name: String,
        /// How many
        #[arg(long, required_unless_present = "none", conflicts_with = "none")]
        reserved: Option<u32>,
        /// None: it shares the account's
        #[arg(long)]
        none: bool,
        #[command(flatten)]
        why: Why,
    },
    /// How a table is paid for, and between what it is moved by itself
    Table(Table),
    /// How many instances the endpoint has, and between what it is moved by itself
    Endpoint {
        /// How many
        #[arg(long)]
        instances: u32,
        /// Least and most instances, such as 1:5
        #[arg(long, value_name = "MIN:MAX", value_parser = range)]
        scale: Option<(u32, u32)>,
        /// Seconds between two steps down
        #[arg(long, default_value_t = 300, requires = "scale")]
        cooldown: u32,
        #[command(flatten)]
        why: Why,
    },
    /// How fast the API lets in those with keys
    UsagePlan {
        /// Requests a second
        #[arg(long)]
        rate: u32,
        /// Requests at once
        #[arg(long)]
        burst: u32,
        #[command(flatten)]
        why: Why,
    },
    /// How far a change has come
    Status {
        /// Its id
        id: String,
    },
    /// Put the former setting back
    Undo {
        /// Its id
        id: String,
        /// Why, in at least 10 characters
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
struct Why {
    /// Why, in at least 10 characters
    #[arg(long, required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct Table {
    /// metrics or insights
    name: String,
    /// By the request
    #[arg(long, required_unless_present_any = ["read", "write"], conflicts_with_all = ["read", "write", "scale_read", "scale_write"])]
    on_demand: bool,
    /// Read units a second
    #[arg(long, requires = "write")]
    read: Option<u32>,
    /// Write units a second
    #[arg(long, requires = "read")]
    write: Option<u32>,
    /// Least and most read units, such as 5:500
    #[arg(long, value_name = "MIN:MAX", value_parser = range, requires = "scale_write")]
    scale_read: Option<(u32, u32)>,
    /// Least and most write units
    #[arg(long, value_name = "MIN:MAX", value_parser = range, requires = "scale_read")]
    scale_write: Option<(u32, u32)>,
    /// How many of 100 units are to be in use
    #[arg(long, default_value_t = 70)]
    target: u32,
    #[command(flatten)]
    why: Why,
}

fn range(text: &str) -> Result<(u32, u32), String> {
    let read = |part: &str| part.parse::<u32>().ok();
    let both = text.split_once(':').and_then(|(min, max)| Some((read(min)?, read(max)?)));
    both.ok_or_else(|| format!("`{text}` is not MIN:MAX, such as 1:5"))
}

impl Table {
    fn wanted(&self) -> Value {
        let (Some(read), Some(write)) = (self.read, self.write) else {
            return json!({ "capacity": { "mode": "onDemand" }, "scaling": null });
        };
        let range = |(min, max): (u32, u32)| json!({ "min": min, "max": max });
        let scaling = self.scale_read.zip(self.scale_write);
        let scaling = scaling.map(
            |(read, write)| json!({ "read": range(read), "write": range(write), "target": self.target }),
        );
        json!({ "capacity": { "mode": "provisioned", "read": read, "write": write }, "scaling": scaling })
    }
}

fn body(resource: &str, wanted: &Value, why: &Why) -> Value {
    let mut body = json!({ "resource": resource, "wanted": wanted, "dryRun": why.dry_run });
    if let Some(reason) = &why.reason {
        body["reason"] = json!(reason);
    }
    body
}

impl Command {
    /// What is asked for, of those that ask for a change.
    fn wish(&self) -> Option<Value> {
        Some(match self {
            Self::Function { name, reserved, why, .. } => {
                body(&format!("function/{name}"), &json!({ "reserved": reserved }), why)
            }
            Self::Table(table) => body(&format!("table/{}", table.name), &table.wanted(), &table.why),
            Self::Endpoint { instances, scale, cooldown, why } => {
                let scaling =
                    scale.map(|(min, max)| json!({ "min": min, "max": max, "scaleInCooldown": cooldown }));
                body("endpoint", &json!({ "instances": instances, "scaling": scaling }), why)
            }
            Self::UsagePlan { rate, burst, why } => {
                body("usage-plan", &json!({ "rate": rate, "burst": burst }), why)
            }
            Self::List | Self::Status { .. } | Self::Undo { .. } => return None,
        })
    }
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let client = Client::of_iops(&args.to.url, args.to.token)?;
    let answer = match &args.command {
        Command::Status { id } => client.get(&format!("/scale/{id}")),
        Command::Undo { id, reason } => {
            client.post(&format!("/scale/{id}/undo"), &json!({ "reason": reason }))
        }
        command => match command.wish() {
            Some(wish) => client.post("/scale", &wish),
            None => client.get("/scale"),
        },
    }?;
    tell(args.json, &answer, shown)
}

/// For a person.
fn shown(body: &Value) -> String {
    if let Some(resources) = body["resources"].as_array() {
        let changes = body["changes"].as_array().map_or(&[][..], Vec::as_slice);
        return resources.iter().map(resource).chain(changes.iter().map(change)).collect();
    }
    let mut shown = if body["scaleId"].is_string() {
        change(body)
    } else {
        "Nothing was done. This would be:\n".to_owned()
    };
    shown += &format!("  from {}\n  to   {}\n", body["former"], body["wanted"]);
    for step in body["steps"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        shown += &format!("  - {step}\n");
    }
    if let (Some(before), Some(after)) = (usd(&body["formerMonthlyUsd"]), usd(&body["wantedMonthlyUsd"])) {
        shown += &format!("  a month: {before} before, {after} after\n");
    }
    for note in body["notes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        shown += &format!("  {note}\n");
    }
    let failure = &body["failure"];
    if failure.is_object() {
        shown += &format!("{}: {}\n", text(failure, "error"), text(failure, "message"));
    }
    for name in ["message", "nextCommand"] {
        if let Some(words) = body[name].as_str() {
            shown += &format!("{words}\n");
        }
    }
    shown
}

fn usd(value: &Value) -> Option<String> {
    if value.is_null() {
        return Some("by use".to_owned());
    }
    value.as_f64().map(|cost| format!("{cost:.2} USD"))
}

fn resource(resource: &Value) -> String {
    let state = match resource["problem"].as_str() {
        Some(problem) => problem.to_owned(),
        None if resource["setting"].is_null() => "is not there".to_owned(),
        None => format!(
            "{}{}",
            resource["setting"],
            if resource["ready"] == json!(true) { "" } else { " (being changed)" }
        ),
    };
    format!("{}: {state}\n", text(resource, "resource"))
}

fn change(change: &Value) -> String {
    format!(
        "{} {} {} {} by {}: {}\n",
        text(change, "scaleId"),
        text(&change["resource"], "kind"),
        text(&change["resource"], "name"),
        text(change, "status"),
        text(change, "requestedBy"),
        text(change, "reason")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_says_what_would_be_done_and_what_it_costs() {
        let shown = shown(&json!({
            "resource": {"kind": "table", "name": "t"}, "former": {"a": 1}, "wanted": {"a": 2}, "steps": ["one", "two"],
            "formerMonthlyUsd": null, "wantedMonthlyUsd": 33.22, "notes": ["so"],
        }));
        assert_eq!(
            shown,
            "Nothing was done. This would be:\n  from {\"a\":1}\n  to   {\"a\":2}\n  - one\n  - two\n  \
             a month: by use before, 33.22 USD after\n  so\n"
        );
    }

    #[test]
    fn a_range_is_two_numbers() {
        assert_eq!(range("5:500"), Ok((5, 500)));
        assert!(range("5").is_err() && range("5:x").is_err());
    }
}
