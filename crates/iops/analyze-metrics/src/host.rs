//! The analysis of one host's samples.

use crate::ask::{MOST_ASKED, ask, is_fresh, window_before};
use crate::event::Samples;
use crate::measure::Request;
use crate::memory::{Memory, Mind};
use crate::{Ports, SNAPSHOT_EVERY};
use capstan_core::iops::{
    Assessment, Hostname, Insight, InsightId, InsightType, JOINED_WITHIN, Metric, ScoredBy, Seen, Severity,
    assess,
};
use capstan_core::ports::{Notice, NoticeKind, Store};
use capstan_core::time::Timestamp;
use iops_records::{
    Head, Listed, Open, Pending, RecordError, Routing, Snapshot, Span, Transaction, is_passing,
};
use std::collections::BTreeMap;
use tier_steps::StepError;
use watch::Watch;

/// How often a host is begun again when somebody else was first, or nobody knows whether a write happened.
const ATTEMPTS: usize = 6;
/// The most insights of one transaction: each may be three writes of the hundred.
const MOST_TOUCHED: usize = 24;
/// How often insights are counted again because somebody else has counted some.
const MOST_COUNTS: usize = 100;
/// Metrics read at once for a replay.
const PAGE: usize = 500;

/// Analyses the samples. After an `Err` the same samples come again; those that count already do nothing then.
pub(crate) async fn analyze(
    ports: &impl Ports,
    memory: &Memory,
    routing: &Routing,
    host: &Hostname,
    samples: &Samples,
    counted: &mut Option<Request>,
) -> Result<(), StepError> {
    let mut left: &[Metric] = &samples.metrics;
    let mut attempt = 0;
    while !left.is_empty() {
        match part(ports, memory, routing, host, left).await {
            Ok((done, request)) => {
                left = &left[done..];
                join(counted, request);
            }
            Err(Trouble::Record(error)) if is_passing(&error) && attempt < ATTEMPTS => attempt += 1,
            Err(Trouble::Record(error)) => return Err(error.into()),
            Err(Trouble::Step(error)) => return Err(error),
        }
    }
    Ok(())
}

enum Trouble {
    Record(RecordError),
    Step(StepError),
}

impl From<RecordError> for Trouble {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

/// Analyses as many samples as one transaction holds; how many that were.
async fn part(
    ports: &impl Ports,
    memory: &Memory,
    routing: &Routing,
    host: &Hostname,
    samples: &[Metric],
) -> Result<(usize, Option<Request>), Trouble> {
    let head = iops_records::head(ports, host).await?;
    let mut head = head.unwrap_or_else(|| Head::new(host));
    let before = head.position;
    let told = tell(ports, &mut head).await?;
    let mut mind = match memory.take(host, head.position) {
        Some(mind) => mind,
        None => replay(ports, host, &head).await?.into(),
    };
    let mut work = Work { touched: BTreeMap::new(), changed: told, routing, counted: None };
    work.prepare(ports, host, samples, &mut mind).await?;
    let mut done = 0;
    for (index, metric) in samples.iter().enumerate() {
        if work.touched.len() >= MOST_TOUCHED {
            break;
        }
        let among_the_last = index + MOST_ASKED >= samples.len();
        work.sample(ports, host, &mut head, &mut mind, metric, among_the_last).await?;
        done += 1;
    }
    let counted = work.counted;
    if work.changed {
        work.commit(ports, &mut head).await?;
        if head.snapshot == head.samples {
            keep(ports, &head, &mind.watch).await;
        }
        list(ports, host, before, &head).await;
    }
    memory.put(host, head.position, mind);
    if tell(ports, &mut head).await? {
        let mut transaction = Transaction::new();
        transaction.put(&mut head);
        transaction.commit_cheaply(ports).await?;
    }
    Ok((done, counted))
}

/// Stores the detectors' states, after the head: what is in them is counted, and where the snapshot is lost, more is replayed
/// from the one before. In one transaction with the head it would cost twice as much.
async fn keep(store: &impl Store, head: &Head, watch: &Watch) {
    let mut transaction = Transaction::new();
    transaction.put_always(&Snapshot::of(head, watch.to_text()));
    if let Err(error) = transaction.commit_cheaply(store).await {
        tracing::warn!(host = %head.subject, "A snapshot is left out: {error}");
    }
}

/// Lists the host, if that is due. A row that is lost is written again some minutes later.
async fn list(store: &impl Store, host: &Hostname, before: u64, head: &Head) {
    let Some(row) = Listed::due(host, before, head) else { return };
    let mut transaction = Transaction::new();
    transaction.put_always(&row);
    if let Err(error) = transaction.commit_cheaply(store).await {
        tracing::warn!(host = %host, "A host is not listed: {error}");
    }
}

fn join(all: &mut Option<Request>, one: Option<Request>) {
    match (all, one) {
        (Some(all), Some(one)) => all.join(&one),
        (all @ None, one) => *all = one,
        (Some(_), None) => {}
    }
}

/// Gives people the word that is pending. What is not given stays pending in the store.
async fn tell(ports: &impl Ports, head: &mut Head) -> Result<bool, Trouble> {
    let pending = std::mem::take(&mut head.pending);
    for Pending { subject, body, .. } in &pending {
        let (subject, body) = (subject.clone(), body.clone());
        let notice = Notice { kind: NoticeKind::CriticalInsight, tenant_id: None, subject, body };
        ports.notify(&notice).await.map_err(|error| Trouble::Step(StepError::of_cloud(error)))?;
    }
    Ok(!pending.is_empty())
}

/// The detectors as they were at the head: the snapshot, and what was stored since.
async fn replay(store: &impl Store, host: &Hostname, head: &Head) -> Result<Watch, RecordError> {
    if head.samples == 0 {
        return Ok(Watch::default());
    }
    let snapshot = iops_records::snapshot(store, host).await?;
    let (mut watch, mut after) = match &snapshot {
        Some(snapshot) => (Watch::of_text(&snapshot.state), snapshot.position),
        None => (Watch::default(), head.first.saturating_sub(1)),
    };
    loop {
        let (metrics, next) =
            iops_records::metrics_of(store, host.as_str(), Some(after), false, PAGE).await?;
        for metric in metrics.iter().filter(|metric| metric.at <= head.position) {
            watch.observe(metric);
        }
        match next {
            Some(next) if next < head.position => after = next,
            _ => return Ok(watch),
        }
    }
}

/// What is to be written of one host.
struct Work<'a> {
    /// Insights that are new or joined, with their type as it is stored; `None`: it is not.
    touched: BTreeMap<InsightId, (Insight, Option<InsightType>)>,
    /// Whether there is anything to write.
    changed: bool,
    /// Which model answers.
    routing: &'a Routing,
    /// What was counted of the host.
    counted: Option<Request>,
}

impl Work<'_> {
    /// Sees to it that there is a window, if a model may be asked, and none otherwise.
    async fn prepare(
        &self,
        store: &impl Store,
        host: &Hostname,
        samples: &[Metric],
        mind: &mut Mind,
    ) -> Result<(), RecordError> {
        if self.routing.of(host).1.is_none() {
            mind.window = None;
        } else if mind.window.is_none()
            && let Some(first) = samples.iter().map(|metric| metric.at).min()
        {
            mind.window = Some(window_before(store, host, first).await?);
        }
        Ok(())
    }

    async fn sample(
        &mut self,
        ports: &impl Ports,
        host: &Hostname,
        head: &mut Head,
        mind: &mut Mind,
        metric: &Metric,
        among_the_last: bool,
    ) -> Result<(), RecordError> {
        if metric.at <= head.position {
            return self.late(ports, host, head, metric).await;
        }
        let began = ports.wall();
        let seen = mind.watch.observe(metric);
        head.advance(metric.at);
        self.changed = true;
        let built_in = assess(metric, &seen);
        if let Some(window) = &mut mind.window {
            window.push(metric);
        }
        let now = among_the_last && is_fresh(metric, began);
        let (found, by) = if now {
            self.of_now(ports, host, head, mind, (metric.at, began), (built_in, &seen)).await
        } else {
            (built_in, ScoredBy::BuiltIn { failure: None })
        };
        if InsightType::of(found.score).is_some() {
            self.found(ports, host, head, metric.at, &found, &by).await?;
        }
        Ok(())
    }

    /// Has the model that the routing says answer about a sample of now, and counts it.
    async fn of_now(
        &mut self,
        ports: &impl Ports,
        host: &Hostname,
        head: &Head,
        mind: &mut Mind,
        (at, began): (u64, Timestamp),
        (built_in, seen): (Assessment, &[Seen]),
    ) -> (Assessment, ScoredBy) {
        let (group, endpoint) = self.routing.of(host);
        let variant = self.routing.variant_of(group);
        // Who has failed once is not asked again in this run: the next ones would wait for it too.
        let failed = self.counted.is_some_and(|counted| counted.failed);
        let last_alert = head.recent.last().map(|span| span.last);
        let (found, by, millis, disagreed) = match (endpoint, &mut mind.window) {
            (Some(_), Some(_)) if failed => {
                let failure = Some("the model failed a moment ago".to_owned());
                return (built_in, ScoredBy::BuiltIn { failure });
            }
            (Some(endpoint), Some(window)) => {
                let asked =
                    ask(ports, self.routing, (endpoint, variant), (window, last_alert), (built_in, seen))
                        .await;
                (asked.found, asked.by, asked.millis, asked.disagreed)
            }
            _ => {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds of one sample")]
                let millis = ports.wall().since(began).0 as f64;
                (built_in, ScoredBy::BuiltIn { failure: None }, millis, None)
            }
        };
        let failed = matches!(by, ScoredBy::BuiltIn { failure: Some(_) });
        let request =
            Request { group, canary: endpoint.is_some(), variant, failed, millis, disagreed, first: at };
        join(&mut self.counted, Some(request));
        (found, by)
    }

    /// A sample that is not after the last one: either it has been counted, or it comes late. A detector can't go back, so
    /// only the thresholds are asked; and what was found around that time covers it, so that a repeated sample does nothing.
    async fn late(
        &mut self,
        store: &impl Store,
        host: &Hostname,
        head: &mut Head,
        metric: &Metric,
    ) -> Result<(), RecordError> {
        let covered =
            |span: &Span| metric.at + JOINED_WITHIN >= span.first && metric.at <= span.last + JOINED_WITHIN;
        if head.recent.iter().any(covered) {
            return Ok(());
        }
        let Some(insight) = Insight::begun(host, metric.at, &assess(metric, &[])) else { return Ok(()) };
        // From longer ago than the head remembers.
        if iops_records::insight(store, insight.insight_id).await?.is_some() {
            return Ok(());
        }
        head.remember(Span { first: metric.at, last: metric.at });
        if insight.severity == Severity::Critical {
            head.pending.push(pending(&insight));
        }
        self.touched.insert(insight.insight_id, (insight, None));
        self.changed = true;
        Ok(())
    }

    async fn found(
        &mut self,
        store: &impl Store,
        host: &Hostname,
        head: &mut Head,
        at: u64,
        found: &Assessment,
        by: &ScoredBy,
    ) -> Result<(), RecordError> {
        let mut joined = None;
        if let Some(open) = head.open.take().filter(|open| at <= open.last_seen + JOINED_WITHIN) {
            joined = self
                .insight(store, open.insight_id)
                .await?
                .map(|(insight, stored)| (insight, stored, open.alerted));
        }
        let (mut insight, stored, alerted) = match joined {
            Some((mut insight, stored, alerted)) => {
                let worse = found.score > insight.risk_score;
                insight.join(at, found);
                if worse {
                    insight.scored_by(by);
                }
                (insight, stored, alerted)
            }
            None => match Insight::begun(host, at, found) {
                Some(mut insight) => {
                    insight.scored_by(by);
                    (insight, None, false)
                }
                None => return Ok(()),
            },
        };
        insight.last_seen = insight.last_seen.max(at);
        let critical = insight.severity == Severity::Critical;
        if critical && !alerted {
            head.pending.push(pending(&insight));
        }
        head.remember(Span { first: insight.timestamp, last: at });
        head.open =
            Some(Open { insight_id: insight.insight_id, last_seen: at, alerted: alerted || critical });
        self.touched.insert(insight.insight_id, (insight, stored));
        Ok(())
    }

    async fn insight(
        &mut self,
        store: &impl Store,
        id: InsightId,
    ) -> Result<Option<(Insight, Option<InsightType>)>, RecordError> {
        if let Some(touched) = self.touched.remove(&id) {
            return Ok(Some(touched));
        }
        let stored = iops_records::insight(store, id).await?;
        Ok(stored.map(|insight| {
            let kind = insight.kind;
            (insight, Some(kind))
        }))
    }

    /// Writes it all, or nothing: insights, how many there are, the head. Others count insights of other hosts in the same rows; who was second counts once more, and nothing else is done again.
    async fn commit(self, store: &impl Store, head: &mut Head) -> Result<(), RecordError> {
        let mut attempt = 0;
        loop {
            let mut next = head.clone();
            match self.try_commit(store, &mut next).await {
                Ok(()) => {
                    *head = next;
                    return Ok(());
                }
                Err(RecordError::Stale { key, .. })
                    if key.starts_with("counts#") && attempt < MOST_COUNTS =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_commit(&self, store: &impl Store, head: &mut Head) -> Result<(), RecordError> {
        let mut transaction = Transaction::new();
        let mut counts = BTreeMap::new();
        for (id, (insight, stored)) in &self.touched {
            if *stored != Some(insight.kind) {
                let bucket = id.bucket();
                if !counts.contains_key(&bucket) {
                    counts.insert(bucket.clone(), iops_records::counts(store, *id).await?);
                }
                if let Some(counts) = counts.get_mut(&bucket) {
                    counts.moved(*stored, insight.kind);
                }
            }
            transaction.put(&mut insight.clone());
        }
        for counts in counts.values_mut() {
            transaction.put(counts);
        }
        if head.samples >= head.snapshot + SNAPSHOT_EVERY {
            head.snapshot = head.samples;
        }
        transaction.put(head);
        transaction.commit_cheaply(store).await
    }
}

/// The word that people are given of an insight.
fn pending(insight: &Insight) -> Pending {
    let Insight { insight_id, hostname, risk_score, message, .. } = insight;
    let subject: String = format!("[critical] {hostname}: score {risk_score}").chars().take(100).collect();
    let advice = insight.recommendations.join("\n- ");
    let body = format!(
        "{message}\n\nWhat to do:\n- {advice}\n\nInsight {insight_id}: GET /insights/{insight_id}\nWho sees to it: POST /insights/{insight_id}/acknowledge"
    );
    Pending { insight_id: *insight_id, subject, body }
}
