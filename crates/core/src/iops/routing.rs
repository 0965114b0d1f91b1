//! Which hosts a model answers for.
//!
//! A host's group is a hash of its name, so a host stays on one side, and a larger percentage only adds hosts. While a canary
//! runs, the last groups are held back: what is compared must be measured at the same time, at 100 % too.

use super::host::Hostname;
use super::place::hash;

/// How many groups hosts are hashed into.
pub const GROUPS: u16 = 1_000;
/// From this group on hosts are held back while a canary runs: 5 %.
pub const HELD_BACK: u16 = 950;

/// The group of a host, below [`GROUPS`].
pub fn group_of(host: &Hostname) -> u16 {
    // The bits of FNV-1a mix upwards only. What the finalizer of SplitMix64 does to them makes each depend on all.
    let mut bits = hash(host.as_str().as_bytes());
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    u16::try_from(bits % u64::from(GROUPS)).unwrap_or(0)
}

/// Whether the model answers for a group: below ten times the percentage, and not held back.
pub fn is_routed(group: u16, percent: u8, holdback: bool) -> bool {
    group < u16::from(percent) * (GROUPS / 100) && !(holdback && group >= HELD_BACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(count: u32) -> impl Iterator<Item = Hostname> {
        (0..count).map(|number| Hostname::parse(&format!("web-{number}.example.com")).unwrap())
    }

    /// Whoever changes the hash moves hosts from one side to the other in the middle of a rollout.
    #[test]
    fn groups_stay_what_they_are() {
        let of = |name: &str| group_of(&Hostname::parse(name).unwrap());
        assert_eq!(["web-1", "WEB-1", "db-1", "10.0.0.1"].map(of), [837, 837, 334, 275]);
    }

    #[test]
    fn hosts_are_spread_evenly() {
        let mut tenths = [0_u32; 10];
        hosts(20_000).for_each(|host| tenths[usize::from(group_of(&host) / 100)] += 1);
        assert!(tenths.iter().all(|count| (1_800..=2_200).contains(count)), "{tenths:?}");
    }

    #[test]
    fn a_larger_percentage_only_adds_hosts_and_some_are_held_back() {
        for group in 0..GROUPS {
            for percent in 1..=100 {
                let (before, now) = (is_routed(group, percent - 1, true), is_routed(group, percent, true));
                assert!(now || !before, "group {group} left at {percent} %");
            }
            assert!(!is_routed(group, 0, false) && is_routed(group, 100, false));
            assert_eq!(is_routed(group, 100, true), group < HELD_BACK);
        }
    }
}
