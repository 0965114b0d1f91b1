//! The Lambda `read-metrics`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("read-metrics", async |start| {
        let aws = start.aws()?;
        start.run_http(&aws, async |request| read_metrics::handle(&aws, request).await).await
    })
}
