//! The table of steps: which state of the state machine calls which function, and what undoes it. A test holds it and
//! `statemachine/model-release.asl.json` together.

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The state.
    pub state: &'static str,
    /// The function.
    pub function: &'static str,
    /// What it does.
    pub does: &'static str,
    /// How that is taken back.
    pub undone: &'static str,
}

const fn step(state: &'static str, function: &'static str, does: &'static str, undone: &'static str) -> Step {
    Step { state, function, does, undone }
}

/// Every step, in its order.
pub const STEPS: &[Step] = &[
    step(
        "ExportTrainingData",
        "export-training-data",
        "writes rows to the bucket",
        "rows stay: they are the evidence",
    ),
    step("StartTraining", "start-training", "starts the job", "the job is stopped"),
    step("CheckTraining", "check-training", "looks at the job", "nothing was done"),
    step(
        "RegisterModel",
        "register-model",
        "holds it against what serves, records a candidate",
        "it is withdrawn",
    ),
    step(
        "DeployModel",
        "deploy-model",
        "takes hosts off the endpoint, makes model and configuration, changes the endpoint",
        "former configuration back, both deleted, hosts as they were",
    ),
    step(
        "CheckEndpoint",
        "check-endpoint",
        "waits for the endpoint, starts and watches the canary",
        "the canary is rolled back",
    ),
    step("RecordRelease", "end-release", "records the version as serving", "it is the end"),
    step(
        "UndoRelease",
        "end-release",
        "undoes all of the above, from the last to the first",
        "it is the undoing",
    ),
];
