//! The Lambda `deploy-model`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("deploy-model", async |start| {
        let (aws, settings) = (start.aws()?, release::Settings::read(start.environment())?);
        start
            .run_task(async |event| {
                deploy_model::handle(&aws, &settings, event)
                    .await
                    .map_err(|error| (error.name(), error.chain()))
            })
            .await
    })
}
