//! The Lambda `cleanup-failed-alert`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("cleanup-failed-alert", async |start| {
        let aws = start.aws()?;
        start.run(async |input| cleanup_failed_alert::handle(&aws, &input).await).await
    })
}
