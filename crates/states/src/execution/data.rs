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
use crate::size::{self, Extent};
use crate::template::Template;

/// Data on its way through a state, and how large it is at most, where somebody measured it. Measuring is what costs most
/// in a state that only passes data by.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    pub(super) value: Value,
    pub(super) extent: Option<Extent>,
}

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
    raw: &mut Data,
    result: Data,
    context: &Context<'_>,
    entropy: &mut Entropy,
    limits: Limits,
) -> Result<Data, Failure> {
    let result = match &flow.selector {
        None => result,
        template => {
            let input = Cow::Owned(result.value);
            let value = shape(template.as_ref(), input, context, entropy, limits)?.into_owned();
            Data { value, extent: None }
        }
    };
    let combined = combine(&flow.result, raw, result, limits)?;
    output(flow, combined, context, limits)
}

/// `OutputPath`, on data that is no longer needed otherwise.
pub(super) fn output(
    flow: &DataFlow,
    data: Data,
    context: &Context<'_>,
    limits: Limits,
) -> Result<Data, Failure> {
    if flow.output.is_whole() {
        return Ok(data);
    }
    let value = choose(&flow.output, "OutputPath", &data.value, context)?.into_owned();
    let extent = check(&value, limits)?;
    Ok(Data { value, extent: Some(extent) })
}

/// `ResultPath`: combines `raw` and `result`. When that fails, `raw` is as it was.
pub(super) fn combine(
    path: &Selection,
    raw: &mut Data,
    result: Data,
    limits: Limits,
) -> Result<Data, Failure> {
    let path = match path {
        Selection::Whole => return Ok(result),
        Selection::Nothing => return Ok(std::mem::take(raw)),
        Selection::Path(path) => path,
    };
    // Mostly there is room for both side by side; only else a copy is kept to fall back on.
    let extent = both(path, raw, &result, limits);
    let backup = extent.is_none().then(|| raw.clone());
    if !place(&mut raw.value, &path.steps, result.value) {
        return Err(mismatch(path));
    }
    match backup {
        None => Ok(Data { value: std::mem::take(&mut raw.value), extent }),
        Some(backup) => {
            let value = std::mem::replace(raw, backup).value;
            let extent = check(&value, limits)?;
            Ok(Data { value, extent: Some(extent) })
        }
    }
}

/// How large the two are together at most, if there surely is room for both. What is known of `raw` may be far too much,
/// after many results have taken each other's place; it is measured before it is said that there is none.
fn both(path: &Path, raw: &Data, result: &Data, limits: Limits) -> Option<Extent> {
    let measured = |value: &Value| size::within(value, limits.payload_bytes);
    let result = result.extent.or_else(|| measured(&result.value))?;
    let together = |raw: Extent| {
        // Each step makes at most an object with one field, whose name may need escapes.
        let way = 8 * path.text.len();
        let bytes = raw.bytes + result.bytes + way;
        let depth = result.depth + path.steps.len();
        let fits = bytes <= limits.payload_bytes && depth <= size::MAX_DEPTH;
        fits.then_some(Extent { bytes, depth: depth.max(raw.depth) })
    };
    raw.extent.and_then(together).or_else(|| measured(&raw.value).and_then(together))
}

fn mismatch(path: &Path) -> Failure {
    Failure::new(
        RESULT_PATH_MATCH_FAILURE,
        format!("Unable to apply ReferencePath {} to the state's input", path.text),
    )
}

/// The payload limit; how large it is.
pub(super) fn check(data: &Value, limits: Limits) -> Result<Extent, Failure> {
    size::within(data, limits.payload_bytes).ok_or_else(|| {
        Failure::new(
            DATA_LIMIT_EXCEEDED,
            format!(
                "The data is larger than {} bytes or nested deeper than {} levels.",
                limits.payload_bytes,
                size::MAX_DEPTH
            ),
        )
    })
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
