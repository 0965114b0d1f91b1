//! How fast one machine runs: for a comparison with another interpreter on the same machine (`make bench-states`).
//!
//! Reads `{"definition", "input", "rounds"}` from standard input and writes the seconds that each round took, as a
//! JSON array. A round goes from the start of an execution to its end, the history with all payloads included, since
//! others keep that too; reading the definition is not part of it.

use std::io::Read;

use serde::Deserialize;
use serde_json::Value;
use states::{Execution, Machine, StartArgs, Status};

#[derive(Deserialize)]
struct Asked {
    definition: Value,
    input: Value,
    rounds: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let asked: Asked = serde_json::from_str(&text)?;
    let machine = Machine::parse(&asked.definition).map_err(|problems| format!("{problems:?}"))?;
    let mut seconds = Vec::with_capacity(asked.rounds);
    for _ in 0..asked.rounds {
        let args = StartArgs { input: asked.input.clone(), record_data: true, ..StartArgs::default() };
        #[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
        let begun = std::time::Instant::now();
        let (execution, _) = Execution::start(&machine, args);
        seconds.push(begun.elapsed().as_secs_f64());
        if execution.status() != Status::Succeeded {
            return Err(format!("{:?}: {:?}", execution.error(), execution.cause()).into());
        }
    }
    println!("{}", serde_json::to_string(&seconds)?);
    Ok(())
}
