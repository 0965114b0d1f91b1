//! The Lambda `manage-subscriptions`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("manage-subscriptions", async |start| {
        let aws = start.aws()?;
        start.run_http(&aws, async |request| manage_subscriptions::handle(&aws, request).await).await
    })
}
