//! The Lambda `start-training`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("start-training", async |start| {
        let (aws, settings) = (start.aws()?, release::Settings::read(start.environment())?);
        start
            .run_task(async |event| {
                start_training::handle(&aws, &settings, event)
                    .await
                    .map_err(|error| (error.name(), error.chain()))
            })
            .await
    })
}
