use super::*;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

/// A refusal as the SDK hands it over.
pub(crate) fn said(status: u16, code: &str, message: &str) -> SdkError<ErrorMetadata, HttpResponse> {
    let mut error = ErrorMetadata::builder();
    if !code.is_empty() {
        error = error.code(code);
    }
    if !message.is_empty() {
        error = error.message(message);
    }
    let response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
    SdkError::service_error(error.build(), response)
}

/// What a service's refusal is told as, of a call that looks or one that changes something by the operation's name, and
/// without an earlier try.
pub(crate) fn told(
    service: Service,
    operation: &'static str,
    status: u16,
    code: &str,
    message: &str,
) -> CloudErrorKind {
    let call = Call { service, operation, resource: "r" };
    let error = said(status, code, message);
    let looks =
        ["Describe", "Get", "List", "BatchGet", "Sign"].iter().any(|verb| operation.starts_with(verb));
    if looks { call.unseen(&error).kind } else { call.undone(&error, &Doubt::default()).kind }
}

const PLAIN: Service = Service { name: "plain", table: |_| None };

fn plain_call() -> Call<'static> {
    Call { service: PLAIN, operation: "Do", resource: "r" }
}

#[test]
fn codes_are_alike_in_every_protocol() {
    for code in
        ["ThrottlingException", "com.amazon.coral.availability#ThrottlingException", "Throttling:http://x"]
    {
        assert_eq!(plain(code), "Throttling");
    }
    assert_eq!(plain("DBClusterNotFoundFault"), "DBClusterNotFound");
}

#[test]
fn a_failure_of_the_service_after_which_nobody_knows_is_unknown_only_where_something_changes() {
    for (status, looking, changing) in [
        (500, CloudErrorKind::Unavailable, CloudErrorKind::Unknown),
        (502, CloudErrorKind::Unavailable, CloudErrorKind::Unknown),
        (503, CloudErrorKind::Unavailable, CloudErrorKind::Unknown),
        (200, CloudErrorKind::Unavailable, CloudErrorKind::Unknown),
        (429, CloudErrorKind::Throttled, CloudErrorKind::Throttled),
        (403, CloudErrorKind::Denied, CloudErrorKind::Denied),
        (400, CloudErrorKind::Invalid, CloudErrorKind::Invalid),
    ] {
        let error = said(status, "", "");
        assert_eq!(plain_call().unseen(&error).kind, looking, "{status}");
        assert_eq!(plain_call().undone(&error, &Doubt::default()).kind, changing, "{status}");
    }
}

#[test]
fn no_answer_to_a_change_is_unknown() {
    type Failed = SdkError<ErrorMetadata, HttpResponse>;
    let cut = HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::empty());
    let failures: [Failed; 4] = [
        SdkError::timeout_error("25 s are over"),
        SdkError::dispatch_failure(ConnectorError::timeout("read timeout".into())),
        SdkError::dispatch_failure(ConnectorError::io("connection reset".into())),
        SdkError::response_error("unexpected end", cut),
    ];
    for error in failures {
        assert_eq!(plain_call().undone(&error, &Doubt::default()).kind, CloudErrorKind::Unknown, "{error:?}");
        assert_eq!(plain_call().unseen(&error).kind, CloudErrorKind::Unavailable, "{error:?}");
    }
    let wrong: Failed = SdkError::construction_failure("endpointName was not set");
    assert_eq!(plain_call().undone(&wrong, &Doubt::default()).kind, CloudErrorKind::Invalid);
}

#[test]
fn after_a_lost_answer_only_how_things_are_now_is_believed() {
    let lost = Doubt::default();
    lost.raise();
    for (code, sure, doubted) in [
        ("ThrottlingException", CloudErrorKind::Throttled, CloudErrorKind::Unknown),
        ("ExpiredTokenException", CloudErrorKind::Denied, CloudErrorKind::Unknown),
        ("ServiceQuotaExceededException", CloudErrorKind::Quota, CloudErrorKind::Unknown),
        ("ValidationException", CloudErrorKind::Invalid, CloudErrorKind::Unknown),
        ("ResourceNotFoundException", CloudErrorKind::NotFound, CloudErrorKind::NotFound),
        ("AlreadyExistsException", CloudErrorKind::AlreadyExists, CloudErrorKind::AlreadyExists),
        ("ResourceInUseException", CloudErrorKind::Busy, CloudErrorKind::Busy),
    ] {
        let error = said(400, code, "");
        assert_eq!(plain_call().undone(&error, &Doubt::default()).kind, sure, "{code}");
        assert_eq!(plain_call().undone(&error, &lost).kind, doubted, "{code}");
    }
}

#[test]
fn of_a_change_in_several_calls_a_later_refusal_does_not_speak_for_the_first() {
    let half = |kind| half_done(plain_call().refuse(kind, "")).kind;
    assert_eq!(half(CloudErrorKind::Throttled), CloudErrorKind::Unknown);
    assert_eq!(half(CloudErrorKind::Unavailable), CloudErrorKind::Unknown);
    assert_eq!(half(CloudErrorKind::Quota), CloudErrorKind::Quota);
}

#[test]
fn the_message_keeps_the_services_words() {
    let error = plain_call().unseen(&said(400, "ThrottlingException", "Rate exceeded"));
    assert_eq!(error.to_string(), "plain Do on `r`: Throttling: Rate exceeded");
}
