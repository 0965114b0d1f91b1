//! `capstan restore`: the API of restores from a terminal. Each subcommand is one call; what is refused is refused by the API, in
//! its words.

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
    /// Which tables can be restored, and from what
    Tables,
    /// Restore a table, and put it in the place of the one that serves
    Start(Wish),
    /// Restores, newest first
    List,
    /// How far a restore has come
    Status {
        /// Its id
        id: String,
    },
    /// Stop a restore and have it undone; where it is stuck, have the undo tried again
    Cancel(Act),
    /// Put the former table back
    SwapBack(Act),
}

#[derive(Debug, clap::Args)]
struct Wish {
    /// metrics or insights
    table: String,
    /// As it was then, such as 2026-11-21T06:00:00Z
    #[arg(long, value_name = "TIME", required_unless_present = "backup", conflicts_with = "backup")]
    at: Option<String>,
    /// From this backup
    #[arg(long, value_name = "ARN")]
    backup: Option<String>,
    /// Why, in at least 10 characters
    #[arg(long)]
    reason: String,
    /// Restore and count it, and touch nothing that serves
    #[arg(long)]
    no_swap: bool,
    /// Fewer rows than the table has up to that time are well too
    #[arg(long)]
    accept_fewer: bool,
}

#[derive(Debug, clap::Args)]
struct Act {
    /// Its id
    id: String,
    /// Why, in at least 10 characters
    #[arg(long)]
    reason: String,
}

impl Wish {
    fn body(&self) -> Value {
        let mut body = json!({
            "table": self.table,
            "reason": self.reason,
            "swap": !self.no_swap,
            "acceptFewer": self.accept_fewer,
        });
        for (name, value) in [("pointInTime", &self.at), ("backupArn", &self.backup)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        body
    }
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let client = Client::of_iops(&args.to.url, args.to.token)?;
    let because = |act: &Act| json!({ "reason": act.reason });
    let answer = match &args.command {
        Command::Tables => client.get("/tables"),
        Command::List => client.get("/restores"),
        Command::Status { id } => client.get(&format!("/restores/{id}")),
        Command::Start(wish) => client.post("/restores", &wish.body()),
        Command::Cancel(act) => client.post(&format!("/restores/{}/cancel", act.id), &because(act)),
        Command::SwapBack(act) => client.post(&format!("/restores/{}/swap-back", act.id), &because(act)),
    }?;
    tell(args.json, &answer, shown)
}

/// For a person.
fn shown(body: &Value) -> String {
    if let Some(tables) = body["tables"].as_array() {
        return tables.iter().map(table).collect();
    }
    if let Some(restores) = body["restores"].as_array() {
        if restores.is_empty() {
            return "nothing was restored".to_owned();
        }
        return restores.iter().map(line).collect();
    }
    let rows = |name: &str| &body[name]["rows"];
    let mut shown = format!(
        "{}{} has {} rows up to {}, {} has {}\n",
        line(body),
        text(body, "target"),
        rows("restoredRows"),
        text(body, "countedUpTo"),
        text(body, "source"),
        rows("sourceRows"),
    );
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

fn line(restore: &Value) -> String {
    let of = |name| text(restore, name);
    format!(
        "{} {} {} {} by {}: {}\n",
        of("restoreId"),
        of("table"),
        of("status"),
        of("phase"),
        of("requestedBy"),
        of("reason")
    )
}

fn table(table: &Value) -> String {
    let mut shown = format!(
        "{}: {} ({}), can be restored from {} to {}\n",
        text(table, "table"),
        text(table, "name"),
        text(table, "status"),
        text(table, "restorableFrom"),
        text(table, "restorableTo")
    );
    for backup in table["backups"].as_array().into_iter().flatten() {
        shown += &format!(
            "  backup {} of {}: {}\n",
            text(backup, "name"),
            text(backup, "madeAt"),
            text(backup, "arn")
        );
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_that_failed_says_why_and_what_is_next() {
        let shown = shown(&json!({
            "restoreId": "r", "table": "metrics", "status": "STUCK", "phase": "UNDOING", "requestedBy": "ada", "reason": "lost",
            "target": "t", "source": "s", "countedUpTo": "then", "restoredRows": {"rows": 3}, "sourceRows": {"rows": 4},
            "failure": {"error": "AccessDenied", "message": "no"}, "nextCommand": "capstan restore cancel r",
        }));
        assert_eq!(
            shown,
            "r metrics STUCK UNDOING by ada: lost\nt has 3 rows up to then, s has 4\nAccessDenied: no\ncapstan restore cancel r\n"
        );
    }
}
