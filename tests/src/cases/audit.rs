//! `read-audit`.

use super::{Case, status};
use crate::scenario as at;

/// The cases.
pub(super) const CASES: &[Case] = &[
    status("read-audit/newest-first", 200, at::in_staging),
    status("read-audit/oldest-first", 200, at::in_staging),
    status("read-audit/first-page", 200, at::in_staging),
    status("read-audit/audit-of-new-tenant", 200, at::fresh),
    status("read-audit/audit-is-the-tenant-s-own", 200, at::two_tenants),
    status("read-audit/key", 200, at::fresh),
    status("read-audit/unknown-order", 422, at::in_staging),
    status("read-audit/limit-zero", 422, at::in_staging),
    status("read-audit/limit-huge", 422, at::in_staging),
    status("read-audit/tampered-cursor", 422, at::in_staging),
    status("read-audit/cursor-of-another-row", 422, at::in_staging),
    status("read-audit/unknown-query-parameter", 422, at::in_staging),
    status("read-audit/no-authorizer", 401, at::fresh),
];
