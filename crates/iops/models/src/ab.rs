//! `/models/ab`: two versions behind one endpoint, each answering for its share of the hosts, until somebody ends it.
//!
//! It is a release that stays: its workflow brings the endpoint to a configuration with both models, then routing and release
//! say so in one write, and ending it is the undoing of that release. While it lasts there is no other release and no canary.
//! Other weights for the same two versions are one write and touch no endpoint.

use crate::ask::{Wanted, begin};
use crate::{Ports, problem, reason_of, show, stop};
use api::{Fields, Problem, Reply, Request};
use capstan_core::ids::ReleaseId;
use capstan_core::iops::models::{ModelVersion, ReleaseStatus};
use capstan_core::ports::Store;
use iops_records::models::{self, Purpose, Release, VersionState};
use iops_records::{ActKind, ActRow, COMPARED, Transaction, measurements_since};
use judge::{Criterion, Finding, Histogram, Interval, Report, Rollout, Share, Stage};
use release::Settings;
use serde::Deserialize;
use serde_json::{Value, json};

/// So many minutes are counted where nobody says how many, and at most.
const MINUTES: (u64, u64) = (60, 1_440);
/// How long after its end an interval is counted, in seconds.
const SETTLED: u64 = 8;

/// A version and for how many of 100 hosts it answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    version: ModelVersion,
    weight: u32,
}

/// `PUT /models/ab`.
pub(crate) async fn put(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    let given = fields.take("models");
    fields.finish()?;
    let reason = reason_of(reason)?;
    let [first, second] = arms(given).map_err(|message| Problem::invalid_field("models", message))?;
    for arm in [&first, &second] {
        approved(ports, &arm.version).await?;
    }
    if let Some(found) = under_way(ports).await?
        && found.status == ReleaseStatus::Comparing
        && found.cancellation.is_none()
        && versions(&found) == Some((&first.version, &second.version))
    {
        return weigh(ports, request, found, second.weight, reason).await;
    }
    settings.container().map_err(problem)?;
    if let Some(id) = iops_records::routing(ports).await?.canary_id {
        let mut refusal = Problem::conflict(
            "CANARY_UNDER_WAY",
            format!("canary {id} is under way: let it end, or roll it back (POST /canary/{id}/rollback)"),
        );
        refusal.more.insert("canaryId".to_owned(), json!(id));
        return Err(refusal);
    }
    let purpose = Purpose::Compare { other: second.version, weight: second.weight };
    let wanted = Wanted { purpose, version: first.version, reason, canary: None };
    begin(ports, settings, request, wanted).await
}

/// Two versions that differ, with weights that are all.
fn arms(given: Option<Value>) -> Result<[Arm; 2], String> {
    let arms: Vec<Arm> = serde_json::from_value(given.unwrap_or_default()).map_err(|error| {
        let error: String = error.to_string().chars().take(200).collect();
        format!("is not two of {{\"version\":\"…\",\"weight\":50}}: {error}")
    })?;
    let count = arms.len();
    let arms: [Arm; 2] = arms.try_into().map_err(|_| format!("has {count} versions; two are compared"))?;
    if arms[0].version == arms[1].version {
        return Err("has the same version twice".to_owned());
    }
    let sum = u64::from(arms[0].weight) + u64::from(arms[1].weight);
    if sum != 100 {
        return Err(format!("has weights that come to {sum}; they must come to 100"));
    }
    Ok(arms)
}

/// Refuses what has not passed the gate, or was withdrawn.
async fn approved(store: &impl Store, version: &ModelVersion) -> Result<(), Problem> {
    let Some(row) = models::version(store, version).await? else {
        return Err(Problem::not_found(format!(
            "there is no version {version}: GET /models has those there are"
        )));
    };
    if row.state == VersionState::Withdrawn {
        return Err(Problem::conflict(
            "NOT_APPROVED",
            format!("version {version} was withdrawn: its release was undone before it served"),
        ));
    }
    Ok(())
}

/// The release that is under way, if it compares.
async fn under_way(store: &impl Store) -> Result<Option<Release>, Problem> {
    let Some(id) = models::serving(store).await?.under_way else { return Ok(None) };
    let found = models::release(store, &id).await?;
    Ok(found.filter(|found| matches!(found.purpose, Purpose::Compare { .. })))
}

/// The two versions of a release that compares.
fn versions(release: &Release) -> Option<(&ModelVersion, &ModelVersion)> {
    match &release.purpose {
        Purpose::Compare { other, .. } => Some((&release.model_version, other)),
        Purpose::Train { .. } | Purpose::Restore => None,
    }
}

/// Other weights, in one write, in force everywhere within five seconds.
async fn weigh(
    ports: &impl Ports,
    request: &Request,
    mut found: Release,
    weight: u32,
    reason: String,
) -> Result<Reply, Problem> {
    let mut routing = iops_records::routing(ports).await?;
    let percent = u8::try_from(weight.min(100)).unwrap_or(100);
    let Some(second) = routing.second.as_mut().filter(|one| one.release_id == found.release_id.as_str())
    else {
        return Err(Problem::conflict("RELEASE_ENDED", "the comparison is being ended"));
    };
    let former = std::mem::replace(&mut second.percent, percent);
    let caller = (request.caller.subject.as_str(), &request.caller.tenant);
    let act = ActRow::begin(ports, ActKind::WeightsMoved, found.release_id.as_str(), caller, &reason).await?;
    routing.since = ports.wall();
    routing.by.clone_from(&request.caller.subject);
    (routing.tenant, routing.reason) = (Some(request.caller.tenant.clone()), reason);
    if let Purpose::Compare { weight: noted, .. } = &mut found.purpose {
        *noted = weight;
    }
    let mut transaction = Transaction::new();
    transaction.put(&mut routing);
    transaction.put(&mut found);
    transaction.commit(ports).await?;
    let outcome = format!("the second one has {percent} of 100 hosts, and had {former}");
    // It is done, whether this is noted or not.
    if let Err(error) = act.end(ports, &outcome).await {
        tracing::warn!(release.id = %found.release_id, "What came of other weights is not noted: {error}");
    }
    Ok(Reply::ok(show::release(&found)))
}

/// `DELETE /models/ab`: ends it. The hosts are the built-in model's at once, and as they were when the endpoint is again.
pub(crate) async fn delete(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["reason"])?;
    let reason = reason_of(request.query.get("reason").cloned())?;
    match under_way(ports).await? {
        Some(found) => stop(ports, request, &found.release_id, reason).await,
        None => Err(none()),
    }
}

fn none() -> Problem {
    Problem::not_found("no two versions are compared: PUT /models/ab begins it")
}

/// `GET /models/ab`: the comparison under way, or one that is over, with what was measured of both.
pub(crate) async fn get(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["releaseId", "minutes"])?;
    let minutes = request.whole_number("minutes", MINUTES.0, MINUTES.1)?;
    let found = match request.query.get("releaseId") {
        None => under_way(ports).await?,
        Some(id) => {
            let id = ReleaseId::parse(id).map_err(|_| none())?;
            models::release(ports, &id).await?.filter(|found| versions(found).is_some())
        }
    };
    let found = found.ok_or_else(none)?;
    // Of one that is over, the last so many minutes.
    let until = found.ended_at.unwrap_or_else(|| ports.wall()).as_millis() / 1_000;
    let since = until.saturating_sub(minutes * 60);
    let intervals = measurements_since(ports, found.release_id.as_str(), since).await?;
    Ok(Reply::ok(compared(&found, &intervals, until, since)?))
}

/// Both arms, and what the judge says of each against the other.
fn compared(found: &Release, intervals: &[Interval], until: u64, since: u64) -> Result<Value, Problem> {
    let Purpose::Compare { other, weight } = &found.purpose else { return Err(none()) };
    let swapped: Vec<Interval> = intervals
        .iter()
        .map(|one| Interval { canary: one.baseline.clone(), baseline: one.canary.clone(), ..one.clone() })
        .collect();
    let second = judged(intervals.to_vec(), until, since)?;
    let first = judged(swapped, until, since)?;
    let counted = |arm: fn(&Interval) -> &judge::Arm| {
        let sum =
            |what: fn(&judge::Counts) -> u64| intervals.iter().map(|one| arm(one).sum(what)).sum::<u64>();
        let (scored, disagreed) = (sum(|c| c.scored.into()), sum(|c| c.disagreed.into()));
        let mut latency = Histogram::default();
        for one in intervals {
            arm(one).groups().for_each(|(_, counts)| latency.merge(&counts.latency));
        }
        let of = |share| percentile(&latency, share);
        json!({
            "requests": sum(|c| c.requests.into()),
            "errors": sum(|c| c.errors.into()),
            "latencyMillis": {"p50": of(0.5), "p95": of(0.95), "p99": of(0.99)},
            "comparedWithBuiltIn": scored,
            "disagreed": disagreed,
        })
    };
    let arm = |version: &ModelVersion, weight: u32, counted: Value, report: &Report| {
        let mut shown = counted;
        shown["modelVersion"] = json!(version);
        shown["weight"] = json!(weight);
        shown["errorShare"] = json!(errors(report));
        shown["worseBy"] = json!(report.worse.iter().map(|(criterion, _)| *criterion).collect::<Vec<_>>());
        shown
    };
    Ok(json!({
        "releaseId": found.release_id,
        "status": found.status,
        "asked": found.asked,
        "since": capstan_core::time::Timestamp::from_millis(since * 1_000),
        "models": [
            arm(&found.model_version, 100 - weight.min(&100), counted(|one| &one.baseline), &first),
            arm(other, *weight, counted(|one| &one.canary), &second),
        ],
        "text": text(&found.model_version, other, &first, &second),
    }))
}

/// The judge of canaries, with each arm's place taken by a model. How often it disagrees with the built-in model is shown and no
/// criterion: neither need be right.
fn judged(intervals: Vec<Interval>, until: u64, since: u64) -> Result<Report, Problem> {
    let mut settings = judge::Settings {
        stages: vec![Stage { percent: COMPARED, seconds: 60 }],
        hold_limit_seconds: u32::MAX,
        ..judge::Settings::default()
    };
    (settings.errors.share, settings.latency.share, settings.disagreement.share) = (0.5, 0.5, 0.0);
    let rollout = Rollout { settings, entered: vec![since], intervals };
    let judge = rollout.judge(until.saturating_sub(SETTLED));
    let judge =
        judge.map_err(|error| Problem::new(500, "INTERNAL", format!("it can't be judged: {error}")))?;
    Ok(judge.report(until))
}

fn errors(report: &Report) -> Option<Share> {
    let found = |finding: &&Finding| matches!(finding.criterion, Criterion::Errors);
    report.criteria.iter().find(found).map(|finding| finding.canary)
}

/// Below what so much of it lies; none of nothing.
fn percentile(latency: &Histogram, share: f64) -> Option<f64> {
    let total = latency.total();
    let mut seen = 0_u64;
    #[expect(clippy::cast_precision_loss, reason = "requests are far fewer than 2^52")]
    let of = |count: u64| count as f64;
    latency.buckets().find_map(|(bucket, count)| {
        seen += u64::from(count);
        let millis = (Histogram::upper_millis(bucket) * 100.0).round() / 100.0;
        (of(seen) >= of(total) * share).then_some(millis)
    })
}

/// What is shown, in words.
fn text(first: &ModelVersion, second: &ModelVersion, of_first: &Report, of_second: &Report) -> String {
    let said = |worse: &Report, version: &ModelVersion, other: &ModelVersion| {
        (!worse.worse.is_empty()).then(|| {
            let by: Vec<String> = worse
                .worse
                .iter()
                .map(|(criterion, _)| json!(criterion).as_str().unwrap_or_default().to_owned())
                .collect();
            format!("{version} is shown to be worse than {other} by {}", by.join(" and "))
        })
    };
    let found: Vec<String> =
        [said(of_first, first, second), said(of_second, second, first)].into_iter().flatten().collect();
    if found.is_empty() { "neither is shown to be worse than the other".to_owned() } else { found.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(second_fails: u32) -> Vec<Interval> {
        let interval = |start: u64| {
            let mut one = Interval {
                start,
                seconds: 10,
                percent: COMPARED,
                canary: judge::Arm::default(),
                baseline: judge::Arm::default(),
            };
            for number in 0..100_u16 {
                one.baseline.group(number).record(false, 20.0, Some(false));
                one.canary.group(500 + number).record(
                    u32::from(number) < second_fails,
                    20.0,
                    Some(number < 3),
                );
            }
            one
        };
        (0..30).map(|number| interval(1_000 + number * 10)).collect()
    }

    fn shown(second_fails: u32) -> Value {
        let version = |text: &str| ModelVersion::parse(text).unwrap();
        let (first, second) = (version("20260101-000000-000"), version("20260102-000000-000"));
        let asked = models::Wish {
            by: "ada".to_owned(),
            tenant: capstan_core::ids::TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap(),
            reason: "which of them is better".to_owned(),
            at: capstan_core::time::Timestamp::default(),
        };
        let id = ReleaseId::parse("019b76da-a800-7000-8000-000000000001").unwrap();
        let purpose = Purpose::Compare { other: second, weight: 50 };
        compared(&Release::new(id, purpose, first, asked), &measured(second_fails), 2_000, 1_000).unwrap()
    }

    #[test]
    fn what_is_worse_is_named_and_what_is_alike_is_not() {
        let alike = shown(0);
        assert_eq!(alike["text"], "neither is shown to be worse than the other");
        assert_eq!(alike["models"][0]["requests"], 3_000);
        assert_eq!(alike["models"][1]["disagreed"], 90);
        assert!(alike["models"][0]["latencyMillis"]["p99"].as_f64().unwrap() >= 20.0);
        let worse = shown(20);
        assert_eq!(
            worse["text"],
            "20260102-000000-000 is shown to be worse than 20260101-000000-000 by errors"
        );
        assert_eq!(worse["models"][1]["worseBy"], json!(["errors"]));
        assert_eq!((&worse["models"][1]["errors"], &worse["models"][0]["errors"]), (&json!(600), &json!(0)));
        assert_eq!(worse["models"][0]["worseBy"], json!([]));
    }

    #[test]
    fn two_versions_and_weights_that_are_all_are_wanted() {
        let arm = |version: &str, weight: i64| json!({"version": version, "weight": weight});
        let (a, b) = ("20260101-000000-000", "20260102-000000-000");
        assert!(arms(Some(json!([arm(a, 30), arm(b, 70)]))).is_ok());
        assert!(arms(Some(json!([arm(a, 0), arm(b, 100)]))).is_ok());
        for (given, word) in [
            (json!([arm(a, 30), arm(b, 60)]), "90"),
            (json!([arm(a, 50), arm(a, 50)]), "twice"),
            (json!([arm(a, 100)]), "two are compared"),
            (json!([arm(a, -1), arm(b, 101)]), "weight"),
            (json!([arm("x", 50), arm(b, 50)]), "no version"),
            (json!([{"version": a, "weight": 50, "more": 1}, arm(b, 50)]), "more"),
            (json!("both"), "two of"),
            (Value::Null, "two of"),
        ] {
            let message = arms(Some(given)).unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
