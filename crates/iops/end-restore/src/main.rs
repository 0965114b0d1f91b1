//! The Lambda `end-restore`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("end-restore", async |start| {
        let aws = start.aws()?;
        start.run_scheduled(async || Ok(end_restore::handle(&aws).await?.to_json())).await
    })
}
