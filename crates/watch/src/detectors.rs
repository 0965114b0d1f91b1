//! The detectors of one host. The only place that knows of the crate `detector`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use capstan_core::iops::{Metric, Seen, Series};
use detector::Detector;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The detectors of one host, one a series.
#[derive(Debug, Clone, Default)]
pub struct Watch(BTreeMap<Series, Detector>);

/// The states as they are kept.
#[derive(Serialize, Deserialize)]
struct Kept(BTreeMap<String, String>);

impl Watch {
    /// Takes in a sample, and says how odd each of its series is.
    pub fn observe(&mut self, metric: &Metric) -> Vec<Seen> {
        let at = i64::try_from(metric.at).unwrap_or(i64::MAX);
        let seen = metric.readings().filter_map(|(series, value)| {
            let reading = self.0.entry(series).or_default().observe(at, value).ok()?;
            let since = reading.since.and_then(|since| u64::try_from(since).ok()).unwrap_or(metric.at);
            Some(Seen {
                series,
                value,
                expected: reading.expected,
                since,
                lasting: reading.lasting,
                rarity: reading.rarest,
            })
        });
        seen.collect()
    }

    /// The states, as text.
    pub fn to_text(&self) -> String {
        let state = |(series, detector): (&Series, &Detector)| {
            (series.name().to_owned(), STANDARD_NO_PAD.encode(detector.to_bytes()))
        };
        // Text by text: it always has a JSON form.
        serde_json::to_string(&Kept(self.0.iter().map(state).collect())).unwrap_or_default()
    }

    /// States that were kept. One of another form, which an earlier version has written, begins anew.
    pub fn of_text(text: &str) -> Self {
        let Ok(Kept(states)) = serde_json::from_str(text) else { return Self::default() };
        let state = |(name, text): (String, String)| {
            let bytes = STANDARD_NO_PAD.decode(text).ok()?;
            Some((Series::of(&name)?, Detector::from_bytes(&bytes).ok()?))
        };
        Self(states.into_iter().filter_map(state).collect())
    }
}
