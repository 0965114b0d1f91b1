//! Asks the authorizer, and reads its policy.
//!
//! What it says in `context` goes to the function as API Gateway hands it on: every value as text, under
//! `requestContext.authorizer`, where nothing that a client sends can come to stand.

use super::event::{self, Context};
use super::{Problem, Request};
use crate::system::System;
use serde_json::{Map, Value, json};

/// What the function is told about the caller, or why the caller is turned away.
pub(super) fn authorize(
    system: &System,
    authorizer: &str,
    request: &Request,
    context: &Context<'_>,
) -> Result<Map<String, Value>, Problem> {
    // Of two callers neither is believed.
    if request.headers.iter().filter(|(name, _)| name == "authorization").count() > 1 {
        return Err(Problem::unauthorized());
    }
    // API Gateway does not ask at all where the header that names the caller is missing, if it is told which one that is.
    if context.wants_header() && request.header("authorization").is_none_or(|value| value.trim().is_empty()) {
        return Err(Problem::unauthorized());
    }
    let invoked = system.invoke(authorizer, event::authorizer(request, context));
    let answer = invoked.answer.map_err(|error| {
        let turned_away = error.name == "Unauthorized" || error.message == "Unauthorized";
        if turned_away { Problem::unauthorized() } else { Problem::authorizer_failed() }
    })?;
    if !allows(&answer, &context.method_arn(request))? {
        return Err(Problem::forbidden(answer.pointer("/context/denied").and_then(Value::as_str)));
    }
    told(&answer)
}

/// Some statement must allow it, and none deny it.
fn allows(answer: &Value, arn: &str) -> Result<bool, Problem> {
    let statements = answer.pointer("/policyDocument/Statement").and_then(Value::as_array);
    let mut allowed = false;
    for statement in statements.ok_or_else(Problem::authorizer_failed)? {
        if !concerns(statement.get("Resource"), arn) {
            continue;
        }
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => allowed = true,
            Some("Deny") => return Ok(false),
            _ => return Err(Problem::authorizer_failed()),
        }
    }
    Ok(allowed)
}

fn concerns(resource: Option<&Value>, arn: &str) -> bool {
    match resource {
        None => true,
        Some(Value::String(pattern)) => like(pattern.as_bytes(), arn.as_bytes()),
        Some(Value::Array(patterns)) => patterns.iter().any(|pattern| concerns(Some(pattern), arn)),
        Some(_) => false,
    }
}

/// Whether the text is of the pattern, in which `*` stands for anything and `?` for one character.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    // Where to go on if what came after the last `*` turns out not to fit.
    let mut back: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                back = Some((at + 1, seen));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match back {
                None => return false,
                Some((after, from)) => {
                    back = Some((after, from + 1));
                    (at, seen) = (after, from + 1);
                }
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

fn told(answer: &Value) -> Result<Map<String, Value>, Problem> {
    let mut told = Map::new();
    for (name, value) in answer.get("context").and_then(Value::as_object).into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            // Here API Gateway fails, too.
            Value::Null | Value::Array(_) | Value::Object(_) => return Err(Problem::authorizer_failed()),
        };
        told.insert(name.clone(), json!(text));
    }
    let principal =
        answer.get("principalId").and_then(Value::as_str).ok_or_else(Problem::authorizer_failed)?;
    told.insert("principalId".to_owned(), json!(principal));
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_resources() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*/GET/*", "x/local/GET/tier", true),
            ("a", "ab", false),
            ("ab*", "a", false),
        ] {
            assert_eq!(like(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_denial_goes_before_an_allowance() {
        let policy = |statements: Value| json!({ "policyDocument": { "Statement": statements } });
        let allow = json!({ "Effect": "Allow", "Resource": "a*" });
        let deny = json!({ "Effect": "Deny", "Resource": ["b", "ab"] });
        assert_eq!(allows(&policy(json!([allow])), "ab"), Ok(true));
        assert_eq!(allows(&policy(json!([allow, deny])), "ab"), Ok(false));
        assert_eq!(allows(&policy(json!([allow, deny])), "ac"), Ok(true));
        assert_eq!(allows(&policy(json!([])), "ab"), Ok(false));
        assert_eq!(allows(&json!({}), "ab").unwrap_err().status, 503);
        assert_eq!(allows(&policy(json!([{ "Effect": "allow" }])), "ab").unwrap_err().status, 503);
    }

    #[test]
    fn context_is_text_and_nothing_nested() {
        let answer = json!({ "principalId": "ada", "context": { "role": "admin", "level": 3, "on": true } });
        let told = told(&answer).unwrap();
        assert_eq!(
            Value::Object(told),
            json!({ "principalId": "ada", "role": "admin", "level": "3", "on": "true" })
        );
        let nested = json!({ "principalId": "ada", "context": { "x": {} } });
        assert_eq!(super::told(&nested).unwrap_err().status, 503);
    }
}
