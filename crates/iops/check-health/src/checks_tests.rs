use super::*;
use crate::overall;
use capstan_core::ports::{CloudErrorKind, Protocol, Tags};
use capstan_core::time::Timestamp;

fn verdicts<T>(say: impl Fn(T) -> Said, cases: impl IntoIterator<Item = (T, Verdict)>) {
    for (number, (seen, expected)) in cases.into_iter().enumerate() {
        let (verdict, shown, remedy) = say(seen);
        assert_eq!(verdict, expected, "case {number}: {shown}");
        assert_eq!(remedy.is_some(), verdict != Verdict::Ok, "what is not well has a remedy: {shown}");
    }
}

#[test]
fn a_function_is_well_when_it_runs_what_was_deployed() {
    let vitals = |state: &str, last_update: &str| {
        Some(FunctionVitals { state: state.into(), last_update: last_update.into(), reason: None })
    };
    verdicts(
        |seen: Option<FunctionVitals>| running(seen.as_ref()),
        [
            (vitals("Active", "Successful"), Verdict::Ok),
            (vitals("Active", "InProgress"), Verdict::Warning),
            (vitals("Active", "Failed"), Verdict::Warning),
            (vitals("Inactive", "Successful"), Verdict::Warning),
            (vitals("Pending", "InProgress"), Verdict::Warning),
            (vitals("Failed", "Successful"), Verdict::Failed),
            (vitals("", ""), Verdict::Failed),
            (None, Verdict::Failed),
        ],
    );
}

#[test]
fn a_table_that_can_t_be_brought_back_is_not_well() {
    let vitals = |status: &str, point_in_time_recovery, time_to_live| {
        Some(TableVitals { status: status.into(), point_in_time_recovery, time_to_live })
    };
    verdicts(
        |seen: Option<TableVitals>| kept(seen.as_ref()),
        [
            (vitals("ACTIVE", true, true), Verdict::Ok),
            (vitals("UPDATING", true, true), Verdict::Warning),
            (vitals("ACTIVE", true, false), Verdict::Warning),
            (vitals("ACTIVE", false, true), Verdict::Failed),
            (vitals("UPDATING", false, false), Verdict::Failed),
            (vitals("CREATING", true, true), Verdict::Failed),
            (vitals("ARCHIVED", true, true), Verdict::Failed),
            (None, Verdict::Failed),
        ],
    );
}

fn alarm(name: &str, state: AlarmState, reason: &str) -> Alarm {
    let (name, reason) = (name.to_owned(), reason.to_owned());
    Alarm { name, state, reason, since: Timestamp::from_millis(0), actions: Vec::new() }
}

#[test]
fn an_alarm_that_rings_is_told_from_one_that_is_tested() {
    use AlarmState::{Alarm as Rings, InsufficientData, Ok as Quiet};
    verdicts(
        |all: Vec<Alarm>| quiet(&all),
        [
            (vec![alarm("a", Quiet, ""), alarm("b", InsufficientData, "")], Verdict::Ok),
            (vec![alarm("a", Rings, TEST_MARK)], Verdict::Warning),
            (vec![alarm("a", Rings, TEST_MARK), alarm("b", Rings, "threshold crossed")], Verdict::Failed),
            (vec![alarm("a", Quiet, TEST_MARK)], Verdict::Ok),
            (Vec::new(), Verdict::Failed),
        ],
    );
}

#[test]
fn who_has_not_confirmed_hears_of_nothing() {
    let one = |arn: Option<&str>| Subscription {
        arn: arn.map(str::to_owned),
        protocol: Protocol::Email,
        endpoint: "a@example.com".to_owned(),
    };
    verdicts(
        |all: Vec<Subscription>| subscribed(&all),
        [
            (vec![one(Some("arn"))], Verdict::Ok),
            (vec![one(Some("arn")), one(None)], Verdict::Warning),
            (vec![one(None)], Verdict::Failed),
            (Vec::new(), Verdict::Failed),
        ],
    );
}

#[test]
fn an_endpoint_need_not_be_there_and_must_not_have_failed() {
    let endpoint = |status| {
        Some(Endpoint {
            status,
            config_name: "iops-config-1".to_owned(),
            current_instances: 1,
            desired_instances: 2,
            failure_reason: None,
            tags: Tags::new(),
        })
    };
    verdicts(
        |seen: Option<Endpoint>| serving(seen.as_ref()),
        [
            (None, Verdict::Ok),
            (endpoint(EndpointStatus::InService), Verdict::Ok),
            (endpoint(EndpointStatus::Updating), Verdict::Warning),
            (endpoint(EndpointStatus::Failed), Verdict::Failed),
            (endpoint(EndpointStatus::Deleting), Verdict::Failed),
        ],
    );
}

#[test]
fn what_could_not_be_looked_at_is_never_well() {
    let error = CloudError {
        kind: CloudErrorKind::Denied,
        service: "lambda",
        operation: "GetFunctionConfiguration",
        resource: "f".to_owned(),
        message: "a message that is not shown".to_owned(),
    };
    let (verdict, seen, remedy) = said(Err::<(), _>(error), |()| well("well"));
    assert_eq!(verdict, Verdict::Unknown);
    assert!(
        seen.contains("lambda:GetFunctionConfiguration") && !seen.contains("message") && remedy.is_some()
    );
    let of = |verdict| check("table", "t", (verdict, String::new(), None));
    assert_eq!(overall(&[]), Verdict::Unknown);
    assert_eq!(overall(&[of(Verdict::Ok), of(Verdict::Unknown), of(Verdict::Warning)]), Verdict::Unknown);
    assert_eq!(overall(&[of(Verdict::Failed), of(Verdict::Unknown)]), Verdict::Failed);
}
