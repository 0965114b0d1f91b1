//! Looking through what the API gives by pages, newest first, for what somebody seeks.
//!
//! The API does not filter, so the console reads on until it has enough, and says how far it came.

use crate::call::{Door, Failure};
use crate::show::{list, text};
use capstan_core::ports::ApiClient;
use capstan_core::web::encode;
use serde_json::Value;

/// Rows on a page.
const ROWS: usize = 20;
/// Rows of one call when something is sought: as many as the API gives.
const AT_ONCE: usize = 100;
/// Calls for one page of the console.
const CALLS: usize = 5;

/// A list of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    /// `/tier/audit`.
    pub(crate) path: &'a str,
    /// The member of the answer that is the list.
    pub(crate) member: &'a str,
}

/// What one is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is this.
    Keep,
    /// It is this, and nothing after it is.
    Last,
    /// It is not.
    Pass,
    /// It is not, and nothing after it is.
    Enough,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Each with the cursor of the page it is on.
    pub(crate) rows: Vec<(Option<String>, Value)>,
    /// The first answer.
    pub(crate) first: Value,
    /// Where to go on, if there is more.
    pub(crate) cursor: Option<String>,
    /// How many rows were looked at.
    pub(crate) looked: usize,
}

/// Reads a list from a cursor on: one page of it or, where something is sought, on and on until a page is full.
pub(crate) async fn gather<P: ApiClient>(
    door: &Door<'_, P>,
    of: List<'_>,
    from: Option<&str>,
    sought: Option<&(dyn Fn(&Value) -> Look + Sync)>,
) -> Result<Found, Failure> {
    let mut found = Found { cursor: from.map(str::to_owned), ..Found::default() };
    let (limit, calls) = if sought.is_some() { (AT_ONCE, CALLS) } else { (ROWS, 1) };
    for call in 0..calls {
        let at = found.cursor.take();
        let cursor = at.as_ref().map(|at| format!("&cursor={}", encode(at))).unwrap_or_default();
        let answer = door.get(&format!("{}?limit={limit}{cursor}", of.path)).await?;
        let mut enough = false;
        for row in list(&answer, of.member) {
            found.looked += 1;
            let look = sought.map_or(Look::Keep, |sought| sought(row));
            if matches!(look, Look::Keep | Look::Last) {
                found.rows.push((at.clone(), row.clone()));
            }
            enough = matches!(look, Look::Last | Look::Enough);
            if enough {
                break;
            }
        }
        let next = Some(text(&answer, "cursor")).filter(|next| !enough && !next.is_empty());
        found.cursor = next.map(str::to_owned);
        if call == 0 {
            found.first = answer;
        }
        if found.cursor.is_none() || found.rows.len() >= ROWS {
            break;
        }
    }
    Ok(found)
}
