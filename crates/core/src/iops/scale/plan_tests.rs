use super::*;
use proptest::prelude::*;

const DAY: u64 = 86_400_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

const fn range(min: u32, max: u32) -> UnitRange {
    UnitRange { min, max }
}

const SCALING: TableScaling = TableScaling { read: range(5, 500), write: range(5, 250), target: 70 };

fn units(read: u32, write: u32, scaling: Option<TableScaling>) -> Setting {
    Setting::Table { capacity: Capacity::Provisioned { read, write }, scaling }
}

const ON_DEMAND: Setting = Setting::Table { capacity: Capacity::OnDemand, scaling: None };

#[test]
fn a_table_is_provisioned_before_it_is_scaled_and_scaled_no_more_before_it_is_on_demand() {
    let there = plan(&Seen::of(ON_DEMAND), &units(100, 50, Some(SCALING)), at(0)).unwrap();
    assert_eq!(
        there.steps,
        [
            "keep 100 read and 50 write units a second ready",
            "scale reads from 5 to 500 and writes from 5 to 250 units, at 70 of 100 in use",
        ]
    );
    // 100 × 0.00013 + 50 × 0.00065 dollars an hour, of 730 hours.
    assert_eq!(there.monthly, (None, Usd::from_f64(33.22)));
    let back = plan(&Seen::of(units(7, 9, Some(SCALING))), &ON_DEMAND, at(0)).unwrap();
    assert_eq!(back.steps, ["end auto scaling", "have the table paid by the request"]);
}

#[test]
fn a_table_goes_on_demand_once_a_day_and_a_plan_says_when_it_can_be_undone() {
    let switched =
        |on_demand_since| Seen { on_demand_since: Some(at(on_demand_since)), ..Seen::of(units(1, 1, None)) };
    let refused = plan(&switched(1_000), &ON_DEMAND, at(DAY)).unwrap_err();
    assert_eq!((refused.code, refused.again_at), ("SWITCHED_TODAY", Some(at(DAY + 1_000))));
    assert!(plan(&switched(0), &ON_DEMAND, at(DAY)).is_ok());
    let from = Seen { on_demand_since: Some(at(1_000)), ..Seen::of(ON_DEMAND) };
    assert_eq!(plan(&from, &units(1, 1, None), at(DAY)).unwrap().undoable_from, Some(at(DAY + 1_000)));
    assert_eq!(plan(&from, &units(1, 1, None), at(DAY + 1_000)).unwrap().undoable_from, None);
}

#[test]
fn a_hundred_runs_of_the_account_s_stay_for_all() {
    let seen = Seen { unreserved: Some(900), ..Seen::of(Setting::Function { reserved: Some(50) }) };
    let to = |reserved| Setting::Function { reserved };
    assert!(plan(&seen, &to(Some(850)), at(0)).is_ok());
    let refused = plan(&seen, &to(Some(851)), at(0)).unwrap_err();
    assert_eq!(refused.code, "CONCURRENCY_LIMIT");
    assert!(refused.message.contains("give at most 850"), "{}", refused.message);
    assert_eq!(plan(&seen, &to(Some(0)), at(0)).unwrap_err().code, "OUT_OF_RANGE");
    assert_eq!(plan(&seen, &to(None), at(0)).unwrap().steps, ["keep nothing for the function alone"]);
}

#[test]
fn what_is_so_already_or_is_being_changed_is_no_plan() {
    let same = plan(&Seen::of(ON_DEMAND), &ON_DEMAND, at(0)).unwrap_err();
    assert_eq!(same.code, "NOTHING_TO_CHANGE");
    let busy = Seen { ready: false, ..Seen::of(ON_DEMAND) };
    assert_eq!(plan(&busy, &units(1, 1, None), at(0)).unwrap_err().code, "RESOURCE_BUSY");
    // Where it moves by itself, any capacity within is as good.
    let moves = plan(&Seen::of(units(7, 9, Some(SCALING))), &units(100, 50, Some(SCALING)), at(0));
    assert_eq!(moves.unwrap_err().code, "NOTHING_TO_CHANGE");
}

#[test]
fn settings_out_of_range_or_of_another_kind_are_refused() {
    let table = Seen::of(ON_DEMAND);
    let narrow = TableScaling { read: range(5, 50), ..SCALING };
    let endpoint = Seen::of(Setting::Endpoint { instances: 1, scaling: None });
    let to = |instances, scaling| Setting::Endpoint { instances, scaling };
    let scaled = |min, max| Some(ScalingRange { min, max, scale_in_cooldown: 300 });
    for (seen, wanted) in [
        (&table, units(0, 1, None)),
        (&table, units(1, 40_001, None)),
        (&table, units(100, 50, Some(narrow))),
        (&table, units(100, 50, Some(TableScaling { target: 95, ..SCALING }))),
        (&table, Setting::Table { capacity: Capacity::OnDemand, scaling: Some(SCALING) }),
        (&table, to(2, None)),
        (&endpoint, to(0, None)),
        (&endpoint, to(101, None)),
        (&endpoint, to(3, scaled(1, 2))),
        (&endpoint, to(1, scaled(0, 2))),
        (&endpoint, Setting::UsagePlan(Throttle { rate: 1, burst: 1 })),
    ] {
        assert_eq!(plan(seen, &wanted, at(0)).unwrap_err().code, "OUT_OF_RANGE", "{wanted:?}");
    }
    let plan_of_use = Seen::of(Setting::UsagePlan(Throttle { rate: 1, burst: 1 }));
    let wanted = Setting::UsagePlan(Throttle { rate: 20_000, burst: 0 });
    assert_eq!(plan(&plan_of_use, &wanted, at(0)).unwrap_err().code, "OUT_OF_RANGE");
    let above = Setting::UsagePlan(Throttle { rate: 20_000, burst: 10_000 });
    assert!(plan(&plan_of_use, &above, at(0)).unwrap().notes[0].contains("10000 requests a second"));
}

#[test]
fn an_endpoint_costs_what_its_instances_cost_and_is_there_when_they_serve() {
    let seen = Seen {
        instance_type: Some("ml.g5.2xlarge".to_owned()),
        serving: Some(1),
        ..Seen::of(Setting::Endpoint { instances: 1, scaling: None })
    };
    let three = Setting::Endpoint { instances: 3, scaling: None };
    let (one, all) = plan(&seen, &three, at(0)).unwrap().monthly;
    assert!(one.unwrap() > Usd::ZERO);
    assert!((all.unwrap().as_f64() - 3.0 * one.unwrap().as_f64()).abs() < 0.05);
    let asked = Seen { setting: three, ..seen };
    assert_eq!(next(&asked, &three), Next::Wait);
    assert!(reached(&asked, &three));
    assert_eq!(next(&Seen { serving: Some(3), ..asked }, &three), Next::Reached);
}

prop_compose! {
    fn any_units()(read in 1_u32..40, write in 1_u32..40, lower in 0_u32..10, more in 0_u32..10, scaled: bool) -> Setting {
        let around = |units: u32| range(units.saturating_sub(lower).max(1), units + more);
        let scaling = scaled.then(|| TableScaling { read: around(read), write: around(write), target: 70 });
        units(read, write, scaling)
    }
}

prop_compose! {
    fn any_endpoint()(instances in 1_u32..20, lower in 0_u32..10, more in 0_u32..10, scaled: bool) -> Setting {
        let (min, max) = (instances.saturating_sub(lower).max(1), instances + more);
        let scaling = scaled.then_some(ScalingRange { min, max, scale_in_cooldown: 300 });
        Setting::Endpoint { instances, scaling }
    }
}

fn any_pair() -> impl Strategy<Value = (Setting, Setting)> {
    let reserved = || proptest::option::of(1_u32..100).prop_map(|reserved| Setting::Function { reserved });
    let throttle =
        || (1_u32..9, 1_u32..9).prop_map(|(rate, burst)| Setting::UsagePlan(Throttle { rate, burst }));
    let table = || prop_oneof![Just(ON_DEMAND), any_units()];
    prop_oneof![
        (table(), table()),
        (any_endpoint(), any_endpoint()),
        (reserved(), reserved()),
        (throttle(), throttle())
    ]
}

proptest! {
    /// From any setting to any other, and back, in three actions at most; and what is stored is read as it was.
    #[test]
    fn every_setting_is_reached_from_every_other_and_left_again((from, to) in any_pair()) {
        for (from, to) in [(from, to), (to, from)] {
            let mut seen = Seen::of(from);
            for _ in 0..3 {
                if let Next::Do(action) = next(&seen, &to) {
                    seen.setting = after(seen.setting, action);
                }
            }
            prop_assert_eq!(next(&seen, &to), Next::Reached, "{:?}", seen);
            let stored = serde_json::to_value(to).unwrap();
            prop_assert_eq!(serde_json::from_value::<Setting>(stored).unwrap(), to);
        }
    }
}
