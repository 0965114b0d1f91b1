//! IOps from a report to an insight, and everything that may come between: reports sent twice, batches handed over twice, batches
//! that fail in part, two who analyse at once, processes that die at any call.
//!
//! What must hold in the end is held in one place, [`Outcome`]: nothing that was acknowledged is lost, nothing is counted twice,
//! and what is found is what is found where nothing goes wrong.
#![expect(clippy::unwrap_used, reason = "a test")]

use capstan_core::iops::Insight;
use capstan_core::ports::{NoticeKind, Table};
use capstan_core::time::{Millis, Timestamp};
use capstan_tests::lab::Lab;
use capstan_tests::scenario::{GRACE, TENANT};
use local::engine::Delivery;
use local::functions::registry;
use local::gateway::{Gateway, Request, json_of};
use serde_json::{Value, json};
use sim::{Invocation, Ports, SharedWorld, Stepper};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One in the morning of the labs' day, two hours before they begin.
const START: u64 = 1_795_222_800;

fn metric(host: &str, second: u64, more: &Value) -> Value {
    let mut metric = json!({
        "timestamp": Timestamp::from_millis((START + second) * 1_000), "hostname": host,
        "cpuUsage": 30, "memoryUsage": 50, "diskIO": 100, "networkIO": 80,
    });
    metric.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    metric
}

/// A broken disk: 90 points.
fn broken() -> Value {
    json!({"iops": 200_000, "latency": 80, "errorRate": 9, "queueDepth": 500})
}

fn report(lab: &mut Lab, metrics: &[Value]) -> Value {
    let (status, answer) = lab.call("POST", "/metrics", &json!(metrics));
    assert_eq!(status, 200, "{answer}");
    answer
}

fn settle(lab: &mut Lab) {
    let by = lab.engine().now() + Millis::hours(2);
    assert!(lab.engine().run_until_idle(by), "the analysis comes to no end");
}

/// What there is in the end.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    /// How many metrics there are of each host.
    metrics: BTreeMap<String, usize>,
    /// How many samples of each host are counted, and up to when.
    counted: BTreeMap<String, (u64, u64)>,
    /// Insights: host, first and last second, in how many samples, score.
    insights: Vec<(String, u64, u64, u64, u8)>,
    /// How many there are by the counts.
    counts: u64,
    /// Of what people were told at least once.
    told: Vec<String>,
}

fn items(world: &SharedWorld, table: Table) -> Vec<Value> {
    world.rows_of(table).unwrap().into_iter().map(|(_, item)| Value::Object(item)).collect()
}

fn outcome(world: &SharedWorld) -> Outcome {
    let mut metrics = BTreeMap::new();
    for row in items(world, Table::IopsMetrics) {
        *metrics.entry(row["hostname"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let analysis = items(world, Table::IopsAnalysis);
    let heads = analysis.iter().filter(|row| row["entry"] == "head");
    let counted = heads.map(|row| {
        let host = row["subject"].as_str().unwrap().trim_start_matches("host#").to_owned();
        assert_eq!(row["pending"], json!([]), "{host}: word that was not given");
        (host, (row["samples"].as_u64().unwrap(), row["position"].as_u64().unwrap()))
    });
    let counts = analysis.iter().filter(|row| row["subject"].as_str().unwrap().starts_with("counts#"));
    let counts = counts
        .flat_map(|row| row["by_type"].as_object().unwrap().values())
        .map(|count| count.as_u64().unwrap());
    let insights: Vec<Insight> = items(world, Table::IopsInsights)
        .into_iter()
        .map(|row| serde_json::from_value(row).unwrap())
        .collect();
    let mut insights: Vec<_> = insights
        .iter()
        .map(|it| {
            (it.hostname.to_string(), it.timestamp - START, it.last_seen - START, it.count, it.risk_score)
        })
        .collect();
    insights.sort();
    let mut told: Vec<String> = world.with(|world| {
        let critical = world.notices().iter().filter(|notice| notice.kind == NoticeKind::CriticalInsight);
        critical.map(|notice| notice.subject.clone()).collect()
    });
    told.sort();
    told.dedup();
    Outcome { metrics, counted: counted.collect(), insights, counts: counts.sum(), told }
}

/// How often people were told of critical findings.
fn alerts(world: &SharedWorld) -> usize {
    world.with(|world| {
        world.notices().iter().filter(|notice| notice.kind == NoticeKind::CriticalInsight).count()
    })
}

/// Three hosts over more samples than a snapshot takes, in several reports; two of them have trouble.
fn story() -> Vec<Vec<Value>> {
    let mut reports = Vec::new();
    for part in 0..4_u64 {
        let mut metrics = Vec::new();
        for step in 0..20 {
            let second = part * 400 + step * 20;
            for host in ["web-1", "web-2", "db-1"] {
                let trouble =
                    (host == "db-1" && part == 2 && step > 15) || (host == "web-2" && part == 3 && step == 3);
                metrics.push(metric(host, second, &if trouble { broken() } else { json!({}) }));
            }
        }
        reports.push(metrics);
    }
    reports
}

fn told(mut lab: Lab) -> (Lab, Outcome) {
    for metrics in story() {
        report(&mut lab, &metrics);
        settle(&mut lab);
    }
    let outcome = outcome(lab.world());
    (lab, outcome)
}

fn as_it_should_be() -> Outcome {
    let (lab, outcome) = told(Lab::new(61));
    assert_eq!(outcome.metrics.values().copied().collect::<Vec<_>>(), [80, 80, 80]);
    assert!(outcome.counted.values().all(|(samples, _)| *samples == 80), "{outcome:?}");
    let (db, web) = ("db-1".to_owned(), "web-2".to_owned());
    assert_eq!(outcome.insights, [(db, 1_120, 1_180, 4, 90), (web, 1_260, 1_260, 1, 90)]);
    assert_eq!((outcome.counts, outcome.told.len(), alerts(lab.world())), (2, 2, 2), "each is told of once");
    outcome
}

#[test]
fn a_report_is_stored_analysed_and_read_as_an_insight() {
    let mut lab = Lab::new(61);
    let bad = metric("db-1", 0, &broken());
    let (status, answer) = lab.call("POST", "/metrics", &bad);
    assert_eq!(
        (status, answer),
        (200, json!({"message": "Metric stored successfully", "metricId": format!("db-1:{START}")}))
    );
    settle(&mut lab);
    let page = lab.get("/insights");
    let insight = &page["insights"][0];
    assert_eq!(insight["type"], "critical_performance_issue");
    assert_eq!((&insight["riskScore"], &insight["source"]), (&json!(90), &json!("builtin")));
    assert!(insight["message"].as_str().unwrap().contains("errorRate is 9 %"), "{insight}");
    assert_eq!(lab.get("/insights/summary")["bySeverity"]["critical"], 1);
    assert_eq!(lab.get("/metrics?hostname=DB-1")["metrics"][0]["latency"], 80);
    assert_eq!(alerts(lab.world()), 1);
}

#[test]
fn a_report_that_is_sent_twice_is_stored_and_counted_once_and_answered_alike() {
    let expected = as_it_should_be();
    let mut lab = Lab::new(62);
    for metrics in story() {
        let first = report(&mut lab, &metrics);
        assert_eq!(first, report(&mut lab, &metrics));
        settle(&mut lab);
        assert_eq!(first, report(&mut lab, &metrics));
        settle(&mut lab);
    }
    assert_eq!(outcome(lab.world()), expected);
    assert_eq!(alerts(lab.world()), 2);
}

#[test]
fn a_batch_that_is_handed_over_again_changes_nothing() {
    let expected = as_it_should_be();
    for delivery in [Delivery::Duplicate, Delivery::Late(Millis::minutes(20))] {
        for nth in 1..=8 {
            let mut lab = Lab::new(63);
            lab.engine().misfeed(nth, delivery);
            let (mut lab, outcome) = told(lab);
            settle(&mut lab);
            assert_eq!(outcome, expected, "{delivery:?} of batch {nth}");
            assert_eq!(alerts(lab.world()), 2, "{delivery:?} of batch {nth}");
        }
    }
}

/// Every call that the analysis makes meets each mishap once: it dies before or after it, gets no answer though it happened or
/// not, is throttled, fails, or finds that somebody else was first.
#[test]
fn whatever_goes_wrong_at_any_call_nothing_is_lost_and_nothing_counted_twice() {
    let expected = as_it_should_be();
    let calls = {
        let (lab, _) = told(Lab::new(64));
        lab.world().with(|world| world.call_count())
    };
    assert!(calls >= 40, "{calls} calls are fewer than this test is about");
    let mut met = 0;
    for kind in ["crash", "crash-after", "timeout", "timeout-after", "throttled", "error", "stale", "partly"]
    {
        for call in 1..=calls {
            let mut lab = Lab::new(64);
            lab.engine().hush();
            lab.fault(&format!("*:*:@{call}:{kind}"));
            for metrics in story() {
                // Who gets no answer, or another than that it is stored, sends it again.
                let stored = |answer: &(u64, Value)| answer.0 == 200;
                while !stored(&lab.call("POST", "/metrics", &json!(metrics))) {}
                settle(&mut lab);
            }
            met += usize::from(lab.world().with(|world| !world.met().is_empty()));
            assert_eq!(lab.engine().given_up(), [], "{kind} at call {call}");
            assert_eq!(outcome(lab.world()), expected, "{kind} at call {call}");
        }
    }
    assert!(met > calls as usize * 5, "{met} mishaps happened");
}

/// Two instances are handed the same batch at the same time, and take turns in an order drawn from a seed.
#[test]
fn of_two_who_analyse_the_same_at_once_one_counts() {
    let samples: Vec<Value> = (0..6).map(|step| metric("db-1", step * 20, &broken())).collect();
    let event = {
        let mut lab = Lab::new(65);
        report(&mut lab, &samples);
        let records = lab.world().stream_after(0, 100).unwrap();
        json!({"Records": records.iter().map(|record| json!({
            "eventName": "INSERT",
            "dynamodb": {"SequenceNumber": record.sequence.to_string(), "NewImage": image(record.item())},
        })).collect::<Vec<_>>()})
    };
    for seed in 0..64_u64 {
        let lab = Lab::new(65);
        let (one, other) = (analyze_metrics::Memory::new(), analyze_metrics::Memory::new());
        let run = |memory: analyze_metrics::Memory| {
            let invocation = Invocation::unlimited();
            let ports = Ports::for_invocation(lab.world(), invocation.clone());
            let event = event.clone();
            Stepper::new(
                async move { analyze_metrics::handle(&ports, &memory, &event).await.unwrap() },
                &invocation,
            )
        };
        let mut runs = vec![run(one), run(other)];
        let mut draws = seed;
        while !runs.is_empty() {
            draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let turn = usize::try_from(draws >> 33).unwrap() % runs.len();
            if let Some(outcome) = runs[turn].step() {
                assert!(!format!("{outcome:?}").contains("itemIdentifier"), "seed {seed}: {outcome:?}");
                drop(runs.swap_remove(turn));
            }
        }
        let outcome = outcome_without_metrics(lab.world());
        assert_eq!(outcome.counted["db-1"].0, 6, "seed {seed}");
        assert_eq!(outcome.insights, [("db-1".to_owned(), 0, 100, 6, 90)], "seed {seed}");
        assert_eq!(outcome.counts, 1, "seed {seed}");
    }
}

fn outcome_without_metrics(world: &SharedWorld) -> Outcome {
    Outcome { metrics: BTreeMap::new(), ..outcome(world) }
}

fn image(item: &serde_json::Map<String, Value>) -> Value {
    let typed = |value: &Value| match value {
        Value::String(text) => json!({ "S": text }),
        other => json!({ "N": other.to_string() }),
    };
    item.iter().map(|(name, value)| (name.clone(), typed(value))).collect::<serde_json::Map<_, _>>().into()
}

/// An instance that starts anew has nothing in mind, and finds what the one before would have found.
#[test]
fn an_instance_that_starts_anew_goes_on_where_the_other_was() {
    let waves = |lab: &mut Lab, anew: bool| {
        for part in 0..5_u64 {
            let metrics: Vec<Value> =
                (0..45).map(|step| metric("web-1", part * 900 + step * 20, &json!({}))).collect();
            report(lab, &metrics);
            settle(lab);
            if anew {
                *lab = lab.fork(&registry());
            }
        }
        // Nothing of this breaks a threshold: the detector alone can find it.
        report(lab, &[metric("web-1", 4_600, &json!({"cpuUsage": 99.5, "memoryUsage": 97.5}))]);
        settle(lab);
        lab.get("/insights")["insights"].clone()
    };
    let (mut one, mut other) = (Lab::new(66), Lab::new(66));
    let (found, again) = (waves(&mut one, false), waves(&mut other, true));
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert!(found[0]["findings"].as_array().unwrap().len() >= 2, "two series at once: {found}");
    assert_eq!(found, again);
}

#[test]
fn a_late_sample_meets_the_thresholds_alone_and_a_repeated_one_nothing() {
    let mut lab = Lab::new(67);
    report(&mut lab, &[metric("db-1", 2_000, &json!({}))]);
    settle(&mut lab);
    for _ in 0..2 {
        report(&mut lab, &[metric("db-1", 1_000, &broken()), metric("db-1", 900, &json!({"cpuUsage": 100}))]);
        settle(&mut lab);
    }
    let outcome = outcome(lab.world());
    assert_eq!(outcome.insights, [("db-1".to_owned(), 1_000, 1_000, 1, 90)]);
    assert_eq!(outcome.counted["db-1"].0, 1, "what comes late is not counted");
    assert_eq!(alerts(lab.world()), 1);
}

#[test]
fn what_repeats_within_five_minutes_joins_and_what_comes_later_is_another() {
    let mut lab = Lab::new(68);
    for second in [0, 300, 590, 891] {
        report(&mut lab, &[metric("db-1", second, &json!({"latency": 20, "errorRate": 2}))]);
        settle(&mut lab);
    }
    report(&mut lab, &[metric("db-1", 1_000, &broken())]);
    settle(&mut lab);
    let outcome = outcome(lab.world());
    let host = || "db-1".to_owned();
    assert_eq!(outcome.insights, [(host(), 0, 590, 3, 55), (host(), 891, 1_000, 2, 90)]);
    let summary = lab.get("/insights/summary");
    assert_eq!(summary["byType"]["anomaly_detected"], 1, "{summary}");
    assert_eq!(
        summary["byType"]["critical_performance_issue"], 1,
        "it was one of the other type before: {summary}"
    );
    assert_eq!(alerts(lab.world()), 1);
}

/// Records that fail again and again are cut out and given up, and the others of their lane go on.
#[test]
fn what_can_not_be_analysed_is_given_up_and_named_and_holds_nothing_up() {
    let mut functions = registry();
    let analyze = functions.iter_mut().find(|function| function.name == "analyze-metrics").unwrap();
    let build = Arc::clone(&analyze.build);
    analyze.build = Arc::new(move |env| {
        let inner = build(env)?;
        Ok(Box::new(move |ports, event: Value| {
            let dies = event.to_string().contains("\"N\":\"66.5\"");
            let run = inner(ports, event);
            Box::pin(async move {
                if dies {
                    return Err(local::functions::FunctionError {
                        name: "Poison".to_owned(),
                        message: "as told".to_owned(),
                    });
                }
                run.await
            })
        }))
    });
    let mut lab = Lab::new(69).fork(&functions);
    lab.engine().hush();
    let mut samples: Vec<Value> = (0..20).map(|step| metric("web-1", step * 20, &json!({}))).collect();
    samples[7]["cpuUsage"] = json!(66.5);
    report(&mut lab, &samples);
    settle(&mut lab);
    let given_up = lab.engine().given_up().to_vec();
    assert_eq!(given_up.len(), 1, "{given_up:?}");
    assert_eq!((given_up[0].count, given_up[0].records), (1, (8, 8)));
    assert!(given_up[0].queue.starts_with("iops-analyze-metrics-dead-letters-"), "{given_up:?}");
    assert_eq!(outcome(lab.world()).counted["web-1"].0, 19);
}

#[test]
fn of_one_host_out_of_order_hands_nothing_to_another() {
    let mut lab = Lab::new(70);
    for step in (0..50).rev() {
        let backwards = metric("backwards", step * 20, &json!({}));
        report(&mut lab, &[backwards, metric("forwards", (49 - step) * 20, &json!({}))]);
    }
    settle(&mut lab);
    let outcome = outcome(lab.world());
    assert_eq!(outcome.counted["forwards"].0, 50);
    assert_eq!(outcome.counted["backwards"], (1, START + 980), "the first that came is the latest");
}

#[test]
fn what_the_store_will_not_take_now_is_sent_again_and_named_if_it_never_does() {
    let mut lab = Lab::new(71);
    lab.fault("dynamodb:BatchWriteItem:1:partly");
    let metrics: Vec<Value> = (0..60).map(|step| metric("web-1", step * 20, &json!({}))).collect();
    report(&mut lab, &metrics);
    assert_eq!(items(lab.world(), Table::IopsMetrics).len(), 60);
    lab.fault("dynamodb:BatchWriteItem:*:throttled");
    let (status, answer) = lab.call("POST", "/metrics", &json!([metric("web-2", 0, &json!({})), {}]));
    assert_eq!(status, 503, "{answer}");
    assert_eq!((&answer["failed"], &answer["refused"]), (&json!(1), &json!(1)));
    assert_eq!(answer["results"][0]["metricId"], format!("web-2:{START}"));
    let (status, answer) = lab.call("POST", "/metrics", &metric("web-2", 0, &json!({})));
    assert_eq!((status, &answer["code"]), (429, &json!("THROTTLED")));
}

/// Without a token hosts may report where the stack says so, and do nothing else; a wrong token is no token.
#[test]
fn hosts_report_without_a_token_where_the_stack_says_so_and_do_nothing_else() {
    for (open, status) in [("true", 200), ("false", 401)] {
        let lab = Lab::with(
            Lab::new(72).world().clone(),
            &registry(),
            local::engine::Options::default(),
            &[("OpenIngest", open)],
        );
        let gateway = Gateway::new(Arc::clone(lab.system()));
        let body = metric("ops-test-1", 0, &json!({})).to_string();
        let request =
            |method: &str, path: &str| Request::new(method, path, if method == "GET" { "" } else { &body });
        let reply = gateway.handle(&request("POST", "/metrics"));
        assert_eq!(reply.status, status, "OpenIngest {open}: {}", json_of(&reply));
        for (method, path) in [
            ("GET", "/metrics?hostname=ops-test-1"),
            ("GET", "/insights"),
            ("POST", "/insights/1795222800-00-0000000000000000/dismiss"),
            ("GET", "/api/admin/infrastructure/tier"),
            ("POST", "/api/admin/infrastructure/tier/reset"),
        ] {
            assert_eq!(
                gateway.handle(&request(method, path)).status,
                401,
                "OpenIngest {open}: {method} {path}"
            );
        }
        let token = GRACE.token(lab.world().now());
        for wrong in [&token[..token.len() - 4], "x", ""] {
            let reply = gateway.handle(&request("POST", "/metrics").with_token(wrong));
            assert_eq!(reply.status, 401, "OpenIngest {open}: {wrong}");
        }
        assert_eq!(gateway.handle(&request("POST", "/metrics").with_token(&token)).status, 200);
    }
}

#[test]
fn pages_meet_every_insight_once_and_filters_and_counts_agree() {
    let mut lab = Lab::new(73);
    let hosts: Vec<String> = (0..30).map(|number| format!("host-{number}")).collect();
    let metrics: Vec<Value> = hosts
        .iter()
        .enumerate()
        .flat_map(|(at, host)| {
            let second = at as u64 * 37;
            let little = json!({"latency": 20, "queueDepth": 100});
            [
                metric(host, second, &if at % 3 == 0 { broken() } else { little }),
                metric(host, second + 1_800, &broken()),
            ]
        })
        .collect();
    report(&mut lab, &metrics);
    settle(&mut lab);
    let walk = |lab: &mut Lab, filter: &str| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = lab.get(&format!("/insights?limit=7{filter}{cursor}"));
            found.extend(page["insights"].as_array().unwrap_or_else(|| panic!("{page}")).clone());
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    };
    let all = walk(&mut lab, "");
    assert_eq!(all.len(), 60);
    let times: Vec<&str> = all.iter().map(|insight| insight["timestamp"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first");
    let ids: std::collections::BTreeSet<&str> =
        all.iter().map(|insight| insight["insightId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 60);
    assert_eq!(walk(&mut lab, "&hostname=host-7").len(), 2);
    assert_eq!(walk(&mut lab, "&severity=critical").len(), 40);
    assert_eq!(walk(&mut lab, "&type=anomaly_detected").len(), 20);
    assert_eq!(walk(&mut lab, "&since=2026-11-21T01:30:00Z").len(), 30);
    assert_eq!(walk(&mut lab, "&until=2026-11-21T01:29:59Z").len(), 30);
    let summary = lab.get("/insights/summary");
    assert_eq!(
        (&summary["total"], &summary["bySeverity"]["critical"]),
        (&json!(60), &json!(40)),
        "{summary}"
    );
    let id = all[0]["insightId"].as_str().unwrap();
    let (status, seen_to) =
        lab.call("POST", &format!("/insights/{id}/acknowledge"), &json!({"note": "on it"}));
    assert_eq!(
        (status, &seen_to["review"]["by"], &seen_to["review"]["tenant"]),
        (200, &json!("grace"), &json!(TENANT))
    );
    assert_eq!(walk(&mut lab, "&status=acknowledged").len(), 1);
}

/// Who reviews an insight while the analysis writes it gets through, and neither's word is lost.
#[test]
fn a_review_and_the_analysis_do_not_overwrite_each_other() {
    let mut lab = Lab::new(74);
    report(&mut lab, &[metric("db-1", 0, &broken())]);
    settle(&mut lab);
    let id = lab.get("/insights")["insights"][0]["insightId"].as_str().unwrap().to_owned();
    lab.fault("dynamodb:TransactWriteItems:1:stale");
    let (status, answer) =
        lab.call("POST", &format!("/insights/{id}/acknowledge"), &json!({"note": "on it"}));
    assert_eq!(status, 200, "{answer}");
    report(&mut lab, &[metric("db-1", 60, &broken())]);
    settle(&mut lab);
    let insight = lab.get(&format!("/insights/{id}"));
    assert_eq!(
        (&insight["count"], &insight["status"], &insight["review"]["note"]),
        (&json!(2), &json!("acknowledged"), &json!("on it"))
    );
}

/// Of one request, whatever the order in it and whatever the store makes of it: the detectors see a host's samples in the order
/// of time.
#[test]
fn the_metrics_of_one_request_are_analysed_in_the_order_of_time() {
    for fault in [
        "",
        "dynamodb:BatchWriteItem:1:partly",
        "dynamodb:BatchWriteItem:3:timeout",
        "dynamodb:BatchWriteItem:2:throttled",
    ] {
        let mut lab = Lab::new(72);
        if !fault.is_empty() {
            lab.fault(fault);
        }
        let metrics: Vec<Value> = (0..60)
            .rev()
            .flat_map(|step| ["a", "b", "c"].map(|host| metric(host, step * 20, &json!({}))))
            .collect();
        report(&mut lab, &metrics);
        settle(&mut lab);
        let outcome = outcome(lab.world());
        for host in ["a", "b", "c"] {
            assert_eq!(outcome.counted[host], (60, START + 1_180), "{host}, {fault}");
        }
    }
}
