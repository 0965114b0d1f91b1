//! The Lambda `reap-retired`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("reap-retired", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run_scheduled(async || reap_retired::handle(&aws, &settings).await).await
    })
}
