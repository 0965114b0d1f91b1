//! The Lambda `authorizer`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("authorizer", async |start| {
        let authorizer = authorizer::Authorizer::new(authorizer::Config::read(start.environment())?);
        let aws = start.aws()?;
        start
            .run_authorizer(async |event| {
                authorizer.handle(&aws, event).await.map_err(|refusal| lambda::TurnedAway {
                    name: refusal.name(),
                    reason: refusal.reason(),
                    chain: lambda::chain(&refusal),
                })
            })
            .await
    })
}
