//! What holds for any samples at all.

use detector::{BytesError, Detector, NotFinite};
use proptest::prelude::*;

/// Any number, and often one of a few, so that patterns repeat.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        -1e3..1e3,
        Just(0.0),
        Just(45.0),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        Just(f64::NAN),
        Just(f64::INFINITY),
    ]
}

fn sample() -> impl Strategy<Value = (i64, f64)> {
    (prop_oneof![any::<i64>(), 0..10_000_000_i64], value())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_samples_give_readings_within_bounds(samples in prop::collection::vec(sample(), 0..600)) {
        let mut detector = Detector::new();
        for (time, value) in samples {
            let before = detector.clone();
            let observed = detector.observe(time, value);
            prop_assert_eq!(observed.is_ok(), value.is_finite());
            if let Ok(reading) = observed {
                prop_assert!((0.0..=1.0).contains(&reading.score), "{:?}", reading);
                prop_assert!(reading.expected.0 <= reading.expected.1, "{:?}", reading);
                prop_assert!((1.0..=1e12).contains(&reading.one_in), "{:?}", reading);
            } else {
                prop_assert_eq!(observed, Err(NotFinite));
                prop_assert_eq!(&detector, &before);
            }
            prop_assert!(detector.to_bytes().len() <= Detector::MOST_BYTES);
        }
    }

    #[test]
    fn a_restored_state_goes_on_exactly_as_before(
        samples in prop::collection::vec((0..10_000_000_i64, -1e6..1e6_f64), 2..900),
        every in 1..50_usize,
    ) {
        let (mut whole, mut cut) = (Detector::new(), Detector::new());
        for (at, (time, value)) in samples.into_iter().enumerate() {
            if at % every == 0 {
                let bytes = cut.to_bytes();
                cut = Detector::from_bytes(&bytes).expect("its own bytes");
                prop_assert_eq!(&cut.to_bytes(), &bytes);
            }
            prop_assert_eq!(cut.observe(time, value), whole.observe(time, value));
            prop_assert_eq!(&cut, &whole);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_and_what_is_read_goes_on(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        samples in prop::collection::vec(sample(), 0..200),
    ) {
        prop_assert!(Detector::from_bytes(&bytes).is_err());
        let mut detector = Detector::new();
        for (time, value) in &samples {
            let _refused = detector.observe(*time, *value);
        }
        let mut bytes = detector.to_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(mut read) = Detector::from_bytes(&bytes) {
            for (time, value) in samples {
                if let Ok(reading) = read.observe(time, value) {
                    prop_assert!((0.0..=1.0).contains(&reading.score), "{:?}", reading);
                }
            }
        }
    }
}

#[test]
fn bytes_that_are_no_state_are_refused_by_name() {
    let mut bytes = Detector::new().to_bytes();
    assert_eq!(Detector::from_bytes(&[]), Err(BytesError::Length));
    assert_eq!(Detector::from_bytes(&bytes[1..20]).map_err(|_| ()), Err(()));
    bytes.push(0);
    assert_eq!(Detector::from_bytes(&bytes), Err(BytesError::Length));
    bytes[0] = 9;
    assert_eq!(Detector::from_bytes(&bytes), Err(BytesError::Version { found: 9, reads: 2 }));
}

#[test]
fn a_full_state_keeps_within_its_bound() {
    let mut detector = Detector::new();
    let mut most = 0;
    for at in 0_u32..20_000 {
        // All over the place, so that every memory fills.
        let value = f64::from(at.wrapping_mul(2_654_435_761) % 100_003) * f64::from(1 + at % 97);
        detector.observe(i64::from(at) * 300, value).expect("a finite value");
        most = most.max(detector.to_bytes().len());
    }
    assert!((3000..=Detector::MOST_BYTES).contains(&most), "{most}");
}
