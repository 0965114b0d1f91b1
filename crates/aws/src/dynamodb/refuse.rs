//! How the store says no.

use crate::doubt::{Doubt, status_leaves_doubt};
use crate::refusal::{Failure, failure, plain, words};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use capstan_core::ports::StoreError;
use std::error::Error;

/// A read that failed: nothing was changed by it.
pub(super) fn unread<E>(error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match refused(error) {
        StoreError::Unknown(words) => StoreError::Unavailable(words),
        refused => refused,
    }
}

/// A transaction that failed.
pub(super) fn unwritten(
    error: &SdkError<TransactWriteItemsError, HttpResponse>,
    doubt: &Doubt,
) -> StoreError {
    let cancelled = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            reason(cancelled.cancellation_reasons())
        }
        _ => None,
    };
    doubted(cancelled.unwrap_or_else(|| refused(error)), doubt)
}

/// A put that failed. It bears no token: where an earlier try may have been written, its condition may have failed by that.
pub(super) fn not_put(error: &SdkError<PutItemError, HttpResponse>, doubt: &Doubt) -> StoreError {
    let refusal = match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(_)) => StoreError::ConditionFailed(0),
        _ => refused(error),
    };
    doubted_put(refusal, doubt)
}

fn doubted_put(refusal: StoreError, doubt: &Doubt) -> StoreError {
    match refusal {
        StoreError::ConditionFailed(_) if doubt.raised() => {
            StoreError::Unknown(format!("an earlier try of this put got no answer; then: {refusal}"))
        }
        refusal => doubted(refusal, doubt),
    }
}

/// A batch of puts that failed.
pub(super) fn unput<E>(error: &SdkError<E, HttpResponse>, doubt: &Doubt) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    doubted(refused(error), doubt)
}

/// What a refusal of the last try is worth when an earlier one may have happened. A condition that fails is believed:
/// the transaction's token stands for all tries, so had one of them been written, this one would have succeeded.
fn doubted(refusal: StoreError, doubt: &Doubt) -> StoreError {
    match refusal {
        StoreError::Throttled
        | StoreError::Conflict
        | StoreError::Unavailable(_)
        | StoreError::Invalid(_)
            if doubt.raised() =>
        {
            StoreError::Unknown(format!("an earlier try of this transaction got no answer; then: {refusal}"))
        }
        refusal => refusal,
    }
}

/// What a transaction was given up for. A condition that does not hold weighs most: repeating won't help.
fn reason(reasons: &[CancellationReason]) -> Option<StoreError> {
    let first = |codes: &[&str]| {
        reasons.iter().position(|reason| reason.code().is_some_and(|code| codes.contains(&code)))
    };
    if let Some(index) = first(&["ConditionalCheckFailed"]) {
        return Some(StoreError::ConditionFailed(index));
    }
    if let Some(index) = first(&["ValidationError", "ItemCollectionSizeLimitExceeded"]) {
        let message = reasons[index].message().unwrap_or("no message");
        return Some(StoreError::Invalid(format!("write {index}: {message}")));
    }
    if first(&["TransactionConflict", "DuplicateItem"]).is_some() {
        return Some(StoreError::Conflict);
    }
    first(&["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"])
        .map(|_| StoreError::Throttled)
}

fn refused<E>(error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.code().map(plain).unwrap_or_default();
    let text = words(error, code, error.message().unwrap_or_default());
    match (failure(error), code) {
        (Failure::NotSent, _) => StoreError::Unavailable(text),
        (Failure::NotSendable, _) => StoreError::Invalid(text),
        // The transaction of this token is still under way.
        (Failure::NoAnswer, _) | (_, "TransactionInProgress") => StoreError::Unknown(text),
        (_, "TransactionConflict") => StoreError::Conflict,
        (
            _,
            "ProvisionedThroughputExceeded"
            | "Throttling"
            | "ThrottlingError"
            | "RequestLimitExceeded"
            | "TooManyRequests",
        )
        | (Failure::Said(429), _) => StoreError::Throttled,
        (_, "RequestTimeout") => StoreError::Unknown(text),
        (Failure::Said(status), _) if status_leaves_doubt(status) => StoreError::Unknown(text),
        (Failure::Said(_), _) => StoreError::Invalid(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::said;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn a_cancelled_transaction_says_why() {
        for (codes, expected) in [
            (
                vec!["None", "ConditionalCheckFailed", "ConditionalCheckFailed"],
                StoreError::ConditionFailed(1),
            ),
            (vec!["TransactionConflict", "ConditionalCheckFailed"], StoreError::ConditionFailed(1)),
            (vec!["None", "TransactionConflict"], StoreError::Conflict),
            (vec!["ThrottlingError", "None"], StoreError::Throttled),
            (vec!["ProvisionedThroughputExceeded"], StoreError::Throttled),
            (vec!["None", "ValidationError"], StoreError::Invalid("write 1: no message".to_owned())),
        ] {
            assert_eq!(reason(&reasons(&codes)), Some(expected), "{codes:?}");
        }
        assert_eq!(reason(&reasons(&["None"])), None);
    }

    #[test]
    fn after_a_lost_answer_only_a_failed_condition_is_believed() {
        let lost = Doubt::default();
        lost.raise();
        let invalid = StoreError::Invalid("the token has expired".to_owned());
        for refusal in [StoreError::Throttled, StoreError::Conflict, invalid] {
            assert_eq!(doubted(refusal.clone(), &Doubt::default()), refusal);
            assert!(matches!(doubted(refusal, &lost), StoreError::Unknown(_)));
        }
        assert_eq!(doubted(StoreError::ConditionFailed(1), &lost), StoreError::ConditionFailed(1));
        let failed = StoreError::ConditionFailed(0);
        assert_eq!(doubted_put(failed.clone(), &Doubt::default()), failed, "nothing was lost");
        assert!(matches!(doubted_put(failed, &lost), StoreError::Unknown(_)), "it has no token");
        assert!(matches!(doubted_put(StoreError::Throttled, &lost), StoreError::Unknown(_)));
    }

    #[test]
    fn refusals_mean_what_they_say() {
        type Is = fn(&StoreError) -> bool;
        let table: [(u16, &str, Is); 10] = [
            (400, "ProvisionedThroughputExceededException", |it| matches!(it, StoreError::Throttled)),
            (400, "ThrottlingException", |it| matches!(it, StoreError::Throttled)),
            (400, "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded", |it| {
                matches!(it, StoreError::Throttled)
            }),
            (400, "TransactionConflictException", |it| matches!(it, StoreError::Conflict)),
            (400, "TransactionInProgressException", |it| matches!(it, StoreError::Unknown(_))),
            (400, "IdempotentParameterMismatchException", |it| matches!(it, StoreError::Invalid(_))),
            (400, "ResourceNotFoundException", |it| matches!(it, StoreError::Invalid(_))),
            (400, "ValidationException", |it| matches!(it, StoreError::Invalid(_))),
            (500, "InternalServerError", |it| matches!(it, StoreError::Unknown(_))),
            (503, "ServiceUnavailable", |it| matches!(it, StoreError::Unknown(_))),
        ];
        for (status, code, is) in table {
            let refused = refused(&said(status, code, "words"));
            assert!(is(&refused), "{status} {code}: {refused:?}");
        }
        assert!(matches!(unread(&said(500, "InternalServerError", "")), StoreError::Unavailable(_)));
    }
}
