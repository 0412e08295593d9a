//! Steps, workflows and answers as a test may look at them; the rules that move them stand in `engine`.

use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Number of one execution of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub i64);

impl std::fmt::Display for StepId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Waits for `bizproc.event.send`.
    Waiting,
    /// The first valid answer closed it.
    Answered,
    /// Its time passed; `IsTimeout` is 1.
    TimedOut,
    /// Was never going to wait.
    NotWaiting,
    /// Its workflow was ended from outside (stage left, terminated).
    Terminated,
}

/// Where a workflow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowState {
    /// Alive.
    Running,
    /// All steps done; tokens of its steps meet an engine error.
    Finished,
    /// Ended from outside; the same.
    Terminated,
    /// A step could not run: its application is gone or unpaid.
    Faulted,
}

/// What one `bizproc.event.send` met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It closed the step.
    Resumed,
    /// `true`, and nothing happened.
    Nothing,
    /// Engine error: the workflow does not exist any more.
    Gone,
}

/// One `bizproc.event.send` with a valid token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// When, by the clock.
    pub at: Ms,
    /// `RETURN_VALUES` as told.
    pub values: Map<String, Value>,
    /// `LOG_MESSAGE`.
    pub log_message: String,
    /// What it met.
    pub effect: Effect,
}

/// One execution of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Number.
    pub id: StepId,
    /// CODE.
    pub code: String,
    /// Workflow it belongs to.
    pub workflow_id: String,
    /// `document_id[2]`.
    pub document_id: String,
    /// The signed token.
    pub event_token: String,
    /// Where it stands.
    pub state: StepState,
    /// Values the process has now, under the registered names.
    pub returned: Map<String, Value>,
    /// Every answer with a valid token, in order.
    pub answers: Vec<Answer>,
    /// Lines of the workflow's log.
    pub log: Vec<String>,
    /// When it started, by the clock.
    pub started_at: Ms,
    /// When it closed.
    pub closed_at: Option<Ms>,
    /// When it times out.
    pub deadline: Option<Ms>,
    #[serde(skip)]
    pub(crate) return_names: Vec<String>,
}

/// One executed trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TriggerRun {
    /// When, by the clock.
    pub at: Ms,
    /// CODE.
    pub code: String,
    /// `OWNER_TYPE_ID`.
    pub type_id: i64,
    /// `OWNER_ID`.
    pub id: i64,
    /// Stage it moved the item to, if it was attached and the stage lay ahead.
    pub moved_to: Option<String>,
}
