//! The Lambda `register-model`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("register-model", async |start| {
        let (aws, settings) = (start.aws()?, release::Settings::read(start.environment())?);
        start
            .run_task(async |event| {
                register_model::handle(&aws, &settings, event)
                    .await
                    .map_err(|error| (error.name(), error.chain()))
            })
            .await
    })
}
