//! The Lambda `reconcile-transitions`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("reconcile-transitions", async |start| {
        let aws = start.aws()?;
        start.run_scheduled(async || Ok(reconcile_transitions::handle(&aws).await?.to_json())).await
    })
}
