//! The Lambda `read-audit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("read-audit", async |start| {
        let aws = start.aws()?;
        start.run_http(&aws, async |request| read_audit::handle(&aws, request).await).await
    })
}
