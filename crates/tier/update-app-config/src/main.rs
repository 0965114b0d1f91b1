//! The Lambda `update-app-config`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("update-app-config", async |start| {
        let aws = start.aws()?;
        start.run(async |input| update_app_config::handle(&aws, &input).await).await
    })
}
