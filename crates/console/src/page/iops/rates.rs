//! Both arms of a canary over time, with the bounds of what is known of them, from what was measured.

use super::super::View;
use super::feed;
use crate::series::{Line, Picture, Point, amount, svg};
use judge::{ArmRates, Rates, Rollout};
use maud::{Markup, html};
use serde_json::Value;

/// Points of a line, at most.
const MOST: usize = 90;

/// The pictures; a word in their place, where there is nothing to draw.
pub(super) fn pictures(view: &View<'_>, measurements: &Value) -> Markup {
    let rollout: Result<Rollout, _> = serde_json::from_value(measurements.clone());
    let (Ok(rollout), true) = (rollout, measurements.is_object()) else {
        return html! { p { "Its measurements can't be drawn." } };
    };
    let rates = rollout.rates(MOST);
    let (Some(from), Some(last)) = (rollout.entered.first(), rates.last()) else {
        return html! { p { "Nothing is measured yet: the first numbers come ten seconds after the first stage begins, if hosts report." }
        (feed(view, "--hosts 200 --rate 200 --seconds 0")) };
    };
    let stages = rollout.entered.iter().zip(&rollout.settings.stages);
    let turns: Vec<(u64, String)> = stages.map(|(at, stage)| (*at, format!("{} %", stage.percent))).collect();
    let picture = |name: &str, unit: &str, of: fn(&ArmRates) -> Known| {
        let [canary, baseline] = [of(&last.canary), of(&last.baseline)].map(|known| known.words(unit));
        let label = format!("{name}: canary {canary}; baseline {baseline}");
        let lines = vec![
            line("baseline", *from, &rates, |rates| of(&rates.baseline)),
            line("canary", *from, &rates, |rates| of(&rates.canary)),
        ];
        let drawn = Picture {
            label: &label,
            from: *from,
            until: last.until,
            lines,
            turns: turns.clone(),
            ..Picture::default()
        };
        html! {
            section .card {
                h3 { (name) }
                (svg(&drawn))
                p .quiet { "Canary (solid) " strong { (canary) } br; "Baseline (dashed) " strong { (baseline) } }
            }
        }
    };
    html! {
        div .pictures {
            (picture("Error rate", "%", errors))
            (picture("95th percentile of latency", "ms", slowest))
        }
        p .quiet { "Since the first stage began. Areas: where the true values are with 95 % certainty, at all times together." }
    }
}

/// What is known of a value.
#[derive(Clone, Copy)]
struct Known {
    value: Option<f64>,
    low: f64,
    high: Option<f64>,
}

impl Known {
    fn words(self, unit: &str) -> String {
        let Some(value) = self.value else { return "not measured yet".to_owned() };
        let value = amount(value);
        match self.high {
            Some(high) => format!("{value} {unit} (surely {} to {})", amount(self.low), amount(high)),
            None => format!("{value} {unit} (surely above {})", amount(self.low)),
        }
    }
}

fn errors(arm: &ArmRates) -> Known {
    let percent = |share: f64| share * 100.0;
    let of = arm.errors;
    Known { value: of.share.map(percent), low: percent(of.low), high: Some(percent(of.high)) }
}

fn slowest(arm: &ArmRates) -> Known {
    Known { value: arm.slowest.value, low: arm.slowest.low, high: arm.slowest.high }
}

fn line<'a>(class: &'a str, from: u64, rates: &[Rates], of: impl Fn(&Rates) -> Known) -> Line<'a> {
    let point = |rates: &Rates| {
        let known = of(rates);
        // Before the first answer nothing is known.
        let band = known.value.map(|_| (known.low, known.high.unwrap_or(f64::INFINITY)));
        Point { at: rates.until.max(from), value: known.value.unwrap_or(f64::NAN), band }
    };
    Line { class, points: rates.iter().map(point).collect() }
}
