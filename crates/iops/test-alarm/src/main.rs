//! The Lambda `test-alarm`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("test-alarm", async |start| {
        let aws = start.aws()?;
        let config = test_alarm::Config::read(start.environment())?;
        let handle = async |request| test_alarm::handle(&aws, lambda::pause, &config, request).await;
        start.run_http(&aws, handle).await
    })
}
