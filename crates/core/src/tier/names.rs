//! Names of resources.
//!
//! The runbook's `<prefix>` is the first eight characters of the tenant's UUID. Those alone let two tenants meet, so four
//! more are taken from a hash of the whole UUID; twelve is what fits the shortest limit (domains: 28 characters,
//! with room for `-99`). Names still prove nothing: ownership is checked by tag before anything is touched.

use super::{ResourceKind, ResourceRef};
use crate::ids::TenantId;
use sha2::{Digest, Sha256};

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The tenant's part of every name: 12 characters of `[a-z0-9]`.
pub fn prefix(tenant: &TenantId) -> String {
    let digest = Sha256::digest(tenant.as_str());
    let tail = digest.iter().take(4).map(|byte| char::from(BASE32[usize::from(byte & 31)]));
    tenant.as_str().chars().take(8).chain(tail).collect()
}

/// The name of a resource. A store that is replaced is kept for days under its name, so its successor of the same
/// kind takes the next generation: 1 has the plain name, 2 ends in `-2`.
pub fn resource(kind: ResourceKind, tenant: &TenantId, generation: u32) -> ResourceRef {
    let mut name = format!("{}{}", kind.name_stem(), prefix(tenant));
    if generation > 1 {
        name.push('-');
        name.push_str(&generation.to_string());
    }
    ResourceRef { kind, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_fits_its_service_up_to_generation_99() {
        let tenant = TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap();
        for kind in ResourceKind::ALL {
            let name = resource(kind, &tenant, 99).name;
            assert!(name.len() <= kind.longest_name(), "{name} is too long for a {kind}");
            assert!(name.starts_with(&format!("{}8d3c7a52", kind.name_stem())), "{name}");
        }
    }

    #[test]
    fn tenants_that_share_eight_characters_do_not_share_a_prefix() {
        let one = TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap();
        let two = TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5c").unwrap();
        assert_ne!(prefix(&one), prefix(&two));
    }
}
