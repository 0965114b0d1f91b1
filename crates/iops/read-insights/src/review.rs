//! What people do about an insight: they see to it, or say that it is none.

use crate::one;
use api::{Fields, Problem, Reply, Request};
use capstan_core::iops::{Insight, InsightStatus, Review};
use capstan_core::ports::{Clock, Store};
use capstan_core::tier::edit::FieldError;
use iops_records::{RecordError, Transaction};
use serde_json::json;

/// The longest note, in characters.
const LONGEST_NOTE: usize = 1_000;
/// How often an insight is read again when the analysis writes it at the same time.
const ATTEMPTS: usize = 6;

pub(crate) async fn review(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let note = note(request)?;
    let wanted = match request.route.rsplit('/').next() {
        Some("dismiss") => InsightStatus::Dismissed,
        _ => InsightStatus::Acknowledged,
    };
    let mut attempt = 0;
    loop {
        let mut insight = one(ports, request).await?;
        if let Some(reply) = settled(&insight, wanted, request, &note) {
            return reply;
        }
        insight.status = wanted;
        insight.review = Some(Review {
            by: request.caller.subject.clone(),
            tenant: request.caller.tenant.clone(),
            at: ports.wall(),
            note: note.clone(),
        });
        let mut transaction = Transaction::new();
        transaction.put(&mut insight);
        match transaction.commit(ports).await {
            Ok(()) => return Ok(Reply::ok(insight.to_api())),
            Err(RecordError::Stale { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The answer where nothing is left to do, or nothing may be done. The same once more is answered alike; what was dismissed
/// stays so, and what somebody sees to is not taken over silently.
fn settled(
    insight: &Insight,
    wanted: InsightStatus,
    request: &Request,
    note: &str,
) -> Option<Result<Reply, Problem>> {
    let review = insight.review.as_ref()?;
    let same = insight.status == wanted && review.by == request.caller.subject && review.note == note;
    if same {
        return Some(Ok(Reply::ok(insight.to_api())));
    }
    let may = (insight.status, wanted) == (InsightStatus::Acknowledged, InsightStatus::Dismissed);
    if may || insight.status == InsightStatus::Open {
        return None;
    }
    let mut problem = Problem::conflict(
        "ALREADY_REVIEWED",
        format!(
            "it is {} by {} since {}: nothing was changed",
            insight.status.as_str(),
            review.by,
            review.at
        ),
    );
    problem.more.insert("review".to_owned(), json!(review));
    Some(Err(problem))
}

fn note(request: &Request) -> Result<String, Problem> {
    let mut fields = Fields::read(request)?;
    let note = fields.text("note");
    fields.finish()?;
    let note = note.unwrap_or_default();
    let wrong = |message: String| Err(Problem::invalid(&[FieldError { field: "note".to_owned(), message }]));
    if note.trim().is_empty() {
        return wrong("is empty: say in a few words what is done about it".to_owned());
    }
    if note.chars().count() > LONGEST_NOTE {
        return wrong(format!("is longer than {LONGEST_NOTE} characters"));
    }
    if note.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t') {
        return wrong("holds control characters".to_owned());
    }
    Ok(note)
}
