//! The Lambda `authorizer`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("authorizer", async |start| {
        let config = authorizer::Config::read(start.environment())?;
        start.run_authorizer(|event| authorizer::handle(&lambda::Machine, &config, event)).await
    })
}
