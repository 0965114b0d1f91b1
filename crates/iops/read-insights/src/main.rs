//! The Lambda `read-insights`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("read-insights", async |start| {
        let aws = start.aws()?;
        start.run_http(&aws, async |request| read_insights::handle(&aws, request).await).await
    })
}
