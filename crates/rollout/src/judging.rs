//! Looking at what was measured.

use crate::{Error, Input, Verdict, of, seconds};
use capstan_core::ports::{Clock, Store};
use capstan_core::subject::SYSTEM;
use iops_records::{Because, Canary, Outcome, RecordError, Transaction};
use judge::{Interval, Report, Rollout};
use serde_json::{Value, json};

/// How long after its end an interval is looked at, in seconds: runs of the analysis write at their end, and routing is read
/// through a cache of five seconds.
const SETTLED: u64 = 8;

/// All that is stored of a canary, as the judge reads it.
pub async fn stored(store: &impl Store, canary: &Canary) -> Result<Rollout, RecordError> {
    let intervals = iops_records::measurements(store, canary.id()).await?;
    Ok(Rollout {
        settings: canary.settings.clone(),
        entered: canary.entered.clone(),
        intervals: of_one_stage_each(intervals),
    })
}

/// In the seconds after a stage was entered, runs that have not heard of it yet count in the same interval as runs that have.
/// Such an interval is one of the stage before: what was counted is evidence in either.
fn of_one_stage_each(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_by_key(|interval| (interval.start, interval.percent));
    let mut least: Option<(u64, u8)> = None;
    for interval in &mut intervals {
        match least {
            Some((start, percent)) if start == interval.start => interval.percent = percent,
            _ => least = Some((interval.start, interval.percent)),
        }
    }
    intervals
}

/// Replays the judge on all measurements and keeps its report. `Wait`: look again in a moment. `Next`: a stage is due. `End`: it
/// is known what becomes of the canary.
pub async fn judge(ports: &(impl Store + Clock), input: &Input) -> Result<Verdict, Error> {
    let mut canary = of(ports, input).await?;
    if canary.ended() || canary.outcome.is_some() {
        return Ok(Verdict::End);
    }
    if canary.next.is_some() {
        return Ok(Verdict::Next);
    }
    let now = seconds(ports.wall());
    let rollout = stored(ports, &canary).await?;
    let judge = rollout
        .judge(now.saturating_sub(SETTLED))
        .map_err(|error| Error::BadInput(format!("what was measured can't be judged: {error}")))?;
    let report = judge.report(now);
    let verdict = decide(&mut canary, &report);
    canary.report = Some(shown(&report));
    canary.judged_at = Some(ports.wall());
    let mut transaction = Transaction::new();
    transaction.put(&mut canary);
    transaction.commit(ports).await?;
    Ok(verdict)
}

fn decide(canary: &mut Canary, report: &Report) -> Verdict {
    let promote = match report.decision.verdict {
        judge::Verdict::Hold => return Verdict::Wait,
        judge::Verdict::Promote if !report.last_stage => {
            canary.next = Some(canary.entered.len());
            return Verdict::Next;
        }
        judge::Verdict::Promote => true,
        judge::Verdict::RollBack => false,
    };
    let code = json!(report.decision.reason).as_str().unwrap_or_default().to_owned();
    let because = Because { code, text: report.text.clone(), by: SYSTEM.to_owned(), tenant: None };
    canary.outcome = Some(Outcome { promote, because });
    Verdict::End
}

/// The report as it is kept. What is beyond the range of the store's numbers (evidence can be) is cut to it.
fn shown(report: &Report) -> Value {
    fn cut(value: &mut Value) {
        match value {
            Value::Number(number) => {
                let float = number
                    .as_f64()
                    .filter(|float| float.abs() > 1e100 || (*float != 0.0 && float.abs() < 1e-100));
                if let Some(float) = float {
                    *value = json!(if float.abs() > 1.0 { 1e100_f64.copysign(float) } else { 0.0 });
                }
            }
            Value::Array(all) => all.iter_mut().for_each(cut),
            Value::Object(fields) => fields.values_mut().for_each(cut),
            _ => {}
        }
    }
    let mut shown = json!(report);
    cut(&mut shown);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_in_which_a_stage_was_entered_is_one_of_the_stage_before() {
        let interval = |start, percent| Interval {
            start,
            seconds: 10,
            percent,
            canary: judge::Arm::default(),
            baseline: judge::Arm::default(),
        };
        let given =
            vec![interval(20, 50), interval(10, 50), interval(10, 10), interval(0, 10), interval(10, 50)];
        let of: Vec<(u64, u8)> =
            of_one_stage_each(given).iter().map(|interval| (interval.start, interval.percent)).collect();
        assert_eq!(of, [(0, 10), (10, 10), (10, 10), (10, 10), (20, 50)]);
    }
}
