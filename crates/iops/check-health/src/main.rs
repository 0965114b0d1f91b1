//! The Lambda `check-health`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("check-health", async |start| {
        let aws = start.aws()?;
        let config = check_health::Config::read(start.environment())?;
        start
            .run_http(&aws, async |request| Box::pin(check_health::handle(&aws, &config, request)).await)
            .await
    })
}
