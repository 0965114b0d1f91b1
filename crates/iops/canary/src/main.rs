//! The Lambda `canary`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("canary", async |start| {
        let (aws, config) = (start.aws()?, canary::Config::read(start.environment())?);
        start.run_http(&aws, async |request| canary::handle(&aws, &config, request).await).await
    })
}
