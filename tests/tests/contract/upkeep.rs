//! What the template says for those who look after the system: alarms, letters that were not delivered, logs, tables
//! that outlive mistakes, and where each function is built.

use capstan_tests::workspace;
use serde_norway::{Mapping, Value};
use std::collections::BTreeSet;

fn resources() -> Mapping {
    let template: Value = serde_norway::from_str(&workspace::text("template.yaml")).unwrap();
    template["Resources"].as_mapping().unwrap().clone()
}

fn of_type(kind: &str) -> Vec<(String, Value)> {
    let all = resources().into_iter().filter(|(_, node)| node["Type"] == kind);
    all.map(|(id, node)| (id.as_str().unwrap_or_default().to_owned(), node)).collect()
}

/// What stands behind a tag, or the text itself.
fn written(node: &Value) -> &str {
    match node {
        Value::Tagged(tagged) => written(&tagged.value),
        other => other.as_str().unwrap_or_default(),
    }
}

#[test]
fn every_function_is_built_from_its_own_folder() {
    for (id, node) in of_type("AWS::Serverless::Function") {
        let binary = written(&node["Metadata"]["BuildProperties"]["Binary"]);
        let wanted = format!("{}/", workspace::family_of(binary).0);
        assert_eq!(written(&node["Properties"]["CodeUri"]), wanted, "template.yaml: the CodeUri of {id}");
    }
}

#[test]
fn every_function_writes_to_a_log_group_that_is_kept_for_a_time() {
    let groups = of_type("AWS::Logs::LogGroup");
    for (id, node) in &groups {
        assert_eq!(
            written(&node["Properties"]["RetentionInDays"]),
            "LogRetentionDays",
            "template.yaml: {id}"
        );
    }
    let groups: BTreeSet<&str> = groups.iter().map(|(id, _)| id.as_str()).collect();
    for (id, node) in of_type("AWS::Serverless::Function") {
        let group = written(&node["Properties"]["LoggingConfig"]["LogGroup"]);
        assert!(groups.contains(group), "template.yaml: {id} needs a LogGroup of its own, not `{group}`");
    }
}

#[test]
fn every_table_can_be_brought_back_and_is_not_deleted_by_mistake() {
    for (id, node) in of_type("AWS::DynamoDB::Table") {
        let of = &node["Properties"];
        assert_eq!(node["DeletionPolicy"], "RetainExceptOnCreate", "template.yaml: {id}");
        assert_eq!(node["UpdateReplacePolicy"], "Retain", "template.yaml: {id}");
        assert_eq!(
            of["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true,
            "template.yaml: {id}"
        );
        assert_eq!(of["SSESpecification"]["SSEEnabled"], true, "template.yaml: {id}");
        assert!(
            of.get("DeletionProtectionEnabled").is_some(),
            "template.yaml: {id} needs DeletionProtectionEnabled"
        );
    }
}

/// An alarm reckons with ten metrics at most, so functions are in groups: none may be in no group.
#[test]
fn every_function_is_in_an_alarm_about_errors() {
    let alarms = of_type("AWS::CloudWatch::Alarm");
    let mut watched = BTreeSet::new();
    for (id, node) in &alarms {
        let metrics = node["Properties"].get("Metrics").and_then(Value::as_sequence);
        let metrics: Vec<&Value> =
            metrics.into_iter().flatten().filter(|metric| metric.get("MetricStat").is_some()).collect();
        assert!(metrics.len() <= 10, "template.yaml: {id} reckons with {} metrics", metrics.len());
        let errors = metrics
            .iter()
            .map(|metric| &metric["MetricStat"]["Metric"])
            .filter(|metric| metric["MetricName"] == "Errors");
        watched.extend(errors.map(|metric| written(&metric["Dimensions"][0]["Value"]).to_owned()));
    }
    let mut functions: BTreeSet<String> =
        of_type("AWS::Serverless::Function").into_iter().map(|(id, _)| id).collect();
    // A refused token is an error of the authorizer's: anybody could raise the alarm. Broken, it makes 503s, which count.
    functions.remove("AuthorizerFunction");
    assert_eq!(
        watched, functions,
        "template.yaml: alarms about errors (left) must have every function but the authorizer (right)"
    );
}

#[test]
fn every_dead_letter_has_a_queue_and_every_queue_an_alarm() {
    let alarms = of_type("AWS::CloudWatch::Alarm");
    for (queue, _) in of_type("AWS::SQS::Queue") {
        let about = |(_, node): &(String, Value)| {
            node["Properties"]
                .get("Dimensions")
                .is_some_and(|dimensions| written(&dimensions[0]["Value"]) == format!("{queue}.QueueName"))
        };
        assert!(alarms.iter().any(about), "template.yaml: add an alarm for what is in {queue}");
    }
    for (id, node) in of_type("AWS::Serverless::Function") {
        let events = node["Properties"].get("Events").and_then(Value::as_mapping);
        let alone: Vec<&Value> = events
            .into_iter()
            .flatten()
            .map(|(_, event)| event)
            .filter(|event| event["Type"] != "Api")
            .filter(|event| event["Type"] != "DynamoDB" || !is_seen_to(&id, &event["Properties"]))
            .collect();
        for event in &alone {
            let event = &event["Properties"];
            assert!(
                event.get("DeadLetterConfig").is_some(),
                "template.yaml: {id}: an event needs a DeadLetterConfig"
            );
            assert!(event.get("RetryPolicy").is_some(), "template.yaml: {id}: an event needs a RetryPolicy");
        }
        let queue = node["Properties"].get("DeadLetterQueue").is_some();
        assert_eq!(
            queue,
            !alone.is_empty(),
            "template.yaml: {id}: what is called by events has a DeadLetterQueue"
        );
    }
}

/// A stream that gives up names what it gave up in a queue, after a number of tries and an age; the function itself has no
/// queue, since nobody invokes it and goes away.
fn is_seen_to(id: &str, event: &Value) -> bool {
    let queue = written(&event["DestinationConfig"]["OnFailure"]["Destination"]);
    assert!(
        queue.ends_with("DeadLetters.Arn"),
        "template.yaml: {id}: a stream needs a queue for what is given up"
    );
    for limit in ["MaximumRetryAttempts", "MaximumRecordAgeInSeconds"] {
        assert!(
            event[limit].as_u64().is_some_and(|limit| limit > 0),
            "template.yaml: {id}: a stream needs {limit}"
        );
    }
    assert_eq!(event["BisectBatchOnFunctionError"], true, "template.yaml: {id}");
    assert_eq!(event["FunctionResponseTypes"][0], "ReportBatchItemFailures", "template.yaml: {id}");
    true
}

#[test]
fn every_alarm_says_what_to_do_and_stands_in_the_one_for_all() {
    let all = of_type("AWS::CloudWatch::CompositeAlarm");
    let all = all.iter().find(|(id, _)| id == "HealthAlarm");
    let (_, all) = all.unwrap_or_else(|| panic!("template.yaml: there is no alarm for all"));
    let rule = written(&all["Properties"]["AlarmRule"]);
    let alarms = of_type("AWS::CloudWatch::Alarm");
    for (id, node) in &alarms {
        let of = &node["Properties"];
        let name = written(&of["AlarmName"]);
        // Those whose names depend on the environment are referred to.
        let named =
            rule.contains(&format!("ALARM(\"{name}\")")) || rule.contains(&format!("ALARM(\"${{{id}}}\")"));
        assert!(named, "template.yaml: HealthAlarm lacks {id}");
        assert!(written(&of["AlarmDescription"]).len() > 60, "template.yaml: {id}: say what to do");
    }
    assert_eq!(
        rule.matches("ALARM(").count(),
        alarms.len(),
        "template.yaml: HealthAlarm names what is not there"
    );
    assert_eq!(written(&all["Properties"]["AlarmActions"][0]), "AlertTopic", "template.yaml: HealthAlarm");
}

/// So does the one about audits that were altered.
#[test]
fn a_broken_audit_is_found_in_the_logs_by_the_words_that_are_written() {
    let filters = of_type("AWS::Logs::MetricFilter");
    let of_it = |node: &Value| written(&node["Properties"]["LogGroupName"]) == "SealAuditLogGroup";
    let (_, filter) = filters.iter().find(|(_, node)| of_it(node)).unwrap();
    let round = "{ $.message = \"The round is done.\" && $.report = %broken.{2,3}[1-9]% }";
    assert_eq!(written(&filter["Properties"]["FilterPattern"]), round);
    let source = workspace::text("crates/tier/seal-audit/src/lib.rs");
    assert!(
        source.contains("\"broken\": broken"),
        "seal-audit and its MetricFilter must have the same words"
    );
}

/// The key outlives the stack as what it has signed does; only one function may sign, and it may do nothing else to it.
#[test]
fn only_the_function_that_seals_may_sign() {
    let keys = of_type("AWS::KMS::Key");
    let [(_, key)] = keys.as_slice() else { panic!("template.yaml: there is one key, not {}", keys.len()) };
    assert_eq!(key["DeletionPolicy"], "Retain");
    assert_eq!(key["UpdateReplacePolicy"], "Retain");
    let policy = key["Properties"]["KeyPolicy"]["Statement"].as_sequence().unwrap();
    let deny = policy.iter().find(|statement| statement["Effect"] == "Deny").unwrap();
    assert_eq!(deny["Action"], "kms:Sign");
    let exempt = &deny["Condition"]["ArnNotEquals"]["aws:PrincipalArn"];
    assert_eq!(written(exempt), "SealAuditFunctionRole.Arn");
    let (roles, _) = crate::roles::read();
    for (function, rights) in roles {
        let signs = rights.iter().any(|right| right.action == "kms:Sign");
        assert_eq!(signs, function == "seal-audit", "template.yaml: {function}");
    }
}

/// Whoever writes entries may not take seals away, or put any; whoever makes seals may not write entries.
#[test]
fn only_the_function_that_seals_may_write_seals() {
    let (roles, _) = crate::roles::read();
    let writes = |action: &str| {
        !["dynamodb:GetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"].contains(&action)
    };
    let mut sealing = Vec::new();
    for (function, rights) in roles {
        let of = |table: &str| {
            rights.iter().filter(|right| right.table == table).any(|right| writes(&right.action))
        };
        assert!(!(of("cato_tier_audit") && of("cato_tier_seal")), "template.yaml: {function}");
        if of("cato_tier_seal") {
            sealing.push(function);
        }
    }
    assert_eq!(sealing, ["seal-audit"], "template.yaml");
}

/// The alarm about stuck changes reads logs, so it depends on their words.
#[test]
fn a_stuck_change_is_found_in_the_logs_by_the_words_that_are_written() {
    let filters = of_type("AWS::Logs::MetricFilter");
    let pattern = |group: &str| {
        let found = filters.iter().find(|(_, node)| written(&node["Properties"]["LogGroupName"]) == group);
        let (_, node) = found.unwrap_or_else(|| panic!("template.yaml: add a MetricFilter on {group}"));
        written(&node["Properties"]["FilterPattern"]).to_owned()
    };
    let run = workspace::text("crates/lambda/src/run.rs");
    let why = "crates/lambda/src/run.rs and the MetricFilters of template.yaml must have the same words";
    assert!(
        run.contains("\"The step answered {answer:?}.\"") && run.contains("\"The round is done.\""),
        "{why}"
    );
    let answer = format!("The step answered {:?}.", tier_steps::Answer::Stuck);
    assert_eq!(pattern("TransitionFailedLogGroup"), format!("{{ $.message = \"{answer}\" }}"), "{why}");
    let round = "{ $.message = \"The round is done.\" && $.report = %stuck.{2,3}[1-9]% }";
    assert_eq!(pattern("ReconcileTransitionsLogGroup"), round, "{why}");
    let report = reconcile_transitions::Report { stuck: 1, ..Default::default() }.to_json().to_string();
    assert!(report.contains("stuck\":1"), "{report}: {why}");
}

/// `CloudWatch` refuses or ignores what these break: more than ten metrics, rules of more than 10240 characters, a composite over
/// what is not there; and a metric under dimensions that its service does not publish tells nothing, for ever.
#[test]
fn every_alarm_is_one_that_can_tell_something() {
    let known: [(&str, &[&str]); 7] = [
        ("AWS/Lambda", &["FunctionName"]),
        ("AWS/ApiGateway", &["ApiName", "Stage"]),
        ("AWS/DynamoDB", &["TableName"]),
        ("AWS/DynamoDB", &["TableName", "Operation"]),
        ("AWS/SQS", &["QueueName"]),
        ("AWS/States", &["StateMachineArn"]),
        ("Capstan", &[]),
    ];
    // Published by operation alone, so that without it there is nothing.
    let by_operation = ["ThrottledRequests", "SystemErrors", "SuccessfulRequestLatency"];
    for (id, node) in of_type("AWS::CloudWatch::Alarm") {
        let of = &node["Properties"];
        let mut metrics = Vec::new();
        for query in of.get("Metrics").and_then(Value::as_sequence).into_iter().flatten() {
            metrics.extend(query.get("MetricStat").map(|stat| &stat["Metric"]));
        }
        if of.get("Metrics").is_none() {
            metrics.push(of);
        }
        assert!(
            (1..=10).contains(&metrics.len()),
            "template.yaml: {id} reckons with {} metrics",
            metrics.len()
        );
        for metric in metrics {
            let dimensions: Vec<&str> = metric
                .get("Dimensions")
                .and_then(Value::as_sequence)
                .into_iter()
                .flatten()
                .map(|one| one["Name"].as_str().unwrap())
                .collect();
            let (namespace, name) = (written(&metric["Namespace"]), written(&metric["MetricName"]));
            let fits = known.iter().any(|(of, names)| namespace.starts_with(of) && dimensions == *names);
            assert!(fits, "template.yaml: {id}: nobody publishes {namespace} {name} by {dimensions:?}");
            let has = dimensions.contains(&"Operation");
            assert_eq!(has, by_operation.contains(&name), "template.yaml: {id}: {name} by {dimensions:?}");
        }
    }
    let alarms: BTreeSet<String> = of_type("AWS::CloudWatch::Alarm").into_iter().map(|(id, _)| id).collect();
    for (id, node) in of_type("AWS::CloudWatch::CompositeAlarm") {
        let rule = written(&node["Properties"]["AlarmRule"]);
        assert!(
            (1..=10_240).contains(&rule.len()),
            "template.yaml: the rule of {id} has {} characters",
            rule.len()
        );
        let referred = rule.split("${").skip(1).filter_map(|rest| rest.split('}').next());
        for name in referred.filter(|name| *name != "Environment") {
            assert!(alarms.contains(name), "template.yaml: {id} is made of {name}, which is none");
        }
    }
}

/// The names of the facts page stand in the template, without a suffix in production alone (docs/decisions/0032).
#[test]
fn the_alarms_of_iops_have_the_runbook_s_names_in_production() {
    let named = |kind: &str, property: &str| {
        let all = of_type(kind).into_iter().filter_map(|(_, node)| {
            let Value::Tagged(tagged) = &node["Properties"][property] else { return None };
            let parts = tagged
                .value
                .as_sequence()
                .filter(|parts| tagged.tag == "If" && parts[0] == "IsProduction")?;
            let (production, other) = (parts[1].as_str()?.to_owned(), written(&parts[2]).to_owned());
            assert_eq!(other, format!("{production}-${{Environment}}"));
            Some(production)
        });
        all.collect::<BTreeSet<_>>()
    };
    let alarms = [
        "IOps-ApiGateway-5xxErrors",
        "IOps-DynamoDB-Throttles-Metrics",
        "IOps-Lambda-HighDuration",
        "IOps-Lambda-HighErrorRate",
        "IOps-Lambda-Throttles",
    ];
    assert_eq!(named("AWS::CloudWatch::Alarm", "AlarmName"), alarms.map(str::to_owned).into());
    let composite = named("AWS::CloudWatch::CompositeAlarm", "AlarmName");
    assert_eq!(composite, ["IOps-Critical-System-Issues".to_owned()].into());
    let dashboard = named("AWS::CloudWatch::Dashboard", "DashboardName");
    assert_eq!(dashboard, ["IOps-System-Dashboard".to_owned()].into());
}

/// A dashboard that is no JSON is refused at deployment, and a widget without dimensions shows the whole account, or nothing.
#[test]
fn every_widget_of_the_dashboard_has_its_dimensions() {
    let dashboards = of_type("AWS::CloudWatch::Dashboard");
    let [(_, dashboard)] = dashboards.as_slice() else { panic!("template.yaml: there is one dashboard") };
    let body = written(&dashboard["Properties"]["DashboardBody"]);
    let body: serde_json::Value =
        serde_json::from_str(body).expect("template.yaml: the dashboard's body is JSON");
    let widgets = body["widgets"].as_array().unwrap();
    let mut places = BTreeSet::new();
    for widget in widgets {
        let title = &widget["properties"]["title"];
        assert!(places.insert((widget["x"].as_u64(), widget["y"].as_u64())), "{title} is where another is");
        assert!(
            widget["x"].as_u64().unwrap() + widget["width"].as_u64().unwrap() <= 24,
            "{title} is too wide"
        );
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let words = metric.as_array().unwrap().iter().filter(|word| word.is_string()).count();
            assert!(words >= 4 && words % 2 == 0, "{title}: {metric} has no dimensions");
        }
    }
    assert_eq!(widgets.len(), 14, "what the facts page lists");
}
