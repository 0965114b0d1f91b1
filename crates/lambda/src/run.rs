//! Serving events, one at a time, until Lambda stops the function.

use crate::metric::{Stopwatch, emit};
use crate::start::{Start, StartError};
#[cfg(feature = "http")]
use capstan_core::ports::{Clock, Store};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};
#[cfg(feature = "http")]
use std::time::Duration;
use tier_steps::{Answer, StepError, StepInput};

/// What API Gateway must be told for a 401.
const UNAUTHORIZED: &str = "Unauthorized";

/// Why an authorizer gives no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedAway {
    /// What API Gateway is told.
    pub name: &'static str,
    /// Why, of a closed set: for log and metrics.
    pub reason: &'static str,
    /// The whole chain, for the log where it is the system's own fault.
    pub chain: String,
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl Start {
    /// Serves the events of a step: ids in, a verdict out, an error under its closed name.
    pub async fn run(
        &self,
        step: impl AsyncFn(StepInput) -> Result<Answer, StepError>,
    ) -> Result<(), StartError> {
        self.serve(async |payload| match StepInput::read(payload) {
            Ok(input) => {
                let (tenant, transition) = (input.tenant_id.clone(), input.transition_id.clone());
                // Boxed, here and below: the futures of a whole function in one another are deeper than the compiler goes.
                let result = Box::pin(step(input)).await;
                let function = self.function;
                match &result {
                    Ok(answer) => {
                        tracing::info!(
                            function, tenant.id = %tenant, transition.id = %transition,
                            "The step answered {answer:?}."
                        );
                    }
                    Err(error) => self.complain(error, Some((tenant.as_str(), transition.as_str()))),
                }
                result.map(|answer| json!(answer)).map_err(|error| diagnostic(&error))
            }
            Err(error) => {
                self.complain(&error, None);
                Err(diagnostic(&error))
            }
        })
        .await
    }

    /// Serves a step of a workflow that has an input of its own kind: the event in, a verdict out.
    pub async fn run_event(
        &self,
        step: impl AsyncFn(Value) -> Result<Value, StepError>,
    ) -> Result<(), StartError> {
        self.serve(async |event| {
            // What it is about is an id, and stands in the event.
            let about = event.get("restoreId").and_then(Value::as_str).unwrap_or_default().to_owned();
            let result = Box::pin(step(event)).await;
            match &result {
                Ok(answer) => {
                    tracing::info!(function = self.function, restore.id = %about, "The step answered {answer}.");
                }
                Err(error) => self.complain(error, None),
            }
            result.map_err(|error| diagnostic(&error))
        })
        .await
    }

    /// Serves a function that runs by itself; what calls it does not matter.
    pub async fn run_scheduled(
        &self,
        round: impl AsyncFn() -> Result<Value, StepError>,
    ) -> Result<(), StartError> {
        self.serve(async |_| {
            let result = Box::pin(round()).await;
            match &result {
                Ok(report) => {
                    tracing::info!(function = self.function, report = %report, "The round is done.");
                }
                Err(error) => self.complain(error, None),
            }
            result.map_err(|error| diagnostic(&error))
        })
        .await
    }

    /// Serves a task of a state machine: a payload in, an answer out. An error has its closed name and a message.
    pub async fn run_task(
        &self,
        handle: impl AsyncFn(Value) -> Result<Value, (&'static str, String)>,
    ) -> Result<(), StartError> {
        self.serve(async |event| {
            let result = Box::pin(handle(event)).await;
            match &result {
                Ok(answer) => tracing::info!(function = self.function, answer = %answer, "The step is done."),
                Err((name, message)) => {
                    tracing::warn!(function = self.function, error = name, "The step failed: {message}");
                }
            }
            result.map_err(|(name, error_message)| Diagnostic { error_type: name.to_owned(), error_message })
        })
        .await
    }

    /// Writes what was counted of an arm of a canary, for the dashboard.
    pub fn emit_arm(&self, arm: &str, requests: u64, errors: u64, latencies: &[f64]) {
        let environment = self.environment().get("ENVIRONMENT").map_or("", String::as_str);
        crate::metric::emit_arm(environment, arm, requests, errors, latencies);
    }

    /// Serves a function that is fed by a stream: a batch of records in, those that failed out. An error has its closed name
    /// and a message.
    pub async fn run_stream(
        &self,
        handle: impl AsyncFn(Value) -> Result<Value, (&'static str, String)>,
    ) -> Result<(), StartError> {
        self.serve(async |event| {
            let result = Box::pin(handle(event)).await;
            if let Err((name, message)) = &result {
                tracing::error!(function = self.function, error = name, "The batch failed: {message}");
            }
            result.map_err(|(name, error_message)| Diagnostic { error_type: name.to_owned(), error_message })
        })
        .await
    }

    /// Serves a function behind the API: a proxy event in, a proxy response out; it never fails. `ports` are for what stands
    /// before the handler: rate and idempotency.
    #[cfg(feature = "http")]
    pub async fn run_http(
        &self,
        ports: &(impl Store + Clock),
        handle: impl AsyncFn(api::Request) -> Result<api::Reply, api::Problem>,
    ) -> Result<(), StartError> {
        let guard = api::Guard::read(self.environment())?;
        self.serve(async |event| {
            let line = api::Line::of(&event);
            let answer = Box::pin(api::serve(event, |request| {
                guard.answer(ports, request, |request| handle(request))
            }));
            let response = within(BEHIND_THE_API, answer, api::out_of_time).await;
            line.log(self.function, &response);
            Ok(response)
        })
        .await
    }

    /// Serves pages for people: a proxy event in, a proxy response out; it never fails. Nothing stands before the handler:
    /// the API that it asks has all that itself. `late` is the page for a handler that was not done in time.
    #[cfg(feature = "http")]
    pub async fn run_pages(
        &self,
        late: impl Fn(&Value) -> Value,
        handle: impl AsyncFn(&Value) -> Value,
    ) -> Result<(), StartError> {
        self.serve(async |event| {
            let line = api::Line::of(&event);
            let response = within(BEHIND_THE_API, Box::pin(handle(&event)), || late(&event)).await;
            line.log(self.function, &response);
            Ok(response)
        })
        .await
    }

    /// Serves an authorizer. API Gateway makes 401 of the very message `Unauthorized`, and 500 of any other. Why a caller
    /// was refused is said in the log and in the metrics, and to nobody else.
    pub async fn run_authorizer(
        &self,
        authorize: impl AsyncFn(&Value) -> Result<Value, TurnedAway>,
    ) -> Result<(), StartError> {
        self.serve_as(async |event| {
            let answer = Box::pin(authorize(&event)).await;
            let function = self.function;
            match &answer {
                Ok(policy) => {
                    let said = |name: &str| policy.pointer(name).and_then(Value::as_str).unwrap_or_default();
                    if !said("/context/denied").is_empty() {
                        let (tenant, subject) = (said("/context/tenant"), said("/context/sub"));
                        let why = said("/context/denied");
                        tracing::warn!(function, tenant.id = tenant, subject, "A caller was denied: {why}.");
                    }
                }
                Err(TurnedAway { name: UNAUTHORIZED, reason, .. }) => {
                    tracing::info!(function, reason, "A caller was refused.");
                }
                Err(TurnedAway { name, reason, chain }) => {
                    tracing::error!(function, error = name, reason, "A caller could not be checked: {chain}");
                }
            }
            let outcome = match &answer {
                Ok(policy) if policy.pointer("/context/denied").is_some() => Some("denied"),
                Ok(_) => None,
                Err(away) => Some(away.reason),
            };
            // The chain is for the log alone: the message goes back through API Gateway.
            let answer = answer.map_err(|away| Diagnostic {
                error_type: away.name.to_owned(),
                error_message: away.name.to_owned(),
            });
            (answer, outcome)
        })
        .await
    }

    async fn serve(
        &self,
        handle: impl AsyncFn(Value) -> Result<Value, Diagnostic>,
    ) -> Result<(), StartError> {
        self.serve_as(async |event| (Box::pin(handle(event)).await, None)).await
    }

    /// The same, where the handler says what the outcome is called in the metrics.
    async fn serve_as(
        &self,
        handle: impl AsyncFn(Value) -> (Result<Value, Diagnostic>, Option<&'static str>),
    ) -> Result<(), StartError> {
        let (function, handle) = (self.function, &handle);
        let environment = self.environment().get("ENVIRONMENT").filter(|name| !name.is_empty());
        // A dimension without a value would lose the metrics.
        let environment = environment.map_or("none", String::as_str);
        let service = service_fn(move |event: LambdaEvent<Value>| async move {
            let watch = Stopwatch::start();
            let (result, called) = Box::pin(handle(event.payload)).await;
            let called = called.map_or_else(|| outcome(&result), str::to_owned);
            emit(environment, function, &called, watch.elapsed());
            result
        });
        lambda_runtime::run(service).await.map_err(|error| StartError::Lambda(error.to_string()))
    }

    fn complain(&self, error: &StepError, ids: Option<(&str, &str)>) {
        let (tenant, transition) = ids.unwrap_or_default();
        let (function, name, chain) = (self.function, error.name(), error.chain());
        if error.retryable() {
            let message = "The step is to be run again";
            tracing::warn!(
                function,
                tenant.id = tenant,
                transition.id = transition,
                error = name,
                "{message}: {chain}"
            );
        } else {
            let message = "The step failed";
            tracing::error!(
                function,
                tenant.id = tenant,
                transition.id = transition,
                error = name,
                "{message}: {chain}"
            );
        }
    }
}

/// How long a function behind the API may take over one request. API Gateway gives up after 29 s, with words of its own.
#[cfg(feature = "http")]
const BEHIND_THE_API: Duration = Duration::from_secs(27);

/// The answer, or the one that says that there was none in time. A call has its own patience, but a request may make
/// many.
#[cfg(feature = "http")]
async fn within(limit: Duration, answer: impl Future<Output = Value>, late: impl FnOnce() -> Value) -> Value {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| late())
}

/// The error as the state machine sees it.
fn diagnostic(error: &StepError) -> Diagnostic {
    Diagnostic { error_type: error.name().to_owned(), error_message: error.chain() }
}

fn outcome(result: &Result<Value, Diagnostic>) -> String {
    match result {
        Ok(answer) => match answer.get("statusCode").and_then(Value::as_u64) {
            Some(status) => format!("{}xx", status / 100),
            None => "ok".to_owned(),
        },
        Err(error) => error.error_type.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use capstan_core::ports::{CloudError, CloudErrorKind};

    #[test]
    fn an_error_keeps_its_closed_name_and_its_whole_chain() {
        let error = StepError::of_cloud(CloudError {
            kind: CloudErrorKind::Quota,
            service: "sagemaker",
            operation: "CreateEndpoint",
            resource: "e".to_owned(),
            message: "ResourceLimitExceeded: no more".to_owned(),
        });
        let said = serde_json::to_value(diagnostic(&error)).unwrap();
        assert_eq!(said["errorType"], "CapacityRefused");
        assert!(said["errorMessage"].as_str().unwrap().ends_with("ResourceLimitExceeded: no more"));
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_request_that_takes_too_long_is_answered_all_the_same() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let slow = within(Duration::from_millis(1), std::future::pending(), api::out_of_time);
        let answer = runtime.block_on(slow);
        assert_eq!(answer["statusCode"], 503);
        assert!(answer["body"].as_str().is_some_and(|body| body.contains("OUTCOME_UNKNOWN")), "{answer}");
        let quick = within(BEHIND_THE_API, async { json!({"statusCode": 200}) }, api::out_of_time);
        assert_eq!(runtime.block_on(quick)["statusCode"], 200);
    }

    #[test]
    fn outcomes_are_few() {
        assert_eq!(outcome(&Ok(json!({"verdict": "DONE"}))), "ok");
        assert_eq!(outcome(&Ok(json!({"statusCode": 422, "body": ""}))), "4xx");
        assert_eq!(outcome(&Err(diagnostic(&StepError::TransitionEnded))), "TransitionEnded");
    }
}
