//! The analysis of one host's samples.

use crate::event::Samples;
use crate::memory::Memory;
use crate::watch::Watch;
use crate::{Ports, SNAPSHOT_EVERY};
use capstan_core::iops::{
    Assessment, Hostname, Insight, InsightId, InsightType, JOINED_WITHIN, Metric, Severity, assess,
};
use capstan_core::ports::{Notice, NoticeKind, Store};
use iops_records::{Head, Open, Pending, RecordError, Snapshot, Span, Transaction, is_passing};
use std::collections::BTreeMap;
use tier_steps::StepError;

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
    host: &Hostname,
    samples: &Samples,
) -> Result<(), StepError> {
    let mut left: &[Metric] = &samples.metrics;
    let mut attempt = 0;
    while !left.is_empty() {
        match part(ports, memory, host, left).await {
            Ok(done) => left = &left[done..],
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
    host: &Hostname,
    samples: &[Metric],
) -> Result<usize, Trouble> {
    let head = iops_records::head(ports, host).await?;
    let mut head = head.unwrap_or_else(|| Head::new(host));
    let told = tell(ports, &mut head).await?;
    let mut watch = match memory.take(host, head.position) {
        Some(watch) => watch,
        None => replay(ports, host, &head).await?,
    };
    let mut work = Work { touched: BTreeMap::new(), changed: told };
    let mut done = 0;
    for metric in samples {
        if work.touched.len() >= MOST_TOUCHED {
            break;
        }
        work.sample(ports, host, &mut head, &mut watch, metric).await?;
        done += 1;
    }
    if work.changed {
        work.commit(ports, &mut head, &watch).await?;
    }
    memory.put(host, head.position, watch);
    if tell(ports, &mut head).await? {
        let mut transaction = Transaction::new();
        transaction.put(&mut head);
        transaction.commit(ports).await?;
    }
    Ok(done)
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
struct Work {
    /// Insights that are new or joined, with their type as it is stored; `None`: it is not.
    touched: BTreeMap<InsightId, (Insight, Option<InsightType>)>,
    /// Whether there is anything to write.
    changed: bool,
}

impl Work {
    async fn sample(
        &mut self,
        store: &impl Store,
        host: &Hostname,
        head: &mut Head,
        watch: &mut Watch,
        metric: &Metric,
    ) -> Result<(), RecordError> {
        if metric.at <= head.position {
            return self.late(store, host, head, metric).await;
        }
        let seen = watch.observe(metric);
        head.advance(metric.at);
        self.changed = true;
        let found = assess(metric, &seen);
        if InsightType::of(found.score).is_some() {
            self.found(store, host, head, metric.at, &found).await?;
        }
        Ok(())
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
                insight.join(at, found);
                (insight, stored, alerted)
            }
            None => match Insight::begun(host, at, found) {
                Some(insight) => (insight, None, false),
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

    /// Writes it all, or nothing: insights, how many there are, the detectors' states where it is time, the head. Others
    /// count insights of other hosts in the same rows; who was second counts once more, and nothing else is done again.
    async fn commit(self, store: &impl Store, head: &mut Head, watch: &Watch) -> Result<(), RecordError> {
        let mut attempt = 0;
        loop {
            let mut next = head.clone();
            match self.try_commit(store, &mut next, watch).await {
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

    async fn try_commit(
        &self,
        store: &impl Store,
        head: &mut Head,
        watch: &Watch,
    ) -> Result<(), RecordError> {
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
            transaction.put_always(&Snapshot::of(head, watch.to_text()));
        }
        transaction.put(head);
        transaction.commit(store).await
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
