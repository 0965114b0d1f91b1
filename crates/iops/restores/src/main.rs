//! The Lambda `restores`.

use iops_restoring::Settings;
use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("restores", async |start| {
        let (aws, settings) = (start.aws()?, Settings::read(start.environment())?);
        start.run_http(&aws, async |request| restores::handle(&aws, &settings, request).await).await
    })
}
