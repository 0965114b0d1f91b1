//! The Lambda `tier-read`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("tier-read", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run_http(&aws, async |request| tier_read::handle(&aws, &settings, request).await).await
    })
}
