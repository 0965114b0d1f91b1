//! `check-cost`: what the month has cost, what it will, and whether a day runs away.
//!
//! Each question to Cost Explorer costs a cent and its bill changes a few times a day, so an instance keeps an answer for
//! [`KEPT`]; the answer says of when it is. Rejected: a table for it, which would cost a function and a row to save cents.

use api::{Problem, Reply, Request};
use capstan_core::iops::spending::{RUNAWAY, Spending, asked_from};
use capstan_core::ports::{Clock, DayBill, Spending as Bills, Store};
use capstan_core::time::{Millis, Timestamp};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use tier_steps::StepError;

/// How long an answer is kept.
pub const KEPT: Millis = Millis::minutes(15);

/// What an instance of the function remembers.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Option<(Timestamp, Vec<DayBill>)>>);

impl Memory {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// What was billed, asked for at most so long ago, and when; never across midnight, when another day is today.
    async fn days(&self, ports: &(impl Bills + Clock)) -> Result<(Timestamp, Vec<DayBill>), Problem> {
        const DAY: u64 = Millis::days(1).0;
        let now = ports.now();
        let fresh = |at: &Timestamp| {
            *at <= now && now.since(*at) < KEPT && at.as_millis() / DAY == now.as_millis() / DAY
        };
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|(at, _)| fresh(at)) {
            return Ok(known);
        }
        let days = ports.days_billed(asked_from(now), now).await.map_err(StepError::of_cloud)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, days.clone()));
        Ok((now, days))
    }
}

/// Answers a request.
pub async fn handle(
    ports: &(impl Bills + Store + Clock),
    memory: &Memory,
    request: Request,
) -> Result<Reply, Problem> {
    if (request.method.as_str(), request.route.as_str()) != ("GET", "/cost") {
        return Err(request.no_such_route());
    }
    request.only_query(&[])?;
    let (at, days) = memory.days(ports).await?;
    let spending = Spending::of(&days, at);
    let mut body = json!(spending);
    body["asOf"] = json!(at);
    body["verdict"] = json!(verdict(&spending));
    body["message"] = json!(message(&spending));
    body["next"] = next(&spending);
    Ok(Reply::ok(body))
}

fn verdict(spending: &Spending) -> &'static str {
    match spending {
        Spending { runaway: Some(_), .. } => "RUNAWAY",
        _ if spending.month_to_date > spending.budget => "OVER_BUDGET",
        Spending { projected: Some(projected), budget, .. } if projected > budget => "WILL_EXCEED_BUDGET",
        _ => "OK",
    }
}

fn message(spending: &Spending) -> String {
    let projected = spending.projected.map_or_else(
        || "no day of this month is over yet, so nothing is projected".to_owned(),
        |projected| {
            format!(
                "{projected} by its end, as its {} whole days went on all its {}",
                spending.projected_from_days, spending.days_in_month
            )
        },
    );
    let so_far = format!(
        "{} so far this month, {} today; {projected}. The bill is some hours late.",
        spending.month_to_date, spending.today
    );
    match &spending.runaway {
        Some(day) => format!("RUNAWAY: {} has cost {}, over {RUNAWAY} a day. {so_far}", day.day, day.cost),
        None => so_far,
    }
}

/// What to do about a runaway, in the runbook's order.
fn next(spending: &Spending) -> Value {
    if spending.runaway.is_none() {
        return json!([]);
    }
    json!([
        "look at byService: the first one is where the money goes",
        "PUT /traffic with percent 0, then delete the endpoint if it is SageMaker",
        "reduce the reserved concurrency of iops-analyze-metrics (POST /scale)",
        "throttle the API by its usage plan (POST /scale)",
        "put the tables back on demand, where they were provisioned (POST /scale)",
    ])
}
