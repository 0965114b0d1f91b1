//! The Lambda `seal-audit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("seal-audit", async |start| {
        let (aws, former) = (start.aws()?, seal_audit::former_keys(start.environment())?);
        start.run_scheduled(async || seal_audit::handle(&aws, &former).await).await
    })
}
