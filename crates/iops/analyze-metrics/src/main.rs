//! The Lambda `analyze-metrics`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("analyze-metrics", async |start| {
        let aws = start.aws()?;
        let memory = analyze_metrics::Memory::new();
        start
            .run_stream(async |event| {
                analyze_metrics::handle(&aws, &memory, &event)
                    .await
                    .map_err(|error| (error.name(), error.to_string()))
            })
            .await
    })
}
