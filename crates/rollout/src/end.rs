//! The end of a canary: the model becomes the one in use, or everything becomes as it was.

use crate::{Error, Input, Verdict, of};
use capstan_core::ports::{Clock, Notice, NoticeKind, Notifier, Store};
use capstan_core::subject::SYSTEM;
use iops_records::{Because, Canary, CanaryStatus, Outcome, RecordError, Share, Transaction, is_passing};

/// How often an end is tried again when somebody else writes at the same time.
const ATTEMPTS: usize = 6;

/// Brings the canary to the end that was found for it; one for which none was found is rolled back. Gives word once.
pub async fn end<P>(ports: &P, input: &Input) -> Result<Verdict, Error>
where
    P: Store + Clock + Notifier,
{
    let because = |canary: &Canary| {
        let (code, text) = match &input.failure {
            Some(failure) => ("stepFailed", failure.words()),
            None if canary.entered.is_empty() => {
                ("stepFailed", "it was ended before it had begun".to_owned())
            }
            None => ("stepFailed", "it was ended before it was judged".to_owned()),
        };
        Because { code: code.to_owned(), text, by: SYSTEM.to_owned(), tenant: None }
    };
    let canary = of(ports, input).await?;
    let canary = finish(ports, canary, because).await?;
    announce(ports, canary).await
}

/// Rolls the canary back now, whatever the judge thinks of it, and gives word. One that has ended stays as it is.
pub async fn roll_back<P>(ports: &P, canary: Canary, because: Because) -> Result<Canary, Error>
where
    P: Store + Clock + Notifier,
{
    let asked = |_: &Canary| because.clone();
    // What somebody asks for goes before what the judge has found and nobody has carried out yet.
    let canary = finish(ports, Canary { outcome: None, ..canary }, asked).await?;
    announce(ports, canary.clone()).await?;
    Ok(canary)
}

/// Writes the end: routing and canary, all or nothing.
pub(crate) async fn finish(
    ports: &(impl Store + Clock),
    mut canary: Canary,
    because: impl Fn(&Canary) -> Because,
) -> Result<Canary, Error> {
    let forced = canary.outcome.is_none();
    let mut attempt = 0;
    loop {
        if canary.ended() {
            return Ok(canary);
        }
        match try_finish(ports, &mut canary, &because).await {
            Ok(()) => return Ok(canary),
            Err(error) if is_passing(&error) && attempt < ATTEMPTS => {
                attempt += 1;
                let found = iops_records::canary(ports, canary.id()).await?;
                canary = found.ok_or_else(|| Error::NoSuchCanary(canary.entry.clone()))?;
                if forced && !canary.ended() {
                    canary.outcome = None;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn try_finish(
    ports: &(impl Store + Clock),
    canary: &mut Canary,
    because: impl Fn(&Canary) -> Because,
) -> Result<(), RecordError> {
    let now = ports.wall();
    let outcome = match canary.outcome.take() {
        Some(outcome) => outcome,
        None => Outcome { promote: false, because: because(canary) },
    };
    let mut ended = canary.clone();
    ended.status = if outcome.promote { CanaryStatus::Promoted } else { CanaryStatus::RolledBack };
    ended.ended_at = Some(now);
    ended.next = None;
    let mut transaction = Transaction::new();
    let mut routing = iops_records::routing(ports).await?;
    if routing.canary_id.as_deref() == Some(canary.id()) {
        let before = routing.before.take().unwrap_or_default();
        routing.share = if outcome.promote { Share { percent: 100, ..routing.share } } else { before };
        routing.holdback = false;
        routing.canary_id = None;
        routing.since = now;
        routing.by.clone_from(&outcome.because.by);
        routing.tenant.clone_from(&outcome.because.tenant);
        routing.reason.clone_from(&outcome.because.text);
        transaction.put(&mut routing);
    }
    ended.outcome = Some(outcome);
    transaction.put(&mut ended);
    transaction.commit(ports).await?;
    *canary = ended;
    Ok(())
}

/// Gives word of the end, once: at least once where nobody knows whether it was given.
pub(crate) async fn announce<P>(ports: &P, mut canary: Canary) -> Result<Verdict, Error>
where
    P: Store + Notifier,
{
    let promoted = canary.status == CanaryStatus::Promoted;
    let verdict = if promoted { Verdict::Promoted } else { Verdict::RolledBack };
    if canary.announced {
        return Ok(verdict);
    }
    ports.notify(&notice(&canary, promoted)).await?;
    canary.announced = true;
    let mut transaction = Transaction::new();
    transaction.put(&mut canary);
    match transaction.commit(ports).await {
        // Somebody else gave word at the same time.
        Ok(()) | Err(RecordError::Stale { .. }) => Ok(verdict),
        Err(error) => Err(error.into()),
    }
}

fn notice(canary: &Canary, promoted: bool) -> Notice {
    let (kind, word) = if promoted {
        (NoticeKind::CanaryPromoted, "promoted")
    } else {
        (NoticeKind::CanaryRolledBack, "rolled back")
    };
    let because = canary.outcome.as_ref().map(|outcome| &outcome.because);
    let (code, text) = because.map_or(("", ""), |because| (&because.code, &because.text));
    let subject: String = format!("Canary of {} {word}: {code}", canary.model).chars().take(100).collect();
    let by = because.map_or(SYSTEM, |because| because.by.as_str());
    let (id, endpoint) = (canary.id(), &canary.endpoint);
    let next = if promoted {
        "The model answers for all hosts. Back to the built-in one: PUT /traffic {\"percent\":0,\"reason\":\"…\"}"
    } else {
        "Hosts are routed as they were before it. Nothing else is left of it."
    };
    let body = format!(
        "{text}\n\nModel {} ({}) behind {endpoint}, ended by {by}.\n{next}\n\nThe numbers: GET /canary/{id}\nWhat was measured: GET /canary/{id}/measurements",
        canary.model, canary.model_version
    );
    Notice { kind, tenant_id: None, subject, body }
}
