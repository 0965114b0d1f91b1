//! The events of an execution, summed up by state.
//!
//! Only entering and leaving a state names it. What happens in between is told by the chain of events: each says after
//! which other it came, and branches of a Parallel are mixed.

use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType as Type};
use capstan_core::ports::{ExecutionHistory, ExecutionStatus, StateVisit, VisitStatus};
use capstan_core::time::Timestamp;
use std::collections::HashMap;

/// Events taken in one after the other, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Told {
    visits: Vec<StateVisit>,
    /// By event, the place in `visits` of the state in which it happened.
    places: HashMap<i64, usize>,
    over: Option<ExecutionStatus>,
}

impl Told {
    /// The next event.
    pub(super) fn take(&mut self, event: &HistoryEvent) {
        let millis = event.timestamp().to_millis().ok().and_then(|at| u64::try_from(at).ok());
        let at = Timestamp::from_millis(millis.unwrap_or(0));
        let place = if let Some(entered) = event.state_entered_event_details() {
            Some(self.enter(entered.name(), at, *event.r#type() == Type::TaskStateEntered))
        } else if let Some(left) = event.state_exited_event_details() {
            self.visits.iter().position(|visit| visit.state == left.name())
        } else {
            self.places.get(&event.previous_event_id()).copied()
        };
        if let Some(place) = place {
            self.places.insert(event.id(), place);
        }
        let Some(visit) = place.and_then(|place| self.visits.get_mut(place)) else {
            return self.end(event, at);
        };
        if event.state_exited_event_details().is_some() {
            visit.exited_at = Some(at);
            // Leaving after a failure is that it was caught.
            visit.status = if visit.error.is_some() { VisitStatus::Failed } else { VisitStatus::Succeeded };
            return;
        }
        match event.r#type() {
            Type::LambdaFunctionScheduled | Type::TaskScheduled | Type::ActivityScheduled => {
                visit.attempts = visit.attempts.saturating_add(1);
            }
            Type::LambdaFunctionSucceeded
            | Type::TaskSucceeded
            | Type::ActivitySucceeded
            | Type::ParallelStateSucceeded
            | Type::MapStateSucceeded => visit.error = None,
            Type::TaskStateAborted
            | Type::WaitStateAborted
            | Type::ParallelStateAborted
            | Type::MapStateAborted => {
                (visit.exited_at, visit.status) = (Some(at), VisitStatus::Failed);
            }
            kind if failed(kind) => visit.error = Some(error(event)),
            _ => self.end(event, at),
        }
    }

    /// All of them.
    pub(super) fn sum(self) -> ExecutionHistory {
        ExecutionHistory { status: self.over.unwrap_or(ExecutionStatus::Running), visits: self.visits }
    }

    fn enter(&mut self, name: &str, at: Timestamp, task: bool) -> usize {
        let known = self.visits.iter().position(|visit| visit.state == name);
        let visits = known.and_then(|place| self.visits.get(place)).map_or(0, |visit| visit.visits);
        let visit = StateVisit {
            state: name.to_owned(),
            status: VisitStatus::Running,
            visits: visits.saturating_add(1),
            entered_at: at,
            exited_at: None,
            // Those of a task are counted as they are scheduled.
            attempts: u32::from(!task),
            error: None,
        };
        if let Some((place, slot)) = known.and_then(|place| Some((place, self.visits.get_mut(place)?))) {
            *slot = visit;
            return place;
        }
        self.visits.push(visit);
        self.visits.len() - 1
    }

    /// What ends the execution ends what is still open in it. A Fail state is never left otherwise.
    fn end(&mut self, event: &HistoryEvent, at: Timestamp) {
        let (over, error) = match event.r#type() {
            Type::ExecutionSucceeded => (ExecutionStatus::Succeeded, None),
            Type::ExecutionFailed => {
                let details = event.execution_failed_event_details();
                (ExecutionStatus::Failed, details.and_then(|details| details.error()))
            }
            Type::ExecutionTimedOut => (ExecutionStatus::TimedOut, Some("States.Timeout")),
            Type::ExecutionAborted => {
                let details = event.execution_aborted_event_details();
                (ExecutionStatus::Aborted, details.and_then(|details| details.error()))
            }
            _ => return,
        };
        self.over = Some(over);
        for visit in self.visits.iter_mut().filter(|visit| visit.exited_at.is_none()) {
            (visit.exited_at, visit.status) = (Some(at), VisitStatus::Failed);
            visit.error = visit.error.take().or_else(|| error.map(str::to_owned));
        }
    }
}

/// Whether it is an attempt that failed.
const fn failed(kind: &Type) -> bool {
    matches!(
        kind,
        Type::LambdaFunctionFailed
            | Type::LambdaFunctionScheduleFailed
            | Type::LambdaFunctionStartFailed
            | Type::LambdaFunctionTimedOut
            | Type::TaskFailed
            | Type::TaskStartFailed
            | Type::TaskSubmitFailed
            | Type::TaskTimedOut
            | Type::ActivityFailed
            | Type::ActivityScheduleFailed
            | Type::ActivityTimedOut
            | Type::ParallelStateFailed
            | Type::MapStateFailed
    )
}

/// The name of the error.
fn error(event: &HistoryEvent) -> String {
    let named = event
        .lambda_function_failed_event_details()
        .and_then(|details| details.error())
        .or_else(|| event.lambda_function_timed_out_event_details().and_then(|details| details.error()))
        .or_else(|| event.lambda_function_schedule_failed_event_details().and_then(|details| details.error()))
        .or_else(|| event.lambda_function_start_failed_event_details().and_then(|details| details.error()))
        .or_else(|| event.activity_failed_event_details().and_then(|details| details.error()));
    let timed_out =
        matches!(event.r#type(), Type::LambdaFunctionTimedOut | Type::TaskTimedOut | Type::ActivityTimedOut);
    named.unwrap_or(if timed_out { "States.Timeout" } else { "States.TaskFailed" }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sfn::primitives::DateTime;
    use aws_sdk_sfn::types::{
        ExecutionFailedEventDetails, LambdaFunctionFailedEventDetails, StateEnteredEventDetails,
        StateExitedEventDetails,
    };

    fn event(id: i64, after: i64, kind: Type, state: Option<&str>) -> HistoryEvent {
        let event =
            HistoryEvent::builder().id(id).previous_event_id(after).timestamp(DateTime::from_secs(id));
        let event = match (state, &kind) {
            (Some(name), Type::TaskStateExited | Type::PassStateExited | Type::ParallelStateExited) => event
                .state_exited_event_details(StateExitedEventDetails::builder().name(name).build().unwrap()),
            (Some(name), Type::LambdaFunctionFailed) => event.lambda_function_failed_event_details(
                LambdaFunctionFailedEventDetails::builder().error(name).build(),
            ),
            (Some(name), Type::ExecutionFailed) => event
                .execution_failed_event_details(ExecutionFailedEventDetails::builder().error(name).build()),
            (Some(name), _) => event
                .state_entered_event_details(StateEnteredEventDetails::builder().name(name).build().unwrap()),
            (None, _) => event,
        };
        event.r#type(kind).build().unwrap()
    }

    /// Two branches whose events are mixed: one fails, is tried again and is caught; the other goes on.
    #[test]
    fn events_are_told_apart_by_what_they_came_after() {
        let mut told = Told::default();
        for (id, after, kind, state) in [
            (1, 0, Type::ExecutionStarted, None),
            (2, 1, Type::ParallelStateEntered, Some("Both")),
            (3, 2, Type::ParallelStateStarted, None),
            (4, 3, Type::TaskStateEntered, Some("Left")),
            (5, 3, Type::TaskStateEntered, Some("Right")),
            (6, 4, Type::LambdaFunctionScheduled, None),
            (7, 5, Type::LambdaFunctionScheduled, None),
            (8, 6, Type::LambdaFunctionFailed, Some("Throttled")),
            (9, 8, Type::LambdaFunctionScheduled, None),
            (10, 7, Type::LambdaFunctionStarted, None),
            (11, 9, Type::LambdaFunctionFailed, Some("CapacityRefused")),
            (12, 11, Type::TaskStateExited, Some("Left")),
            (13, 12, Type::PassStateEntered, Some("LeftFailed")),
            (14, 13, Type::PassStateExited, Some("LeftFailed")),
        ] {
            told.take(&event(id, after, kind, state));
        }
        let seen = told.sum();
        assert_eq!(seen.status, ExecutionStatus::Running);
        let of = |name: &str| seen.visits.iter().find(|visit| visit.state == name).unwrap().clone();
        let expected =
            |state: &str, status, at: (u64, Option<u64>), attempts, error: Option<&str>| StateVisit {
                state: state.to_owned(),
                status,
                visits: 1,
                entered_at: Timestamp::from_millis(at.0 * 1_000),
                exited_at: at.1.map(|at| Timestamp::from_millis(at * 1_000)),
                attempts,
                error: error.map(str::to_owned),
            };
        assert_eq!(of("Both"), expected("Both", VisitStatus::Running, (2, None), 1, None));
        let left = expected("Left", VisitStatus::Failed, (4, Some(12)), 2, Some("CapacityRefused"));
        assert_eq!(of("Left"), left);
        assert_eq!(of("Right"), expected("Right", VisitStatus::Running, (5, None), 1, None));
        let caught = expected("LeftFailed", VisitStatus::Succeeded, (13, Some(14)), 1, None);
        assert_eq!(of("LeftFailed"), caught);
    }

    #[test]
    fn the_end_closes_what_is_open_and_a_second_visit_starts_anew() {
        let mut told = Told::default();
        for (id, after, kind, state) in [
            (1, 0, Type::ExecutionStarted, None),
            (2, 1, Type::TaskStateEntered, Some("Work")),
            (3, 2, Type::LambdaFunctionScheduled, None),
            (4, 3, Type::LambdaFunctionFailed, Some("Throttled")),
            (5, 4, Type::LambdaFunctionScheduled, None),
            (6, 5, Type::LambdaFunctionSucceeded, None),
            (7, 6, Type::TaskStateExited, Some("Work")),
            (8, 7, Type::FailStateEntered, Some("Bad")),
            (9, 8, Type::ExecutionFailed, Some("Asked")),
        ] {
            told.take(&event(id, after, kind, state));
        }
        let seen = told.sum();
        assert_eq!(seen.status, ExecutionStatus::Failed);
        let [work, bad] = seen.visits.as_slice() else { panic!("{seen:?}") };
        assert_eq!((work.status, work.attempts, &work.error), (VisitStatus::Succeeded, 2, &None));
        assert_eq!((bad.status, bad.error.as_deref()), (VisitStatus::Failed, Some("Asked")));
    }
}
