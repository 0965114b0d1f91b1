//! Confidence sequences for a share: intervals that hold at all times together.
//!
//! Robbins' mixture: the likelihood averaged over a Beta(1/2, 1/2) prior, divided by the likelihood at p, is a
//! nonnegative martingale if p is the share; so the p for which it is below 1/α hold the share at all times with
//! probability 1 − α (Robbins 1970; Howard and others 2021). For people to read: no verdict is made
//! of it.

use crate::number::number;

/// ln Γ(x) for x > 0: Stirling's series after raising x to at least 8, exact to about 1e-12.
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 8.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let (one, square) = (1.0 / x, 1.0 / (x * x));
    let series = one * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    shift + (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// Between what the share lies, at all times with probability 1 − `alpha`, after `hits` among `samples`.
pub(crate) fn share(hits: u64, samples: u64, alpha: f64) -> (f64, f64) {
    if samples == 0 {
        return (0.0, 1.0);
    }
    let (hits, misses) = (number(hits), number(samples.saturating_sub(hits)));
    let mixture = ln_beta(hits + 0.5, misses + 0.5) - ln_beta(0.5, 0.5);
    let limit = -alpha.ln();
    let log = |count: f64, p: f64| if count > 0.0 { count * p.ln() } else { 0.0 };
    let out = |p: f64| mixture - log(hits, p) - log(misses, 1.0 - p) > limit;
    let middle = hits / (hits + misses);
    // The set of p that are in is an interval around the observed share.
    let edge = |mut outside: f64, mut inside: f64| {
        if !out(outside) {
            return outside;
        }
        for _ in 0..60 {
            let half = f64::midpoint(outside, inside);
            if out(half) { outside = half } else { inside = half }
        }
        inside
    };
    (edge(0.0, middle), edge(1.0, middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_of_gamma_is_right() {
        let mut factorial = 0.0;
        for n in 1..40_u32 {
            assert!((ln_gamma(f64::from(n)) - factorial).abs() < 1e-9, "{n}");
            factorial += f64::from(n).ln();
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-9);
    }

    #[test]
    fn a_share_lies_between_its_bounds() {
        for (hits, samples) in [(0, 1), (1, 1), (0, 1000), (10, 1000), (500, 1000), (1000, 1000)] {
            let (low, high) = share(hits, samples, 0.05);
            let seen = number(hits) / number(samples);
            assert!(low <= seen && seen <= high && low < high, "{hits} of {samples}: {low} to {high}");
        }
        let (low, high) = share(100, 10_000, 0.05);
        assert!(low > 0.006 && high < 0.015, "{low} to {high}");
        assert_eq!(share(0, 0, 0.05), (0.0, 1.0));
    }
}
