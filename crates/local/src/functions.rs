//! The functions of the system, by the name of the crate each is in.
//!
//! A function here is what a Lambda's `main.rs` is in the cloud: configuration from the environment, then the
//! handler of the crate, with the simulated ports in the place of the SDK. It is a table and not a trait, so that one
//! line adds a function, and the check against the template finds the line that is missing.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use tier_steps::{Settings, StepError, StepInput};

/// The environment of a function, from the template.
pub type Env = BTreeMap<String, String>;

/// How a function fails: what Lambda reports as `errorType` and `errorMessage`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct FunctionError {
    /// The error's closed name, which a `Catch` can match.
    pub name: String,
    /// What happened, for people.
    pub message: String,
}

/// What a run of a function comes to.
pub type Answer = Result<Value, FunctionError>;

/// One run of a function, under way.
pub type Run = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A function that is configured: from ports and an event to a run.
pub type Handler = Box<dyn Fn(sim::Ports, Value) -> Run + Send + Sync>;

/// Configures a function; the error names the variable and the bad value.
pub type Build = Arc<dyn Fn(&Env) -> Result<Handler, String> + Send + Sync>;

/// A function that is not configured yet.
#[derive(Clone)]
pub struct Function {
    /// The name of its crate.
    pub name: &'static str,
    /// Configures it.
    pub build: Build,
}

impl Function {
    /// A function of this name.
    pub fn new(
        name: &'static str,
        build: impl Fn(&Env) -> Result<Handler, String> + Send + Sync + 'static,
    ) -> Self {
        Self { name, build: Arc::new(build) }
    }
}
impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}

/// A step of the workflow: reads its input, runs the handler, answers its verdict.
macro_rules! step {
    ($name:literal, $module:ident) => {
        Function::new($name, |_| {
            Ok(Box::new(|ports, payload| {
                Box::pin(async move { verdict($module::handle(&ports, &StepInput::read(payload)?).await) })
            }))
        })
    };
    ($name:literal, $module:ident, settings) => {
        Function::new($name, |env| {
            let settings = settings(env)?;
            Ok(Box::new(move |ports, payload| {
                let settings = Arc::clone(&settings);
                Box::pin(async move {
                    verdict($module::handle(&ports, &settings, &StepInput::read(payload)?).await)
                })
            }))
        })
    };
}

/// A function behind the API: a proxy event in, a proxy response out; it never fails.
macro_rules! http {
    ($name:literal, $module:ident) => {
        http!($name, |ports, request| $module::handle(ports, request))
    };
    ($name:literal, |$ports:ident, $request:ident| $handled:expr) => {
        Function::new($name, |env| {
            let guard = guard(env)?;
            Ok(Box::new(move |ports, event| {
                let guard = Arc::clone(&guard);
                Box::pin(async move {
                    let $ports = &ports;
                    let handle = |$request| $handled;
                    let line = api::Line::of(&event);
                    let answer = api::serve(event, |request| guard.answer($ports, request, handle)).await;
                    line.log($name, &answer);
                    Ok(answer)
                })
            }))
        })
    };
    ($name:literal, $module:ident, config) => {
        http!($name, |env| $module::Config::read(env), |ports, config, request| $module::handle(
            ports, config, request
        ))
    };
    ($name:literal, |$env:ident| $config:expr, |$ports:ident, $kept:ident, $request:ident| $handled:expr) => {
        Function::new($name, |$env| {
            let kept = Arc::new($config.map_err(|error| error.to_string())?);
            let guard = guard($env)?;
            Ok(Box::new(move |ports, event| {
                let (kept, guard) = (Arc::clone(&kept), Arc::clone(&guard));
                Box::pin(async move {
                    let ($ports, $kept) = (&ports, &*kept);
                    let handle = |$request| $handled;
                    let line = api::Line::of(&event);
                    let answer = api::serve(event, |request| guard.answer($ports, request, handle)).await;
                    line.log($name, &answer);
                    Ok(answer)
                })
            }))
        })
    };
    ($name:literal, $module:ident, $settings:ident) => {
        Function::new($name, |env| {
            let (settings, guard) = ($settings(env)?, guard(env)?);
            Ok(Box::new(move |ports, event| {
                let (settings, guard) = (Arc::clone(&settings), Arc::clone(&guard));
                Box::pin(async move {
                    let handle = |request| $module::handle(&ports, &settings, request);
                    let line = api::Line::of(&event);
                    let answer = api::serve(event, |request| guard.answer(&ports, request, handle)).await;
                    line.log($name, &answer);
                    Ok(answer)
                })
            }))
        })
    };
}

/// A step of a canary.
macro_rules! canary_step {
    ($name:literal, $module:ident) => {
        Function::new($name, |_| {
            Ok(Box::new(|ports, payload| {
                Box::pin(async move {
                    let done =
                        rollout::step(payload, async |input| $module::handle(&ports, &input).await).await;
                    done.map_err(|(name, message)| FunctionError { name: name.to_owned(), message })
                })
            }))
        })
    };
}

fn settings(env: &Env) -> Result<Arc<Settings>, String> {
    Settings::read(env).map(Arc::new).map_err(|error| error.to_string())
}

fn restoring(env: &Env) -> Result<Arc<iops_restoring::Settings>, String> {
    iops_restoring::Settings::read(env).map(Arc::new).map_err(|error| error.to_string())
}

/// What this instance of a function behind the API keeps in mind from request to request.
fn guard(env: &Env) -> Result<Arc<api::Guard>, String> {
    api::Guard::read(env).map(Arc::new).map_err(|error| error.to_string())
}

fn verdict(result: Result<tier_steps::Answer, StepError>) -> Answer {
    Ok(serde_json::json!(result?))
}

impl From<StepError> for FunctionError {
    fn from(error: StepError) -> Self {
        Self { name: error.name().to_owned(), message: error.chain() }
    }
}

/// Every function there is.
pub fn registry() -> Vec<Function> {
    let mut functions = steps();
    functions.extend(around_the_workflow());
    functions.extend(behind_the_api());
    functions.extend(of_iops());
    functions.extend(of_the_canary());
    functions.extend(of_the_models());
    functions.push(for_people());
    functions
}

fn steps() -> Vec<Function> {
    vec![
        step!("validate-transition", validate_transition),
        step!("provision-sagemaker", provision_sagemaker, settings),
        step!("provision-opensearch", provision_opensearch, settings),
        step!("provision-elasticache", provision_elasticache, settings),
        step!("provision-neptune", provision_neptune, settings),
        step!("provision-kinesis", provision_kinesis, settings),
        step!("verify-provisioning", verify_provisioning, settings),
        step!("drain-connections", drain_connections),
        step!("update-app-config", update_app_config),
        step!("cleanup-sagemaker", cleanup_sagemaker, settings),
        step!("cleanup-opensearch", cleanup_opensearch, settings),
        step!("cleanup-elasticache", cleanup_elasticache, settings),
        step!("cleanup-neptune", cleanup_neptune, settings),
        step!("cleanup-kinesis", cleanup_kinesis, settings),
        step!("rollback-provisioning", rollback_provisioning, settings),
        step!("transition-complete", transition_complete),
        step!("transition-failed", transition_failed),
        step!("cleanup-failed-alert", cleanup_failed_alert),
    ]
}

fn around_the_workflow() -> Vec<Function> {
    vec![
        Function::new("reconcile-transitions", |_| {
            Ok(Box::new(|ports, _| {
                Box::pin(async move { Ok(reconcile_transitions::handle(&ports).await?.to_json()) })
            }))
        }),
        Function::new("find-orphans", |_| {
            Ok(Box::new(|ports, _| Box::pin(async move { Ok(find_orphans::handle(&ports).await?) })))
        }),
        Function::new("seal-audit", |env| {
            let former = seal_audit::former_keys(env).map_err(|error| error.to_string())?;
            let former = Arc::new(former);
            Ok(Box::new(move |ports, _| {
                let former = Arc::clone(&former);
                Box::pin(async move { Ok(seal_audit::handle(&ports, &former).await?) })
            }))
        }),
        Function::new("reap-retired", |env| {
            let settings = settings(env)?;
            Ok(Box::new(move |ports, _| {
                let settings = Arc::clone(&settings);
                Box::pin(async move { Ok(reap_retired::handle(&ports, &settings).await?) })
            }))
        }),
    ]
}

/// On virtual time nobody waits before something is sent to the store again.
async fn no_pause(_: u32) {}

fn of_iops() -> Vec<Function> {
    vec![
        http!("ingest-metrics", |ports, request| ingest_metrics::handle(ports, no_pause, request)),
        http!("read-metrics", read_metrics),
        http!("read-insights", read_insights),
        Function::new("restore-table", |env| {
            let settings = restoring(env)?;
            Ok(Box::new(move |ports, payload| {
                let settings = Arc::clone(&settings);
                Box::pin(async move {
                    let input = iops_restoring::Input::read(payload)?;
                    verdict(restore_table::handle(&ports, &settings, &input).await)
                })
            }))
        }),
        Function::new("end-restore", |_| {
            Ok(Box::new(|ports, _| Box::pin(async move { Ok(end_restore::handle(&ports).await?.to_json()) })))
        }),
        http!("restores", restores, restoring),
        Function::new("scale-resource", |_| {
            Ok(Box::new(|ports, _| {
                Box::pin(async move { Ok(scale_resource::handle(&ports).await?.to_json()) })
            }))
        }),
        http!("scales", |env| scales::Settings::read(env), |ports, settings, request| {
            scales::handle(ports, settings, request)
        }),
        http!("manage-subscriptions", manage_subscriptions),
        http!("test-alarm", |env| test_alarm::Config::read(env), |ports, config, request| {
            test_alarm::handle(ports, no_pause, config, request)
        }),
        http!("check-health", |env| check_health::Config::read(env), |ports, config, request| {
            check_health::handle(ports, config, request)
        }),
        // One memory for all runs, as in a function instance.
        http!("check-cost", |env| Ok::<_, String>(check_cost::Memory::new()), |ports, memory, request| {
            check_cost::handle(ports, memory, request)
        }),
        Function::new("analyze-metrics", |_| {
            // One for all runs, as in a function instance: it keeps the detectors.
            let memory = Arc::new(analyze_metrics::Memory::new());
            Ok(Box::new(move |ports, event| {
                let memory = Arc::clone(&memory);
                Box::pin(async move {
                    // From a stream on real time it comes as text.
                    let answer = match &event {
                        Value::String(text) => analyze_metrics::handle_text(&ports, &memory, text).await,
                        event => analyze_metrics::handle(&ports, &memory, event).await,
                    };
                    answer.map_err(|error| FunctionError {
                        name: error.name().to_owned(),
                        message: error.to_string(),
                    })
                })
            }))
        }),
    ]
}

/// A step of a model's release.
macro_rules! release_step {
    ($name:literal, $module:ident) => {
        Function::new($name, |_| {
            Ok(Box::new(|ports, event| {
                Box::pin(async move { $module::handle(&ports, event).await.map_err(FunctionError::from) })
            }))
        })
    };
    ($name:literal, $module:ident, settings) => {
        Function::new($name, |env| {
            let settings = of_release(env)?;
            Ok(Box::new(move |ports, event| {
                let settings = Arc::clone(&settings);
                Box::pin(async move {
                    $module::handle(&ports, &settings, event).await.map_err(FunctionError::from)
                })
            }))
        })
    };
}

fn of_release(env: &Env) -> Result<Arc<release::Settings>, String> {
    release::Settings::read(env).map(Arc::new).map_err(|error| error.to_string())
}

impl From<release::ReleaseError> for FunctionError {
    fn from(error: release::ReleaseError) -> Self {
        Self { name: error.name().to_owned(), message: error.chain() }
    }
}

fn of_the_models() -> Vec<Function> {
    vec![
        Function::new("models", |env| {
            let (settings, guard) = (of_release(env)?, guard(env)?);
            Ok(Box::new(move |ports, event| {
                let (settings, guard) = (Arc::clone(&settings), Arc::clone(&guard));
                Box::pin(async move {
                    let handle = |request| models::handle(&ports, &settings, request);
                    let line = api::Line::of(&event);
                    let answer = api::serve(event, |request| guard.answer(&ports, request, handle)).await;
                    line.log("models", &answer);
                    Ok(answer)
                })
            }))
        }),
        release_step!("export-training-data", export_training_data),
        release_step!("start-training", start_training, settings),
        release_step!("check-training", check_training),
        release_step!("register-model", register_model, settings),
        release_step!("deploy-model", deploy_model, settings),
        release_step!("check-endpoint", check_endpoint),
        release_step!("end-release", end_release),
    ]
}

fn of_the_canary() -> Vec<Function> {
    vec![
        http!("canary", canary, config),
        canary_step!("start-canary", start_canary),
        canary_step!("set-traffic", set_traffic),
        canary_step!("judge-canary", judge_canary),
        Function::new("end-canary", |_| {
            Ok(Box::new(|ports, event| {
                Box::pin(async move {
                    end_canary::handle(&ports, event).await.map_err(|error| FunctionError {
                        name: error.name().to_owned(),
                        message: error.chain(),
                    })
                })
            }))
        }),
    ]
}

/// The console: no function behind the API, but one that asks it.
fn for_people() -> Function {
    Function::new("console", |env| {
        let config = Arc::new(console::Config::read(env).map_err(|error| error.to_string())?);
        Ok(Box::new(move |ports, event| {
            let config = Arc::clone(&config);
            Box::pin(async move { Ok(console::handle(&ports, &config, &event).await) })
        }))
    })
}

fn behind_the_api() -> Vec<Function> {
    vec![
        http!("tier-read", tier_read, settings),
        http!("tier-change", tier_change, settings),
        http!("tier-configs", tier_configs),
        http!("read-audit", read_audit),
        Function::new("authorizer", |env| {
            let config = authorizer::Config::read(env).map_err(|error| error.to_string())?;
            // One for all runs, as in a function instance: it keeps the issuer's keys.
            let authorizer = Arc::new(authorizer::Authorizer::new(config));
            Ok(Box::new(move |ports, event| {
                let authorizer = Arc::clone(&authorizer);
                Box::pin(async move {
                    let answer = authorizer.handle(&ports, &event).await;
                    let name = |refusal: &authorizer::Refusal| refusal.name().to_owned();
                    answer.map_err(|refusal| FunctionError {
                        name: name(&refusal),
                        message: refusal.to_string(),
                    })
                })
            }))
        }),
    ]
}
