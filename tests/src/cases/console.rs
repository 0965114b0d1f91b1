//! `console`: what it does before it asks the API, and one page of what the API says.

use super::{Case, status};
use crate::scenario as at;

/// The cases.
pub(super) const CASES: &[Case] = &[
    status("console/not-signed-in", 303, at::fresh),
    status("console/not-signed-in-on-a-page", 200, at::fresh),
    status("console/tier", 200, at::fresh),
    status("console/form-without-session", 401, at::fresh),
    status("console/form-of-another-site", 403, at::fresh),
    status("console/form-too-large", 400, at::fresh),
    status("console/wrong-method", 405, at::fresh),
    status("console/signed-in-elsewhere", 400, at::fresh),
    status("console/not-a-proxy-event", 400, at::fresh),
];
