//! Functions about text: formatting, splitting, encoding, hashing.

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::Digest;

use super::function::{Arguments, string};

/// What encoding, decoding and hashing take, in characters.
const MAX_TEXT: usize = 10_000;

/// Replaces each `{}` with the next value. A backslash keeps a brace, an apostrophe or a backslash literal.
pub(super) fn format(template: &Value, values: Arguments<'_>) -> Result<Value, String> {
    let template = string(template, "the template")?;
    let mut values = values.iter();
    let mut out = String::with_capacity(template.len());
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('\'' | '{' | '}' | '\\')) => out.push(escaped),
                _ => return Err("open escape in the template".to_owned()),
            },
            '{' if chars.next_if_eq(&'}').is_some() => {
                let value = values.next().ok_or("there are more {} than arguments")?;
                out.push_str(&natural(value)?);
            }
            '{' | '}' => return Err("a brace in the template must be escaped".to_owned()),
            _ => out.push(c),
        }
    }
    match values.next() {
        None => Ok(Value::String(out)),
        Some(_) => Err("there are more arguments than {}".to_owned()),
    }
}

fn natural(value: &Value) -> Result<Cow<'_, str>, String> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Array(_) | Value::Object(_) => {
            Err("an argument must be a string, a number, a boolean or null".to_owned())
        }
        plain => Ok(Cow::Owned(plain.to_string())),
    }
}

/// Splits at any of the characters of `separators`; empty pieces are dropped.
pub(super) fn split(whole: &Value, separators: &Value) -> Result<Value, String> {
    let separators = string(separators, "the splitter")?;
    let whole = string(whole, "the first argument")?;
    Ok(whole.split(|c| separators.contains(c)).filter(|piece| !piece.is_empty()).collect())
}

fn bounded(text: &str) -> Result<&str, String> {
    if text.chars().take(MAX_TEXT + 1).count() > MAX_TEXT {
        return Err(format!("the data is longer than {MAX_TEXT} characters"));
    }
    Ok(text)
}

pub(super) fn encode(plain: &Value) -> Result<Value, String> {
    Ok(STANDARD.encode(bounded(string(plain, "the argument")?)?).into())
}

pub(super) fn decode(encoded: &Value) -> Result<Value, String> {
    let bytes = STANDARD
        .decode(bounded(string(encoded, "the argument")?)?)
        .map_err(|wrong| format!("not Base64: {wrong}"))?;
    String::from_utf8(bytes).map(Value::String).map_err(|_| "the decoded bytes are not UTF-8".to_owned())
}

/// Data other than a string is hashed as its JSON text.
pub(super) fn hash(data: &Value, algorithm: &Value) -> Result<Value, String> {
    let text = data.as_str().map_or_else(|| Cow::Owned(data.to_string()), Cow::Borrowed);
    let bytes = bounded(&text)?.as_bytes();
    match string(algorithm, "the algorithm")? {
        "MD5" => Ok(hex(&md5::Md5::digest(bytes))),
        "SHA-1" => Ok(hex(&sha1::Sha1::digest(bytes))),
        "SHA-256" => Ok(hex(&sha2::Sha256::digest(bytes))),
        "SHA-384" => Ok(hex(&sha2::Sha384::digest(bytes))),
        "SHA-512" => Ok(hex(&sha2::Sha512::digest(bytes))),
        other => Err(format!("'{other}' is none of MD5, SHA-1, SHA-256, SHA-384, SHA-512")),
    }
}

fn hex(bytes: &[u8]) -> Value {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    Value::String(text)
}
