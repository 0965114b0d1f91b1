//! The workflow of a change as a graph, and how far each of its states has come.
//!
//! The graph is read off the state machine's definition itself, so that what is shown is what runs. The order of the
//! states is the one in which a walk comes to them that takes what goes well first: `serde_json` keeps no order.

use crate::ports::{ExecutionHistory, ExecutionStatus, StateVisit, VisitStatus};
use crate::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static TIER_TRANSITION: LazyLock<Graph> = LazyLock::new(|| {
    let definition = include_str!("../../../../statemachine/tier-transition.asl.json");
    Graph::of(&serde_json::from_str(definition).unwrap_or_default())
});

/// A state machine as a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Graph {
    /// The state it starts at.
    pub start_at: String,
    /// Its states, those within branches too.
    pub states: Vec<State>,
    /// The ways between them.
    pub edges: Vec<Edge>,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// Its name, unique in the machine.
    pub name: String,
    /// Its type in the Amazon States Language.
    pub kind: String,
    /// The Parallel that has it in one of its branches.
    pub parent: Option<String>,
}

/// A way from one state to another. There is one of a kind between two states.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// From this state.
    pub from: String,
    /// To this one.
    pub to: String,
    /// When it is taken.
    pub kind: EdgeKind,
}

/// When a way is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// When the state ends well.
    Next,
    /// When a rule of the Choice holds.
    Choice,
    /// When none does.
    Default,
    /// Into a branch of the Parallel.
    Branch,
    /// When the state fails.
    Catch,
}

/// How far a state has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StateStatus {
    /// It may still be entered.
    Pending,
    /// The execution is in it.
    Running,
    /// Its latest visit ended well.
    Succeeded,
    /// Its latest visit did not.
    Failed,
    /// It was not entered, and won't be.
    Skipped,
    /// Nobody knows: the execution is gone, 90 days after its end.
    Unknown,
}

/// A state and how far it has come: of a state that was entered more than once, its latest visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The state.
    #[serde(flatten)]
    pub state: State,
    /// How far it has come.
    pub status: StateStatus,
    /// How often it was entered.
    pub visits: u32,
    /// When it was entered, the last time.
    pub entered_at: Option<Timestamp>,
    /// When it was left.
    pub exited_at: Option<Timestamp>,
    /// Attempts of the latest visit: 1, and one for each retry.
    pub attempts: u32,
    /// The name of the latest error, which a retry may yet mend.
    pub error: Option<String>,
}

/// What is known of the execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a> {
    /// There is none yet.
    NotStarted,
    /// There was one, and it is gone.
    Gone,
    /// This.
    History(&'a ExecutionHistory),
}

impl Graph {
    /// The workflow of a change of tier.
    pub fn tier_transition() -> &'static Self {
        &TIER_TRANSITION
    }

    /// The graph of a definition in the Amazon States Language.
    pub fn of(definition: &Value) -> Self {
        let mut graph =
            Self { start_at: text(&definition["StartAt"]), states: Vec::new(), edges: Vec::new() };
        graph.walk(definition, None);
        graph
    }

    /// Takes in a machine or a branch.
    fn walk(&mut self, flow: &Value, parent: Option<&str>) {
        let mut next = vec![text(&flow["StartAt"])];
        while let Some(name) = next.pop() {
            let Some(state) = flow["States"].get(&name) else { continue };
            if self.states.iter().any(|known| known.name == name) {
                continue;
            }
            let (kind, parent) = (text(&state["Type"]), parent.map(str::to_owned));
            self.states.push(State { name: name.clone(), kind, parent });
            let ways = ways(state);
            next.extend(
                ways.iter().rev().filter(|(_, kind)| *kind != EdgeKind::Branch).map(|(to, _)| to.clone()),
            );
            for (to, kind) in ways {
                let edge = Edge { from: name.clone(), to, kind };
                if !self.edges.contains(&edge) {
                    self.edges.push(edge);
                }
            }
            for branch in list(&state["Branches"]) {
                self.walk(branch, Some(&name));
            }
        }
    }

    /// How far each state has come.
    pub fn standing(&self, known: Known<'_>) -> Vec<Standing> {
        let history = match known {
            // Of an execution from before visits were kept nothing is known either.
            Known::History(history)
                if history.status == ExecutionStatus::Running || !history.visits.is_empty() =>
            {
                Some(history)
            }
            _ => None,
        };
        let ahead = history.map(|history| self.ahead(history)).unwrap_or_default();
        let status = |name: &str| match history {
            None if known == Known::NotStarted => StateStatus::Pending,
            None => StateStatus::Unknown,
            Some(_) if ahead.contains(name) => StateStatus::Pending,
            Some(_) => StateStatus::Skipped,
        };
        let visits = history.map(|history| &*history.visits).unwrap_or_default();
        let standing = |state: &State| match visits.iter().find(|visit| visit.state == state.name) {
            Some(visit) => visited(state, visit),
            None => Standing {
                state: state.clone(),
                status: status(&state.name),
                visits: 0,
                entered_at: None,
                exited_at: None,
                attempts: 0,
                error: None,
            },
        };
        self.states.iter().map(standing).collect()
    }

    /// The states that may still be entered: those to which there is a way from one that the execution is in.
    fn ahead(&self, history: &ExecutionHistory) -> BTreeSet<&str> {
        if history.status != ExecutionStatus::Running {
            return BTreeSet::new();
        }
        let running = history.visits.iter().filter(|visit| visit.status == VisitStatus::Running);
        let mut from: Vec<&str> = running.map(|visit| visit.state.as_str()).collect();
        let mut ahead = BTreeSet::new();
        if from.is_empty() {
            ahead.insert(self.start_at.as_str());
            from.push(&self.start_at);
        }
        while let Some(name) = from.pop() {
            for edge in self.edges.iter().filter(|edge| edge.from == name) {
                if ahead.insert(edge.to.as_str()) {
                    from.push(&edge.to);
                }
            }
        }
        ahead
    }
}

fn visited(state: &State, visit: &StateVisit) -> Standing {
    Standing {
        state: state.clone(),
        status: match visit.status {
            VisitStatus::Running => StateStatus::Running,
            VisitStatus::Succeeded => StateStatus::Succeeded,
            VisitStatus::Failed => StateStatus::Failed,
        },
        visits: visit.visits,
        entered_at: Some(visit.entered_at),
        exited_at: visit.exited_at,
        attempts: visit.attempts,
        error: visit.error.clone(),
    }
}

/// The ways out of a state, what goes well first.
fn ways(state: &Value) -> Vec<(String, EdgeKind)> {
    let branches = list(&state["Branches"]).iter().map(|branch| (&branch["StartAt"], EdgeKind::Branch));
    let next = [(&state["Next"], EdgeKind::Next)];
    let choices = list(&state["Choices"]).iter().map(|rule| (&rule["Next"], EdgeKind::Choice));
    let default = [(&state["Default"], EdgeKind::Default)];
    let caught = list(&state["Catch"]).iter().map(|catcher| (&catcher["Next"], EdgeKind::Catch));
    let all = branches.chain(next).chain(choices).chain(default).chain(caught);
    all.filter_map(|(to, kind)| Some((to.as_str()?.to_owned(), kind))).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(state: &str, status: VisitStatus) -> StateVisit {
        let entered_at = Timestamp::from_millis(1_000);
        let exited_at = (status != VisitStatus::Running).then(|| Timestamp::from_millis(2_000));
        let state = state.to_owned();
        StateVisit { state, status, visits: 2, entered_at, exited_at, attempts: 1, error: None }
    }

    fn status(standing: &[Standing], name: &str) -> StateStatus {
        standing.iter().find(|standing| standing.state.name == name).unwrap().status
    }

    #[test]
    fn the_graph_has_every_state_of_the_definition_and_ways_between_them_only() {
        let graph = Graph::tier_transition();
        let definition = include_str!("../../../../statemachine/tier-transition.asl.json");
        assert_eq!(graph.states.len(), definition.matches("\"Type\": ").count());
        assert_eq!(graph.start_at, "ValidateTransition");
        let names: BTreeSet<&str> = graph.states.iter().map(|state| state.name.as_str()).collect();
        assert_eq!(names.len(), graph.states.len());
        assert!(graph.edges.iter().all(|edge| names.contains(&*edge.from) && names.contains(&*edge.to)));
        let reached: BTreeSet<&str> = graph.edges.iter().map(|edge| edge.to.as_str()).collect();
        let unreached: Vec<&&str> = names.difference(&reached).collect();
        assert_eq!(unreached, [&"ValidateTransition"]);
        let branch =
            |name: &str| graph.states.iter().find(|state| state.name == name).unwrap().parent.clone();
        assert_eq!(branch("ProvisionNeptuneFailed").as_deref(), Some("ProvisionResources"));
        assert_eq!(branch("ProvisionResources"), None);
        for (from, to, kind) in [
            ("ValidateTransition", "ChooseDirection", EdgeKind::Next),
            ("ValidateTransition", "RollbackProvisioning", EdgeKind::Catch),
            ("IsDrained", "WaitForDrain", EdgeKind::Choice),
            ("IsDrained", "RollbackProvisioning", EdgeKind::Default),
            ("CleanupResources", "CleanupKinesis", EdgeKind::Branch),
            ("CleanupKinesis", "CleanupKinesisFailed", EdgeKind::Catch),
        ] {
            let edge = Edge { from: from.to_owned(), to: to.to_owned(), kind };
            assert!(graph.edges.contains(&edge), "{edge:?}");
        }
        assert_eq!(graph.states.first().unwrap().name, "ValidateTransition");
        assert_eq!(graph.states.last().unwrap().name, "CleanupFailedAlert");
    }

    #[test]
    fn what_no_way_leads_to_any_more_is_skipped() {
        let visits = vec![
            visit("ValidateTransition", VisitStatus::Succeeded),
            visit("VerifyProvisioning", VisitStatus::Failed),
            visit("WaitForRollback", VisitStatus::Running),
        ];
        let mut history = ExecutionHistory { status: ExecutionStatus::Running, visits };
        let graph = Graph::tier_transition();
        let standing = graph.standing(Known::History(&history));
        for (name, expected) in [
            ("ValidateTransition", StateStatus::Succeeded),
            ("VerifyProvisioning", StateStatus::Failed),
            ("WaitForRollback", StateStatus::Running),
            ("TransitionFailed", StateStatus::Pending),
            ("IsRolledBack", StateStatus::Pending),
            ("UpdateAppConfig", StateStatus::Skipped),
            ("ProvisionKinesis", StateStatus::Skipped),
        ] {
            assert_eq!(status(&standing, name), expected, "{name}");
        }
        let seen = &standing.iter().find(|standing| standing.state.name == "WaitForRollback").unwrap();
        assert_eq!((seen.visits, seen.attempts, seen.exited_at), (2, 1, None));
        history.status = ExecutionStatus::Aborted;
        let over = graph.standing(Known::History(&history));
        assert_eq!(status(&over, "TransitionFailed"), StateStatus::Skipped);
    }

    #[test]
    fn what_has_not_begun_is_pending_and_what_is_gone_is_unknown() {
        let graph = Graph::tier_transition();
        let all = |known, expected| {
            assert!(graph.standing(known).iter().all(|standing| standing.status == expected), "{known:?}");
        };
        all(Known::NotStarted, StateStatus::Pending);
        all(Known::Gone, StateStatus::Unknown);
        let history = |status| ExecutionHistory { status, visits: Vec::new() };
        let (running, ended) = (history(ExecutionStatus::Running), history(ExecutionStatus::Succeeded));
        all(Known::History(&running), StateStatus::Pending);
        all(Known::History(&ended), StateStatus::Unknown);
    }
}
