//! The Lambda `bench-function`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("bench-function", async |start| {
        let aws = start.aws()?;
        start.run(async |input| bench_function::handle(&aws, &input).await).await
    })
}
