//! The start of a function: environment, logs, runtime.

use crate::logs;
use std::process::ExitCode;
use tier_steps::{Environment, SettingError, Settings};

/// Why a function does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable is missing or makes no sense.
    #[error("environment variable {name}: {problem}")]
    Environment {
        /// Its name.
        name: &'static str,
        /// What is wrong, with the bad value.
        problem: String,
    },
    /// The machine has no runtime to give.
    #[error("the runtime can't be made")]
    Runtime(#[source] std::io::Error),
    /// Lambda's Runtime API failed.
    #[error("the Lambda Runtime API: {0}")]
    Lambda(String),
}

impl From<SettingError> for StartError {
    fn from(error: SettingError) -> Self {
        Self::Environment { name: error.name, problem: error.problem }
    }
}

impl From<aws::ConfigError> for StartError {
    fn from(error: aws::ConfigError) -> Self {
        Self::Environment { name: error.name, problem: error.problem }
    }
}

/// What a function is started with.
#[derive(Debug, Clone)]
pub struct Start {
    /// The function's name, as its crate has it.
    pub(crate) function: &'static str,
    environment: Environment,
}

impl Start {
    /// The environment, for a configuration of the function's own.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What the steps are told from outside.
    pub fn settings(&self) -> Result<Settings, StartError> {
        Ok(Settings::read(&self.environment)?)
    }

    /// The ports, carried out with the AWS SDK.
    #[cfg(feature = "calls")]
    pub fn aws(&self) -> Result<aws::Aws, StartError> {
        Ok(aws::Aws::new(aws::AwsConfig::read(&self.environment)?, aws::sdk_config(&self.environment)?))
    }
}

/// Starts a function: reads the environment, sets up the logs, and runs `body` on one thread.
pub fn start(function: &'static str, body: impl AsyncFnOnce(Start) -> Result<(), StartError>) -> ExitCode {
    match begin(function, body) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(function, "The function stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

fn begin(
    function: &'static str,
    body: impl AsyncFnOnce(Start) -> Result<(), StartError>,
) -> Result<(), StartError> {
    let environment = environment();
    logs::start(&environment)?;
    panics_say_where_alone(function);
    inside_lambda(&environment)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Runtime)?;
    runtime.block_on(body(Start { function, environment }))
}

/// What a panic says may hold what must not be logged; where it was is enough to find it. Neither is the stack printed.
fn panics_say_where_alone(function: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(function, place, "The function has a defect and ends.");
    }));
}

/// The one place where the environment is read. What is not text is left out.
fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The runtime's library panics without these.
fn inside_lambda(environment: &Environment) -> Result<(), StartError> {
    const NEEDED: [&str; 4] = [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    ];
    for name in NEEDED {
        if environment.get(name).is_none_or(String::is_empty) {
            let problem = "is missing: this program is a Lambda function and runs where Lambda sets it; on one machine, \
                           `capstan up` runs all functions";
            return Err(StartError::Environment { name, problem: problem.to_owned() });
        }
    }
    let memory = &environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"];
    if memory.parse::<i32>().is_err() {
        let problem = format!("`{memory}` is not a number of megabytes");
        return Err(StartError::Environment { name: "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", problem });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_of_lambda_it_says_so() {
        let error = inside_lambda(&Environment::new()).unwrap_err().to_string();
        assert!(error.contains("AWS_LAMBDA_RUNTIME_API") && error.contains("capstan up"), "{error}");
        let names = ["RUNTIME_API", "FUNCTION_NAME", "FUNCTION_VERSION", "FUNCTION_MEMORY_SIZE"];
        let mut environment: Environment =
            names.iter().map(|name| (format!("AWS_LAMBDA_{name}"), "128".to_owned())).collect();
        assert!(inside_lambda(&environment).is_ok());
        environment.insert("AWS_LAMBDA_FUNCTION_MEMORY_SIZE".to_owned(), "lots".to_owned());
        assert!(inside_lambda(&environment).unwrap_err().to_string().contains("`lots`"));
    }
}
