//! Functions tampered with: the ways in which Lambda and Step Functions treat a step worse than its author hopes.

use local::functions::{Answer, Env, Function, FunctionError, Handler, Run, registry};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A way of tampering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// Each call runs twice, one after the other; the second answer counts.
    Twice,
    /// Each call runs twice at the same time, in turns from port call to port call; a good answer of either counts.
    TwiceAtOnce,
    /// Each call does its work, and then its answer is lost.
    AnswerLost,
    /// Each call fails before it has done anything, by an error that is not retried.
    Fails,
}

/// The registry with one function tampered with.
///
/// # Panics
/// If there is no function of this name.
pub fn tampered(name: &str, tamper: Tamper) -> Vec<Function> {
    let mut functions = registry();
    let found = functions.iter_mut().find(|function| function.name == name);
    let found = found.unwrap_or_else(|| panic!("there is no function {name}"));
    let build = Arc::clone(&found.build);
    found.build = Arc::new(move |env: &Env| {
        let inner = Arc::new(build(env)?);
        let wrapped: Handler = Box::new(move |ports, event| run(tamper, &inner, ports, event));
        Ok(wrapped)
    });
    functions
}

fn run(tamper: Tamper, inner: &Arc<Handler>, ports: sim::Ports, event: Value) -> Run {
    let inner = Arc::clone(inner);
    match tamper {
        Tamper::Twice => Box::pin(async move {
            let _first = inner(ports.clone(), event.clone()).await;
            inner(ports, event).await
        }),
        Tamper::TwiceAtOnce => {
            let runs = [inner(ports.clone(), event.clone()), inner(ports, event)];
            Box::pin(InTurns { runs: runs.map(Some), ended: None })
        }
        Tamper::AnswerLost => Box::pin(async move {
            inner(ports, event).await?;
            Err(FunctionError {
                name: "RequestRefused".to_owned(),
                message: "its answer was lost".to_owned(),
            })
        }),
        Tamper::Fails => Box::pin(std::future::ready(Err(FunctionError {
            name: "AccessDenied".to_owned(),
            message: "the function may not do this".to_owned(),
        }))),
    }
}

/// Two runs polled in turns.
struct InTurns {
    runs: [Option<Run>; 2],
    ended: Option<Answer>,
}

impl Future for InTurns {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let this = &mut *self;
        for slot in &mut this.runs {
            let Some(run) = slot else { continue };
            if let Poll::Ready(answer) = run.as_mut().poll(context) {
                *slot = None;
                this.ended = Some(match this.ended.take() {
                    Some(Ok(first)) if answer.is_err() => Ok(first),
                    _ => answer,
                });
            }
        }
        if this.runs.iter().any(Option::is_some) {
            return Poll::Pending;
        }
        this.ended.take().map_or(Poll::Pending, Poll::Ready)
    }
}
