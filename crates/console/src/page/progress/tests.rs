//! What the page says to a browser that has it open.

use crate::fake::Fake;
use serde_json::{Value, json};

fn at(status: &str, step: &str) -> Value {
    json!({"transitionId": "019b", "status": status, "fromTier": "DEV", "toTier": "STAGING", "currentStep": step,
        "progressPercent": 40, "resources": [], "errors": [], "cancellation": null})
}

fn api(progress: Value) -> Fake {
    let workflow = json!({"states": [{"name": "First", "status": "RUNNING"}], "edges": []});
    Fake::of("super_admin").answers("GET", "/tier/transition-status", 200, progress).answers(
        "GET",
        "/tier/workflow",
        200,
        workflow,
    )
}

#[test]
fn a_page_is_loaded_anew_when_one_can_do_something_else() {
    let ended = json!({"transitionId": null, "status": "STABLE", "lastChange": {"status": "COMPLETED"}});
    let mut wished = at("IN_PROGRESS", "First");
    wished["cancellation"] = json!({"reason": "the wrong tenant"});
    for (progress, state, stops) in [
        (at("IN_PROGRESS", "First"), "running", true),
        (wished, "undone", false),
        (at("ROLLING_BACK", "First"), "undone", false),
        (at("STUCK", "First"), "stuck", true),
        (ended, "over", false),
    ] {
        let api = api(progress);
        let page = api.get("/tier/progress");
        assert_eq!(page.body.contains("action=\"/console/tier/cancel\""), stops, "{state}");
        assert_eq!(page.body.contains("action=\"/console/tier/reset\""), state == "stuck");
        let asks = page.body.contains("live=live");
        assert_eq!(asks, ["running", "undone", "stuck"].contains(&state), "{state}");
        assert!(!asks || page.body.contains(&format!("was={state}")), "{}", page.body);
        for was in ["running", "undone", "stuck", "over"] {
            let piece = api.get(&format!("/tier/progress?step=First&live=live&was={was}"));
            assert_eq!((piece.status, piece.reloads), (200, was != state), "{was}, now {state}");
            assert!(!piece.body.contains("<form"));
        }
    }
}

#[test]
fn another_step_has_the_workflow_drawn_at_once() {
    let api = api(at("IN_PROGRESS", "Second"));
    api.get("/tier/progress").has(&[
        "hx-get=\"/console/tier/progress?step=Second&amp;live=live&amp;was=running\" hx-trigger=\"every 2s\"",
        "hx-get=\"/console/tier/progress?live=workflow\" hx-trigger=\"every 10s, next-step from:body\"",
    ]);
    let told = |step: &str| api.get(&format!("/tier/progress?step={step}&live=live&was=running")).triggers;
    assert_eq!((told("Second"), told("First").as_deref()), (None, Some("next-step")));
    let drawn = api.get("/tier/progress?live=workflow");
    assert!(drawn.body.starts_with("<div id=\"workflow\"") && drawn.body.contains("First"), "{}", drawn.body);
}

#[test]
fn without_scripts_a_form_is_filled_in_on_a_page_that_stands_still() {
    let api = api(at("IN_PROGRESS", "First"));
    let page = api.get("/tier/progress");
    page.has(&[
        "http-equiv=\"refresh\"",
        "href=\"/console/tier/progress?still=yes\"",
        "href=\"#stop\"",
        "id=\"stop\"",
    ]);
    let still = api.get("/tier/progress?still=yes");
    assert!(!still.body.contains("http-equiv=\"refresh\"") && !still.body.contains("Hold it still"));
    still.has(&["action=\"/console/tier/cancel\""]);
}

#[test]
fn what_somebody_stopped_has_nothing_to_be_mended() {
    let ended = |error: &str| {
        let last = json!({"status": "ROLLED_BACK", "errors": [{"name": error, "message": "why"}]});
        api(json!({"transitionId": null, "status": "FAILED", "lastChange": last})).get("/tier/progress")
    };
    ended("TransitionCancelled")
        .says(&["was undone", "nothing has to be mended; ask again when it is wanted."]);
    ended("CapacityRefused").says(&["was undone", "Next: correct the cause, then ask again ."]);
}

#[test]
fn a_form_declares_no_other_change_stable() {
    let stuck = || api(at("STUCK", "First")).answers("POST", "/tier/reset", 200, json!({"status": "STABLE"}));
    stuck().get("/tier/progress").has(&["name=\"change\" value=\"019b\""]);
    let reason = ("reason", "looked at, and harmless");
    let refused = stuck().post("/tier/reset", &[("change", "another"), reason]);
    assert_eq!(refused.status, 409);
    refused.says(&["nothing was done about what is under way now"]);
    assert_eq!(stuck().post("/tier/reset", &[("change", "019b"), reason]).status, 303);
    // Sent twice: it is over, and the page says how it ended.
    let over = api(json!({"transitionId": null, "status": "STABLE", "lastChange": {"status": "FAILED"}}));
    let again = over.post("/tier/reset", &[("change", "019b"), reason]);
    assert_eq!((again.status, again.location.as_deref()), (303, Some("/console/tier/progress")));
    assert!(over.acts().is_empty());
}

#[test]
fn what_could_not_be_undone_is_not_said_to_be() {
    let last = json!({"status": "FAILED", "errors": [{"name": "NotUndone", "message": "why"}]});
    let page =
        api(json!({"transitionId": null, "status": "STABLE", "lastChange": last})).get("/tier/progress");
    page.says(&["It could be neither finished nor undone", "the resources"]);
    assert!(!page.text().contains("was undone"), "{}", page.text());
}
