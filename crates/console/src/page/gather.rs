//! Looking through the audit by pages, newest first, for what somebody seeks.
//!
//! The API gives the chain as it is and does not filter it, so the console reads on until it has enough, and says how far it came.

use crate::call::{Door, Failure};
use crate::show::{list, text};
use capstan_core::ports::ApiClient;
use capstan_core::web::encode;
use serde_json::Value;

/// The API's path of the audit.
pub(crate) const AUDIT: &str = "/tier/audit";
/// Rows on a page.
const ROWS: usize = 20;
/// Rows of one call when something is sought: as many as the API gives.
const AT_ONCE: usize = 100;
/// Calls for one page of the console.
const CALLS: usize = 5;

/// What one is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is this.
    Keep,
    /// It is not.
    Pass,
    /// It is not, and nothing after it is.
    Enough,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Of what was looked at, what is sought.
    pub(crate) rows: Vec<Value>,
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
    from: Option<&str>,
    sought: Option<&(dyn Fn(&Value) -> Look + Sync)>,
) -> Result<Found, Failure> {
    let mut found = Found { cursor: from.map(str::to_owned), ..Found::default() };
    let (limit, calls) = if sought.is_some() { (AT_ONCE, CALLS) } else { (ROWS, 1) };
    for call in 0..calls {
        let cursor =
            found.cursor.take().as_deref().map(|at| format!("&cursor={}", encode(at))).unwrap_or_default();
        let answer = door.get(&format!("{AUDIT}?limit={limit}{cursor}")).await?;
        let mut enough = false;
        for row in list(&answer, "entries") {
            found.looked += 1;
            let look = sought.map_or(Look::Keep, |sought| sought(row));
            if look == Look::Keep {
                found.rows.push(row.clone());
            }
            enough = look == Look::Enough;
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
