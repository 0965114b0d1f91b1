//! The Lambda `tier-change`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("tier-change", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run_http(&aws, async |request| tier_change::handle(&aws, &settings, request).await).await
    })
}
