//! Logs: JSON lines on standard output, where Lambda collects them.

use crate::start::StartError;
use tier_steps::Environment;
use tracing_subscriber::filter::LevelFilter;

/// Starts the logs at the level that Lambda names (`AWS_LAMBDA_LOG_LEVEL`, `INFO` without it).
pub(crate) fn start(environment: &Environment) -> Result<(), StartError> {
    let level = level(environment);
    let set = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        // The span that the runtime opens: request and trace.
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level.as_ref().copied().unwrap_or(LevelFilter::INFO))
        .try_init();
    // They are set already only where a test started a function before.
    drop(set);
    level.map(drop)
}

fn level(environment: &Environment) -> Result<LevelFilter, StartError> {
    let Some(name) = environment.get("AWS_LAMBDA_LOG_LEVEL") else { return Ok(LevelFilter::INFO) };
    match name.to_ascii_uppercase().as_str() {
        "TRACE" => Ok(LevelFilter::TRACE),
        "DEBUG" => Ok(LevelFilter::DEBUG),
        "INFO" => Ok(LevelFilter::INFO),
        "WARN" => Ok(LevelFilter::WARN),
        "ERROR" | "FATAL" => Ok(LevelFilter::ERROR),
        _ => Err(StartError::Environment {
            name: "AWS_LAMBDA_LOG_LEVEL",
            problem: format!("`{name}` is none of TRACE, DEBUG, INFO, WARN, ERROR, FATAL"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_one_that_lambda_names() {
        let named =
            |name: &str| level(&Environment::from([("AWS_LAMBDA_LOG_LEVEL".to_owned(), name.to_owned())]));
        assert_eq!(named("warn").unwrap(), LevelFilter::WARN);
        assert_eq!(level(&Environment::new()).unwrap(), LevelFilter::INFO);
        assert!(named("loud").unwrap_err().to_string().contains("`loud`"));
    }
}
