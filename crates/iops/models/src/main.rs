//! The Lambda `models`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("models", async |start| {
        let (aws, settings) = (start.aws()?, release::Settings::read(start.environment())?);
        start.run_http(&aws, async |request| models::handle(&aws, &settings, request).await).await
    })
}
