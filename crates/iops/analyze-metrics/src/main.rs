//! The Lambda `analyze-metrics`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("analyze-metrics", async |start| {
        let aws = start.aws()?;
        let memory = analyze_metrics::Memory::new();
        start
            .run_stream(async |event| {
                let answer = analyze_metrics::handle(&aws, &memory, &event).await;
                for counted in memory.take_counts() {
                    start.emit_arm(counted.arm, counted.requests, counted.errors, &counted.latencies);
                }
                answer.map_err(|error| (error.name(), error.to_string()))
            })
            .await
    })
}
