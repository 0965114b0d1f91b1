//! Pages and what they load, compressed for browsers, as API Gateway does by its `MinimumCompressionSize`.
//!
//! Answers for programs stay as they are: they are small, and the door's own time would go into it.

use super::Reply;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{ACCEPT_ENCODING, HeaderMap};
use std::io::Write as _;

/// The smallest body that is worth it, in bytes.
const LEAST: usize = 1024;

/// Whether a client takes gzip (RFC 9110 §12.5.3); one that gives it no weight does not.
pub(super) fn accepts(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let none = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok()) == Some(0.0_f32);
        name.trim().eq_ignore_ascii_case("gzip") && !none
    })
}

/// The reply, compressed if it is text for a browser and gets smaller by it.
pub(super) fn page(mut reply: Reply) -> Reply {
    let kind = reply.header("content-type").unwrap_or_default();
    let text = kind.starts_with("text/") || kind.starts_with("image/svg");
    if !text || reply.body.len() < LEAST || reply.header("content-encoding").is_some() {
        return reply;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(reply.body.len() / 3), Compression::new(5));
    let zipped = encoder.write_all(&reply.body).and_then(|()| encoder.finish());
    // A vector takes everything.
    if let Ok(zipped) = zipped {
        reply.body = zipped;
        reply.headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
    }
    reply.headers.push(("vary".to_owned(), "accept-encoding".to_owned()));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    fn takes(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
        accepts(&headers)
    }

    #[test]
    fn who_takes_gzip_says_so() {
        assert!(takes("gzip, deflate, br") && takes("br;q=1.0, GZIP;q=0.5"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("gzipped") && !accepts(&HeaderMap::new()));
    }

    #[test]
    fn pages_come_back_whole_and_answers_are_left_alone() {
        let body = "<p>capstan</p>".repeat(200).into_bytes();
        let zipped = page(Reply::new(200, "text/html; charset=utf-8", body.clone()));
        assert!(zipped.body.len() < body.len() / 4);
        let mut back = Vec::new();
        GzDecoder::new(zipped.body.as_slice()).read_to_end(&mut back).unwrap();
        assert_eq!((back, zipped.header("content-encoding")), (body.clone(), Some("gzip")));
        let json = Reply::new(200, "application/json", body);
        assert_eq!(page(json.clone()), json);
        let small = Reply::new(200, "text/html", b"x".to_vec());
        assert_eq!(page(small.clone()), small);
    }
}
