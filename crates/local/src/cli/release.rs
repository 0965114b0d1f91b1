//! `capstan model release` and its like: asks the API for releases of models, and shows them.

use super::Failure;
use super::canary::stages::Course;
use super::canary::talk;
use super::client::{Answer, Client, NoAnswer, Whither, query, text};
use super::iops::tell;
use super::table::Table;
use super::watching::{Look, until_ended};
use serde_json::{Value, json};

/// Where the system is, and how the answer is printed.
#[derive(Debug, clap::Args)]
pub(super) struct To {
    #[command(flatten)]
    to: Whither,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Release {
    #[command(flatten)]
    to: To,
    /// Why, in at least 10 characters
    #[arg(long)]
    reason: String,
    /// Train on what is stored of so many days, 1 to 90
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=90))]
    days: Option<u32>,
    #[command(flatten)]
    course: Course,
}

#[derive(Debug, clap::Args)]
pub(super) struct Watch {
    #[command(flatten)]
    to: To,
    /// Which release [default: the one under way, or the last one]
    release: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Releases {
    #[command(flatten)]
    to: To,
    /// How many
    #[arg(long)]
    limit: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Cancel {
    #[command(flatten)]
    to: To,
    /// Which release: ids come from `capstan model releases`
    release: String,
    /// Why, in at least 10 characters
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Back {
    #[command(flatten)]
    to: To,
    /// Which version [default: the one that served before]
    version: Option<String>,
    /// Why, in at least 10 characters
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    course: Course,
}

impl To {
    pub(super) fn client(&self) -> Result<Client, Failure> {
        Client::of_iops(&self.to.url, self.to.token.clone())
    }

    pub(super) fn show(&self, answer: &Answer, shown: impl Fn(&Value) -> String) -> Result<(), Failure> {
        tell(self.json, answer, shown)
    }
}

pub(super) fn release(args: &Release) -> Result<(), Failure> {
    let mut body = json!({ "reason": args.reason });
    if let Some(days) = args.days {
        body["days"] = json!(days);
    }
    if let Some(settings) = args.course.settings()? {
        body["canary"] = settings;
    }
    args.to.show(&args.to.client()?.post("/models/releases", &body)?, begun)
}

pub(super) fn releases(args: &Releases) -> Result<(), Failure> {
    let path = query("/models/releases", &[("limit", args.limit.as_deref())]);
    args.to.show(&args.to.client()?.get(&path)?, listed)
}

pub(super) fn list(args: &To) -> Result<(), Failure> {
    args.show(&args.client()?.get("/models")?, versions)
}

pub(super) fn cancel(args: &Cancel) -> Result<(), Failure> {
    let path = format!("/models/releases/{}/cancel", segment(&args.release)?);
    args.to.show(&args.to.client()?.post(&path, &json!({ "reason": args.reason }))?, begun)
}

pub(super) fn back(args: &Back) -> Result<(), Failure> {
    let client = args.to.client()?;
    let version = if let Some(version) = &args.version {
        version.clone()
    } else {
        let models = client.get("/models")?;
        if !models.good() {
            return Err(models.refusal());
        }
        let former = models.body["former"].as_str().map(str::to_owned);
        former.ok_or_else(|| Failure::failed("no version served before: see `capstan model list`"))?
    };
    let path = format!("/models/{}/restore", segment(&version)?);
    let mut body = json!({ "reason": args.reason });
    if let Some(settings) = args.course.settings()? {
        body["canary"] = settings;
    }
    args.to.show(&client.post(&path, &body)?, begun)
}

/// A release as it goes, and its canary with it, until its end. One that was undone is a failure.
pub(super) fn watch(args: &Watch) -> Result<(), Failure> {
    let client = args.to.client()?;
    let id = if let Some(release) = &args.release {
        release.clone()
    } else {
        let answer = client.get("/models/releases?limit=1")?;
        if !answer.good() {
            return Err(answer.refusal());
        }
        let id = answer.body["releases"][0]["releaseId"].as_str().map(str::to_owned);
        id.ok_or_else(|| Failure::failed("no model was released yet".to_owned()))?
    };
    let path = format!("/models/releases/{}", segment(&id)?);
    until_ended(args.to.json, || with_canary(&client, client.get(&path)?), look)
}

/// The release, and beside it its canary while that is under way.
fn with_canary(client: &Client, mut release: Answer) -> Result<Answer, NoAnswer> {
    if release.body["status"] == "CANARY"
        && let Some(id) = release.body["canaryId"].as_str()
    {
        let canary = client.get(&format!("/canary/{id}"))?;
        if canary.good() {
            release.body["canary"] = canary.body;
        }
    }
    Ok(release)
}

fn look(release: &Value) -> Look {
    let status = text(release, "status");
    let ended = match status {
        "COMPLETED" | "COMPARING" => Some(true),
        "ROLLED_BACK" | "STUCK" => Some(false),
        _ => None,
    };
    let more = match (&release["canary"], release["failure"]["message"].as_str()) {
        (_, Some(why)) => format!(": {why}"),
        (Value::Object(_), None) => format!(", {}", talk::line(&release["canary"])),
        _ if status == "COMPARING" => ": two versions answer, see capstan model ab show".to_owned(),
        _ if ended == Some(true) => format!(": model {} serves", text(release, "modelVersion")),
        _ => String::new(),
    };
    Look { line: format!("{status}{more}"), ended }
}

/// A part of a path that names something.
pub(super) fn segment(text: &str) -> Result<&str, Failure> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if (1..=64).contains(&text.len()) && text.bytes().all(letter) {
        return Ok(text);
    }
    Err(Failure::usage(format!("`{text}` is no id: letters, digits and hyphens, as the lists show them")))
}

pub(super) fn begun(release: &Value) -> String {
    format!(
        "release {} of model {}: {}\nHow it goes: capstan model watch. To stop it: capstan model cancel {} --reason \"…\"\n",
        text(release, "releaseId"),
        text(release, "modelVersion"),
        text(release, "status"),
        text(release, "releaseId"),
    )
}

fn listed(body: &Value) -> String {
    let mut table = Table::new(&["RELEASE", "VERSION", "STATUS", "ASKED", "BY", "WHY IT FAILED"]);
    let releases = body["releases"].as_array().map(Vec::as_slice).unwrap_or_default();
    for row in releases {
        let failure: String =
            row["failure"]["message"].as_str().unwrap_or_default().chars().take(80).collect();
        table.row([
            text(row, "releaseId").to_owned(),
            text(row, "modelVersion").to_owned(),
            text(row, "status").to_owned(),
            text(&row["asked"], "at").to_owned(),
            text(&row["asked"], "by").to_owned(),
            failure,
        ]);
    }
    if releases.is_empty() { "no model was released yet\n".to_owned() } else { table.text() }
}

fn versions(body: &Value) -> String {
    let mut table =
        Table::new(&["VERSION", "STATE", ">RIGHT CLASS", ">OFF BY", ">ROWS", "DEPLOYED BY", "MADE"]);
    let figure = |row: &Value, name: &str, scale: f64, unit: &str| {
        row["measured"][name].as_f64().map_or_else(|| "–".to_owned(), |n| format!("{:.3}{unit}", n * scale))
    };
    let versions = body["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    for row in versions {
        table.row([
            text(row, "modelVersion").to_owned(),
            text(row, "state").to_owned(),
            figure(row, "accuracy", 100.0, " %"),
            figure(row, "meanError", 1.0, ""),
            row["data"]["learnRows"].as_u64().map_or_else(|| "–".to_owned(), |rows| rows.to_string()),
            text(row, "deployedBy").to_owned(),
            text(row, "madeAt").to_owned(),
        ]);
    }
    let serves = body["serving"].as_str().map_or_else(
        || "the built-in model serves alone".to_owned(),
        |version| format!("{version} serves at {}", text(body, "endpoint")),
    );
    let under_way =
        body["underWay"].as_str().map(|id| format!("; release {id} is under way")).unwrap_or_default();
    let table = if versions.is_empty() { String::new() } else { table.text() };
    format!("{serves}{under_way}\n{table}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_shown_for_people() {
        let row = json!({"releaseId": "r-1", "modelVersion": "v", "status": "ROLLED_BACK",
            "asked": {"at": "t", "by": "ada"}, "failure": {"message": "ModelRefused: it is worse"}});
        assert!(begun(&row).contains("capstan model cancel r-1"));
        let shown = listed(&json!({ "releases": [row] }));
        assert!(shown.contains("ROLLED_BACK") && shown.contains("it is worse"), "{shown}");
        assert_eq!(listed(&json!({"releases": []})), "no model was released yet\n");
        let shown = versions(
            &json!({"serving": "v", "endpoint": "iops-model", "underWay": null, "versions": [
            {"modelVersion": "v", "state": "SERVING", "measured": {"accuracy": 0.9, "meanError": 0.1}, "data": {"learnRows": 7},
             "deployedBy": "ada", "madeAt": "t"}]}),
        );
        assert!(shown.starts_with("v serves at iops-model\n") && shown.contains("90.000 %"), "{shown}");
    }

    #[test]
    fn a_release_is_followed_with_its_canary_to_its_end() {
        let said = |release: Value| look(&release);
        let canary =
            json!({"status": "CANARY", "canary": {"status": "RUNNING", "percent": 10, "text": "Hold."}});
        let shown = said(canary);
        assert_eq!((shown.line.as_str(), shown.ended), ("CANARY, RUNNING at 10 %: Hold.", None));
        let undone = said(json!({"status": "ROLLED_BACK", "failure": {"message": "it is worse"}}));
        assert_eq!((undone.line.as_str(), undone.ended), ("ROLLED_BACK: it is worse", Some(false)));
        let done = said(json!({"status": "COMPLETED", "modelVersion": "v"}));
        assert_eq!((done.line.as_str(), done.ended), ("COMPLETED: model v serves", Some(true)));
    }

    #[test]
    fn what_is_no_id_goes_into_no_path() {
        for bad in ["", "a/b", "a b", "..", "ä"] {
            assert!(segment(bad).is_err(), "{bad}");
        }
        assert!(segment("20261121-213000-123").is_ok());
    }
}
