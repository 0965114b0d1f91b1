//! Timestamps: the RFC 3339 profile of the States Language (upper-case `T` and `Z`), to and from numbers.
//!
//! A calendar library would bring time zones and a clock with it; all that is needed is the proleptic Gregorian
//! calendar, which is thirty lines.

/// Milliseconds since the epoch, as the driver counts them.
pub type Millis = i64;

const DAY: i64 = 86_400;

/// Nanoseconds since the epoch, or `None` when the text is no timestamp.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() || bytes[10] != b'T' {
        return None;
    }
    if bytes[4] != b'-' || bytes[7] != b'-' || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    let (year, month, day) = (digits(&bytes[0..4])?, digits(&bytes[5..7])?, digits(&bytes[8..10])?);
    let (hour, minute, second) = (digits(&bytes[11..13])?, digits(&bytes[14..16])?, digits(&bytes[17..19])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (nanos, zone) = fraction(&bytes[19..])?;
    let offset = offset(zone)?;
    let seconds = days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

/// As [`parse`], in whole milliseconds, rounded up so that a wait never ends early.
pub(crate) fn parse_millis(text: &str) -> Option<Millis> {
    let nanos = parse(text)?;
    let whole = nanos.div_euclid(1_000_000) + i128::from(nanos.rem_euclid(1_000_000) != 0);
    Millis::try_from(whole).ok()
}

/// `2016-03-14T01:59:00.000Z`.
pub(crate) fn format(at: Millis) -> String {
    let seconds = at.div_euclid(1000);
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let of_day = seconds.rem_euclid(DAY);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60,
        at.rem_euclid(1000)
    )
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

/// The nanoseconds after the seconds, and what follows them.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    if rest.first() != Some(&b'.') {
        return Some((0, rest));
    }
    let count = rest[1..].iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let kept = count.min(9);
    let mut nanos = digits(&rest[1..=kept])?;
    for _ in kept..9 {
        nanos *= 10;
    }
    Some((nanos, &rest[1 + count..]))
}

fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, counting years from March so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        assert_eq!(parse_millis("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_millis("2016-03-14T01:59:00Z"), Some(1_457_920_740_000));
        assert_eq!(parse_millis("2016-03-14T03:59:00+02:00"), Some(1_457_920_740_000));
        assert_eq!(parse_millis("2016-03-14T01:59:00.5Z"), Some(1_457_920_740_500));
        assert_eq!(parse_millis("2016-03-14T01:59:00.0001Z"), Some(1_457_920_740_001));
        assert_eq!(parse_millis("1969-12-31T23:59:59Z"), Some(-1000));
    }

    #[test]
    fn what_is_no_timestamp() {
        for text in [
            "",
            "2016-03-14",
            "2016-03-14t01:59:00Z",
            "2016-03-14T01:59:00z",
            "2016-03-14 01:59:00Z",
            "2016-13-14T01:59:00Z",
            "2015-02-29T01:59:00Z",
            "2016-03-14T25:59:00Z",
            "2016-03-14T01:59:00",
            "2016-03-14T01:59:00.Z",
            "2016-03-14T01:59:00+2:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn format_is_the_inverse_of_parse() {
        for at in [0, 1, 951_782_400_000, 1_457_920_740_123, -1, 4_102_444_800_000] {
            assert_eq!(parse_millis(&format(at)), Some(at), "{}", format(at));
        }
        assert_eq!(format(1_457_920_740_000), "2016-03-14T01:59:00.000Z");
    }
}
