//! How data flows through a state: from raw input to effective input, from result to output.
//!
//! Inputs are borrowed as long as they can be, and outputs are built in place of the raw input, since in most states
//! most of the data only passes by.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Limits;
use crate::context::{Context, Scope, select};
use crate::entropy::Entropy;
use crate::failure::{DATA_LIMIT_EXCEEDED, Failure, RESULT_PATH_MATCH_FAILURE};
use crate::machine::{DataFlow, Number, Percentage, Selection};
use crate::path::{Path, place};
use crate::size;
use crate::template::Template;

/// `InputPath`.
pub(super) fn input<'a>(
    flow: &DataFlow,
    raw: &'a Value,
    context: &Context<'a>,
) -> Result<Cow<'a, Value>, Failure> {
    choose(&flow.input, "InputPath", raw, context)
}

fn choose<'a>(
    selection: &Selection,
    field: &str,
    data: &'a Value,
    context: &Context<'a>,
) -> Result<Cow<'a, Value>, Failure> {
    match selection {
        Selection::Whole => Ok(Cow::Borrowed(data)),
        Selection::Nothing => Ok(Cow::Owned(Value::Object(Map::new()))),
        Selection::Path(path) => select(path, data, context).map_err(|_| {
            Failure::runtime(format!("Invalid path '{}': the {field} selects nothing.", path.text))
        }),
    }
}

/// A payload template, applied to `input`; without one, `input` as it is.
pub(super) fn shape<'a>(
    template: Option<&Template>,
    input: Cow<'a, Value>,
    context: &Context<'_>,
    entropy: &mut Entropy,
    limits: Limits,
) -> Result<Cow<'a, Value>, Failure> {
    let Some(template) = template else { return Ok(input) };
    let shaped = template.evaluate(&mut Scope { input: &input, context, entropy })?;
    check(&shaped, limits)?;
    Ok(Cow::Owned(shaped))
}

/// From result to output: `ResultSelector`, `ResultPath`, `OutputPath`. When it fails in one of the first two, `raw` is
/// as it was, for a catcher to build on; failures of the third can't be caught.
pub(super) fn settle(
    flow: &DataFlow,
    raw: &mut Value,
    result: Value,
    context: &Context<'_>,
    entropy: &mut Entropy,
    limits: Limits,
) -> Result<Value, Failure> {
    let result = match &flow.selector {
        None => result,
        template => shape(template.as_ref(), Cow::Owned(result), context, entropy, limits)?.into_owned(),
    };
    let combined = combine(&flow.result, raw, result, limits)?;
    output(flow, combined, context, limits)
}

/// `OutputPath`, on data that is no longer needed otherwise.
pub(super) fn output(
    flow: &DataFlow,
    data: Value,
    context: &Context<'_>,
    limits: Limits,
) -> Result<Value, Failure> {
    if flow.output.is_whole() {
        return Ok(data);
    }
    let chosen = choose(&flow.output, "OutputPath", &data, context)?.into_owned();
    check(&chosen, limits)?;
    Ok(chosen)
}

/// `ResultPath`: combines `raw` and `result`. When that fails, `raw` is as it was.
pub(super) fn combine(
    path: &Selection,
    raw: &mut Value,
    result: Value,
    limits: Limits,
) -> Result<Value, Failure> {
    let path = match path {
        Selection::Whole => return Ok(result),
        Selection::Nothing => return Ok(std::mem::take(raw)),
        Selection::Path(path) => path,
    };
    // Mostly there is room for both side by side; only else a copy is kept to fall back on.
    let roomy = roomy(path, raw, &result, limits);
    let backup = (!roomy).then(|| raw.clone());
    if !place(raw, &path.steps, result) {
        return Err(mismatch(path));
    }
    match backup {
        None => Ok(std::mem::take(raw)),
        Some(backup) => {
            let combined = std::mem::replace(raw, backup);
            check(&combined, limits)?;
            Ok(combined)
        }
    }
}

fn roomy(path: &Path, raw: &Value, result: &Value, limits: Limits) -> bool {
    let extents = size::within(raw, limits.payload_bytes).zip(size::within(result, limits.payload_bytes));
    extents.is_some_and(|(raw, result)| {
        // Each step makes at most an object with one field, whose name may need escapes.
        let way = 8 * path.text.len();
        raw.bytes + result.bytes + way <= limits.payload_bytes
            && result.depth + path.steps.len() <= size::MAX_DEPTH
    })
}

fn mismatch(path: &Path) -> Failure {
    Failure::new(
        RESULT_PATH_MATCH_FAILURE,
        format!("Unable to apply ReferencePath {} to the state's input", path.text),
    )
}

/// The payload limit.
pub(super) fn check(data: &Value, limits: Limits) -> Result<(), Failure> {
    match size::within(data, limits.payload_bytes) {
        Some(_) => Ok(()),
        None => Err(Failure::new(
            DATA_LIMIT_EXCEEDED,
            format!(
                "The data is larger than {} bytes or nested deeper than {} levels.",
                limits.payload_bytes,
                size::MAX_DEPTH
            ),
        )),
    }
}

/// An integer of at least `least`, from the definition or the input.
pub(super) fn integer(
    number: Option<&Number>,
    least: i64,
    input: &Value,
    context: &Context<'_>,
) -> Result<Option<i64>, Failure> {
    match number {
        None => Ok(None),
        Some(Number::Literal(literal)) => Ok(Some(*literal)),
        Some(Number::Path(path)) => {
            let found = select(path, input, context).ok().and_then(|value| value.as_i64());
            found.filter(|n| *n >= least).map(Some).ok_or_else(|| {
                Failure::runtime(format!(
                    "The path '{}' must lead to an integer of at least {least}.",
                    path.text
                ))
            })
        }
    }
}

pub(super) fn percentage(
    percentage: Option<&Percentage>,
    input: &Value,
    context: &Context<'_>,
) -> Result<Option<f64>, Failure> {
    match percentage {
        None => Ok(None),
        Some(Percentage::Literal(literal)) => Ok(Some(*literal)),
        Some(Percentage::Path(path)) => {
            let found = select(path, input, context).ok().and_then(|value| value.as_f64());
            found.filter(|n| (0.0..=100.0).contains(n)).map(Some).ok_or_else(|| {
                Failure::runtime(format!("The path '{}' must lead to a number from 0 to 100.", path.text))
            })
        }
    }
}
