//! What the functions that change scales call.

use crate::calls::{Seen, because, rest, watch_with};
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use capstan_tests::scenario::TENANT;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Every kind of resource is scaled and put back.
pub(crate) fn resources(seen: &Arc<Mutex<Seen>>) {
    let mut lab = watch_with(Lab::new(19).world().clone(), seen, &[("TenantRequestsPerMinute", "1200")]);
    lab.world().with(|world| local::seedling::plant(world, "iops-model")).unwrap();
    let range = json!({"min": 5, "max": 500});
    let scaled = json!({"min": 1, "max": 5, "scaleInCooldown": 300});
    let wishes = [
        ("function/analyze-metrics", json!({"reserved": 200})),
        (
            "table/metrics",
            json!({"capacity": {"mode": "provisioned", "read": 100, "write": 50},
                "scaling": {"read": range, "write": range, "target": 70}}),
        ),
        ("endpoint", json!({"instances": 3, "scaling": scaled})),
        ("usage-plan", json!({"rate": 9_000, "burst": 4_000})),
    ];
    for (resource, wanted) in &wishes {
        let wish = json!({"resource": resource, "wanted": wanted, "reason": "to see what this takes"});
        let (_, answer) = lab.call("POST", "/scale", &wish);
        let id = answer["scaleId"].as_str().unwrap_or_else(|| panic!("{resource}: {answer}")).to_owned();
        rest(&mut lab, Millis::hours(1));
        assert_eq!(lab.get(&format!("/scale/{id}"))["status"], "COMPLETED", "{resource}");
        lab.call("POST", &format!("/scale/{id}/undo"), &because());
        rest(&mut lab, Millis::hours(1));
        assert_eq!(lab.get("/scale")["changes"][0]["status"], "UNDONE", "{resource}");
    }
    let viewer = json!({"sub": "vera", "role": "viewer", "tenant": TENANT});
    lab.send("POST", "/scale", &because().to_string(), &viewer, &Value::Null);
    lab.call_once("/scale", &because(), "scale");
}
