//! The Lambda `ingest-metrics`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("ingest-metrics", async |start| {
        let aws = start.aws()?;
        start.run_http(&aws, async |request| ingest_metrics::handle(&aws, lambda::pause, request).await).await
    })
}
