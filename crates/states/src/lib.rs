#![doc = include_str!("../README.md")]
mod choice;
mod context;
mod entropy;
mod execution;
mod failure;
mod intrinsic;
mod machine;
mod number;
mod parse;
mod path;
mod size;
mod template;
mod time;
mod variables;

pub use execution::{
    Command, Event, Execution, HistoryEvent, HistoryKind, Ignored, Limits, StartArgs, Status, TaskId,
    TimerId, Visit,
};
pub use machine::{Machine, Problem};
pub use time::Millis;
