//! The Lambda `find-orphans`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("find-orphans", async |start| {
        let aws = start.aws()?;
        start.run_scheduled(async || find_orphans::handle(&aws).await).await
    })
}
