//! The Lambda `tier-configs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("tier-configs", async |start| {
        let aws = start.aws()?;
        start.run_http(&aws, async |request| tier_configs::handle(&aws, request).await).await
    })
}
