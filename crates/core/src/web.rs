//! Text of the web: URLs and what forms send.

use std::collections::BTreeMap;

/// The names of the machine itself. Nothing listens on IPv6 here, so `[::1]` is none.
pub const LOOPBACK: [&str; 2] = ["127.0.0.1", "localhost"];

/// Whether an authority (`host` or `host:port`) is the machine itself: what goes there goes over no line.
pub fn is_loopback(authority: &str) -> bool {
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    LOOPBACK.contains(&host) && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// The authority of an absolute URL: what stands between `://` and the path; nothing without a scheme.
pub fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Percent-encodes all but letters, digits and `-._~` (RFC 3986 §2.3).
pub fn encode(text: &str) -> String {
    let mut coded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            coded.push(char::from(byte));
        } else {
            coded.push_str(&format!("%{byte:02X}"));
        }
    }
    coded
}

/// Undoes percent-encoding; in a query and in a form `+` is a space too. What is no UTF-8 then is replaced by `U+FFFD`; a
/// `%` without two digits after it stays.
pub fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let coded = match (first, tail) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        rest = tail;
        if let Some((high, low)) = coded {
            bytes.push(high * 16 + low);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(if *first == b'+' && plus_is_space { b' ' } else { *first });
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The fields of a form or of a query: `a=1&b=2`. Of several with one name it is the last.
pub fn fields(text: &str) -> BTreeMap<String, String> {
    pairs(text).collect()
}

/// The same in their order, with all of one name.
pub fn pairs(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name, true), decode(value, true))
    })
}

/// A path with those parameters that have a value.
pub fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_coded_is_decoded_to_the_same() {
        for text in ["", "a b", "ä/ö?&=+%", "<script>"] {
            assert_eq!(decode(&encode(text), true), text);
        }
    }

    #[test]
    fn percent_encoding_is_undone_and_nonsense_kept() {
        assert_eq!(decode("a%20b+c%", true), "a b c%");
        assert_eq!(decode("%zz%4", true), "%zz%4");
        assert_eq!(decode("%ff", false), "\u{fffd}");
        assert_eq!(decode("+%2B", false), "++");
    }

    #[test]
    fn fields_have_their_names() {
        let read = fields("reason=a+b%26c&&empty=&bare&twice=1&twice=2");
        let has = |name: &str| read.get(name).map(String::as_str);
        assert_eq!((has("reason"), has("empty"), has("bare")), (Some("a b&c"), Some(""), Some("")));
        assert_eq!((has("twice"), has("none"), read.len()), (Some("2"), None, 4));
        assert_eq!(with_query("/a", &[("b", "1 2"), ("c", ""), ("d", "&")]), "/a?b=1%202&d=%26");
        assert_eq!(with_query("/a", &[("c", "")]), "/a");
    }

    #[test]
    fn only_the_machine_itself_is_the_machine_itself() {
        for here in ["127.0.0.1", "localhost:3000", "127.0.0.1:80"] {
            assert!(is_loopback(here), "{here}");
        }
        for other in ["127.0.0.1.evil.example", "localhost.evil:80", "localhost:80@evil", "[::1]", ""] {
            assert!(!is_loopback(other), "{other}");
        }
        assert_eq!(authority("http://localhost:80/a?b"), "localhost:80");
        assert_eq!((authority("https://a.example?x"), authority("no url")), ("a.example", ""));
    }
}
