//! The Lambda `end-release`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("end-release", async |start| {
        let aws = start.aws()?;
        start
            .run_task(async |event| {
                end_release::handle(&aws, event).await.map_err(|error| (error.name(), error.chain()))
            })
            .await
    })
}
