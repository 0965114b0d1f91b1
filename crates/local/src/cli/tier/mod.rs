//! `capstan tier`: the API of tier transitions from a terminal.
//!
//! Each subcommand is one call, and what it prints is that call's answer: as it is with `--json`, else as a few lines for
//! a person. Rules are not repeated here; what is refused is refused by the API, in its words.

mod show;
mod watch;

use super::client::{Answer, Client, Whither, query};
use super::{Failure, print};
use capstan_core::tier::Tier;
use serde_json::{Map, Value, json};

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

/// Which changes are looked for.
#[derive(Debug, Default, clap::Args)]
struct Sought {
    /// Only those that stand like this, such as COMPLETED or FAILED
    #[arg(long)]
    status: Option<String>,
    /// Only those that began in or led to this tier
    #[arg(long)]
    tier: Option<String>,
    /// Only those asked for at this time or later, such as 2026-11-21T18:00:00Z
    #[arg(long)]
    since: Option<String>,
    /// Only those asked for at this time or earlier
    #[arg(long)]
    until: Option<String>,
    /// How many
    #[arg(long)]
    limit: Option<String>,
    /// Where to go on: the cursor of the page before
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Where the tenant is, and what it costs
    Status,
    /// What a change would do; changes nothing
    Plan {
        /// DEV, STAGING or PRODUCTION
        #[arg(value_parser = parse_tier)]
        target: Tier,
    },
    /// Change the tier
    Change(Wish),
    /// Start a change that had to be confirmed
    Confirm {
        /// What `change` or `bypass` printed
        confirmation: String,
    },
    /// Change the tier in spite of the cooldown (super admin; the reason begins with [EMERGENCY])
    Bypass(Wish),
    /// Follow a change to its end
    Watch,
    /// What was changed, newest first
    History(Sought),
    /// Stop the change under way and have it undone
    Cancel {
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Say by hand that nothing is under way any more (super admin, last resort)
    Reset {
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Show configurations, or edit one
    Configs {
        /// Only this tier
        #[arg(value_parser = parse_tier)]
        tier: Option<Tier>,
        /// Set a field (several times for several fields)
        #[arg(long, value_name = "FIELD=VALUE", requires = "tier", value_parser = parse_setting)]
        set: Vec<(String, Value)>,
        /// The version that the edit is based on [default: the current one]
        #[arg(long, requires = "set")]
        version: Option<u64>,
    },
    /// The tiers side by side
    Compare,
    /// Every resource of the tenant that is accounted for
    Resources,
    /// Resources that nothing accounts for
    Orphans,
    /// Set how long no change is allowed after one (super admin)
    Cooldown {
        /// 0 to 168
        hours: u32,
    },
}

#[derive(Debug, clap::Args)]
struct Wish {
    /// DEV, STAGING or PRODUCTION
    #[arg(value_parser = parse_tier)]
    target: Tier,
    /// Why, in at least 10 characters
    #[arg(long)]
    reason: String,
    /// Confirm at once, if that is wanted
    #[arg(long)]
    yes: bool,
}

fn parse_tier(text: &str) -> Result<Tier, String> {
    let unknown = || "there are DEV, STAGING and PRODUCTION".to_owned();
    Tier::parse(&text.to_ascii_uppercase()).ok_or_else(unknown)
}

/// `field=value`; a value that is no JSON is a text.
fn parse_setting(text: &str) -> Result<(String, Value), String> {
    let (field, value) = text.split_once('=').ok_or("a setting is FIELD=VALUE")?;
    Ok((field.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| json!(value))))
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let client = Client::new(&args.to.url, args.to.token)?;
    let json = args.json;
    match args.command {
        Command::Status => tell(json, &client.get("/tier")?, show::status),
        Command::Plan { target } => {
            tell(json, &client.post("/tier/plan", &json!({ "targetTier": target }))?, show::plan)
        }
        Command::Change(wish) => change(&client, json, "/tier/change", &wish),
        Command::Bypass(wish) => change(&client, json, "/tier/bypass-cooldown", &wish),
        Command::Confirm { confirmation } => {
            let body = json!({ "confirmationToken": confirmation });
            tell(json, &client.post("/tier/confirm", &body)?, show::change)
        }
        Command::Watch => watch::run(&client, json),
        Command::History(sought) => {
            let answer = client.get(&sought.path())?;
            tell(json, &answer, |body| show::history(body, &sought.more()))
        }
        Command::Cancel { reason } => {
            tell(json, &client.post("/tier/cancel", &json!({ "reason": reason }))?, show::ended)
        }
        Command::Reset { reason } => {
            tell(json, &client.post("/tier/reset", &json!({ "reason": reason }))?, show::ended)
        }
        Command::Configs { tier: None, .. } => tell(json, &client.get("/tier/configs")?, show::configs),
        Command::Configs { tier: Some(tier), set, version } => {
            let path = format!("/tier/configs/{tier}");
            if set.is_empty() {
                return tell(json, &client.get(&path)?, show::config);
            }
            let mut edit: Map<String, Value> = set.into_iter().collect();
            edit.extend(version.map(|version| ("version".to_owned(), json!(version))));
            tell(json, &client.put(&path, &Value::Object(edit))?, show::config)
        }
        Command::Compare => tell(json, &client.get("/tier/compare")?, show::compare),
        Command::Resources => tell(json, &client.get("/tier/resources")?, show::resources),
        Command::Orphans => tell(json, &client.get("/tier/orphans")?, show::orphans),
        Command::Cooldown { hours } => {
            tell(json, &client.put("/tier/cooldown", &json!({ "hours": hours }))?, show::cooldown)
        }
    }
}

/// Prints an answer; a refusal ends the command.
fn tell(json: bool, answer: &Answer, show: impl Fn(&Value) -> String) -> Result<(), Failure> {
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

fn change(client: &Client, json: bool, path: &str, wish: &Wish) -> Result<(), Failure> {
    let body = json!({ "targetTier": wish.target, "reason": wish.reason });
    let answer = client.post(path, &body)?;
    if answer.body["status"] != "REQUIRES_CONFIRMATION" {
        return tell(json, &answer, show::change);
    }
    // Not even in haste is somebody two persons.
    if !wish.yes || answer.body["confirmation"]["by"] == "ANOTHER_PERSON" {
        tell(json, &answer, show::change)?;
        return Err(Failure::unconfirmed());
    }
    if !json {
        print(&show::what_is_confirmed(&answer.body));
    }
    let token = json!({ "confirmationToken": answer.body["confirmationToken"] });
    tell(json, &client.post("/tier/confirm", &token)?, show::change)
}

impl Sought {
    /// What is given, but for the cursor.
    fn given(&self) -> [(&str, Option<&str>); 5] {
        [
            ("status", self.status.as_deref()),
            ("tier", self.tier.as_deref()),
            ("since", self.since.as_deref()),
            ("until", self.until.as_deref()),
            ("limit", self.limit.as_deref()),
        ]
    }

    fn path(&self) -> String {
        let all = [&self.given()[..], &[("cursor", self.cursor.as_deref())]].concat();
        query("/tier/change-history", &all)
    }

    /// The command for what comes after.
    fn more(&self) -> String {
        let options =
            self.given().into_iter().filter_map(|(name, value)| Some(format!(" --{name} {}", value?)));
        format!("capstan tier history{}", options.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_into_a_request() {
        let mut sought = Sought::default();
        assert_eq!(sought.path(), "/tier/change-history");
        (sought.limit, sought.cursor) = (Some("-1".to_owned()), Some("a&b".to_owned()));
        sought.status = Some("FAILED".to_owned());
        assert_eq!(sought.path(), "/tier/change-history?status=FAILED&limit=-1&cursor=a%26b");
        assert_eq!(sought.more(), "capstan tier history --status FAILED --limit -1");
        assert_eq!(parse_setting("a=1").unwrap().1, json!(1));
        assert_eq!(parse_setting("a=true").unwrap().1, json!(true));
        assert_eq!(parse_setting("a=ml.g5.xlarge").unwrap().1, json!("ml.g5.xlarge"));
        assert!(parse_setting("a").is_err());
        assert_eq!(parse_tier("staging"), Ok(Tier::Staging));
    }
}
