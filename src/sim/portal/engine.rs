//! Workflows and waiting steps (reference/bitrix24.md C): how a step is called, what closes it, what a late answer meets.
//!
//! A workflow is a list of steps run one after another. A waiting step stops it until an answer or its timeout by the clock;
//! a step that does not wait is closed before its call is even delivered. After the last step the workflow is gone, unless
//! something else keeps it alive (`keep_alive`), which is how a late but harmless answer can be told from an engine error.

use super::auth_block::AuthBlock;
use super::document::Document;
use super::error::{Refusal, SimError};
use super::params::as_text;
use super::queue::{Mishap, Post};
use super::robots::Robot;
use super::simulation::Core;
use super::state::{State, object};
use super::steps::{Answer, Effect, Step, StepId, StepState, TriggerRun, WorkflowState};
use super::tokens::random32;
use super::{expressions, form};
use crate::domain::clock::{Ms, SECOND};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A step as the author of the process placed it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Planned {
    pub(crate) client_id: String,
    pub(crate) code: String,
    pub(crate) properties: Map<String, Value>,
    /// Run as this user instead of `AUTH_USER_ID`.
    pub(crate) user: Option<i64>,
    /// The author's choice where the registration leaves it open.
    pub(crate) subscription: Option<bool>,
    pub(crate) timeout_seconds: i64,
    /// Sends a call for a CODE that is not registered (any more) to this address.
    pub(crate) orphan: Option<String>,
    pub(crate) mishaps: Vec<Mishap>,
}

/// One running process.
#[derive(Debug)]
pub(crate) struct Workflow {
    pub(crate) document: Document,
    pub(crate) plan: Vec<Planned>,
    pub(crate) next: usize,
    pub(crate) keep_alive: bool,
    /// Started by a stage: ends when the stage is left.
    pub(crate) of_stage: bool,
    pub(crate) state: WorkflowState,
    pub(crate) steps: Vec<StepId>,
}

/// A robot, or a process of several steps, placed on a stage.
#[derive(Debug, Clone)]
pub(crate) struct StageRobot {
    pub(crate) type_id: i64,
    pub(crate) stage: String,
    pub(crate) plan: Vec<Planned>,
}

/// The engine's memory.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    pub(crate) workflows: BTreeMap<String, Workflow>,
    pub(crate) steps: BTreeMap<StepId, Step>,
    deadlines: BTreeSet<(Ms, StepId)>,
    by_token: BTreeMap<String, StepId>,
    pub(crate) stage_robots: Vec<StageRobot>,
    /// Client id, trigger code, type, stage.
    pub(crate) attached: Vec<(String, String, i64, String)>,
    pub(crate) executed: Vec<TriggerRun>,
}

const MAX_TIMEOUT_SECONDS: i64 = 157_680_000;

/// Starts a process and runs it up to its first waiting step.
pub(crate) fn start(core: &Core, state: &mut State, mut workflow: Workflow, now: Ms) -> Result<(String, Vec<Post>), SimError> {
    for planned in &mut workflow.plan {
        if planned.orphan.is_none() {
            let robot = state.robot(&planned.client_id, &planned.code).ok_or_else(|| SimError::NotRegistered(planned.code.clone()))?;
            check_properties(robot, &planned.properties)?;
        }
    }
    let stamp: String = random32().chars().take(14).collect();
    let number = state.next_id();
    let id = format!("{stamp}.{number:08}");
    state.engine.workflows.insert(id.clone(), workflow);
    let mut posts = Vec::new();
    advance(core, state, &id, now, &mut posts);
    Ok((id, posts))
}

fn check_properties(robot: &Robot, told: &Map<String, Value>) -> Result<(), SimError> {
    let unknown = told.keys().find(|name| !robot.properties.iter().any(|property| property.id == **name));
    match unknown {
        Some(property) => Err(SimError::NoSuchProperty { code: robot.code.clone(), property: property.clone() }),
        None => Ok(()),
    }
}

/// Runs a workflow until it waits or ends.
fn advance(core: &Core, state: &mut State, workflow_id: &str, now: Ms, posts: &mut Vec<Post>) {
    loop {
        let Some(workflow) = state.engine.workflows.get_mut(workflow_id).filter(|workflow| workflow.state == WorkflowState::Running) else {
            return;
        };
        let Some(planned) = workflow.plan.get(workflow.next).cloned() else {
            if !workflow.keep_alive {
                workflow.state = WorkflowState::Finished;
            }
            return;
        };
        workflow.next += 1;
        let Some((step, post)) = begin_step(core, state, workflow_id, &planned, now) else {
            if let Some(workflow) = state.engine.workflows.get_mut(workflow_id) {
                workflow.state = WorkflowState::Faulted;
            }
            return;
        };
        let waits = step.state == StepState::Waiting;
        remember(state, step);
        posts.push(post);
        if waits {
            return;
        }
    }
}

fn remember(state: &mut State, step: Step) {
    let engine = &mut state.engine;
    if let Some(workflow) = engine.workflows.get_mut(&step.workflow_id) {
        workflow.steps.push(step.id);
    }
    if let Some(deadline) = step.deadline {
        engine.deadlines.insert((deadline, step.id));
    }
    engine.by_token.insert(step.event_token.clone(), step.id);
    engine.steps.insert(step.id, step);
}

/// Builds the call exactly as the queue would send it; `None` when the application cannot be called.
fn begin_step(core: &Core, state: &mut State, workflow_id: &str, planned: &Planned, now: Ms) -> Option<(Step, Post)> {
    let install = state.installs.get(&planned.client_id)?;
    let robot = install.robots.get(&planned.code).cloned();
    let handler = robot.as_ref().map(|robot| robot.handler.clone()).or_else(|| planned.orphan.clone())?;
    if state.switches.unpaid {
        return None;
    }
    let id = StepId(state.next_id());
    let document = state.engine.workflows.get(workflow_id)?.document.clone();
    let registered = robot.as_ref().map(|robot| robot.use_subscription.as_str()).unwrap_or_default();
    let waits = match registered {
        "Y" => true,
        "N" => false,
        _ => planned.subscription.unwrap_or(false),
    };
    let timeout = if waits { planned.timeout_seconds.clamp(0, MAX_TIMEOUT_SECONDS) } else { 0 };
    let properties = expressions::fill(state, workflow_id, &document, robot.as_ref(), planned, core.config.old_edition);
    let event_token = core.sign_step(workflow_id, id);
    let user = planned.user.or(robot.as_ref().map(|robot| robot.auth_user_id)).filter(|user| *user > 0);
    let auth = AuthBlock::of(&planned.client_id).user(user).refresh(!core.config.old_edition).build(core, state, now);
    let tree = object(json!({
        "workflow_id": workflow_id, "code": planned.code, "document_id": document.id_triple(), "document_type": document.type_triple(),
        "event_token": event_token, "properties": properties, "use_subscription": if waits { "Y" } else { "N" },
        "timeout_duration": timeout, "ts": now / SECOND, "auth": auth,
    }));
    let post = Post { url: handler, kind: "robot".into(), step: Some(id), pairs: form::pairs(&tree), mishaps: planned.mishaps.clone() };
    let step = Step {
        id,
        code: planned.code.clone(),
        workflow_id: workflow_id.to_owned(),
        document_id: document.id.clone(),
        event_token,
        state: if waits { StepState::Waiting } else { StepState::NotWaiting },
        returned: Map::new(),
        answers: Vec::new(),
        log: Vec::new(),
        started_at: now,
        closed_at: (!waits).then_some(now),
        deadline: (timeout > 0).then(|| now + timeout * SECOND),
        return_names: robot.map(|robot| robot.return_properties.into_iter().map(|property| property.id).collect()).unwrap_or_default(),
    };
    Some((step, post))
}

/// Closes every step whose time is past and goes on with its workflow.
pub(crate) fn tick(core: &Core, state: &mut State, now: Ms) -> Vec<Post> {
    let mut posts = Vec::new();
    while let Some((deadline, id)) = state.engine.deadlines.first().copied().filter(|(deadline, _)| *deadline <= now) {
        state.engine.deadlines.remove(&(deadline, id));
        let Some(step) = state.engine.steps.get_mut(&id).filter(|step| step.state == StepState::Waiting) else { continue };
        step.state = StepState::TimedOut;
        step.closed_at = Some(deadline);
        step.returned.insert("IsTimeout".into(), json!(1));
        let workflow = step.workflow_id.clone();
        advance(core, state, &workflow, now, &mut posts);
    }
    posts
}

/// `bizproc.event.send` with its four ends (reference/bitrix24.md C.7); tells whether it resumed the process.
pub(crate) fn answer(
    core: &Core,
    state: &mut State,
    token: &str,
    values: Map<String, Value>,
    log: &str,
    now: Ms,
) -> Result<(bool, Vec<Post>), Refusal> {
    let (id, alive) = locate(core, state, token)?;
    let gone = state.switches.engine_error.clone().unwrap_or_else(engine_error);
    let Some(step) = state.engine.steps.get_mut(&id) else { return Err(gone) };
    let effect = match (alive, step.state) {
        (false, _) => Effect::Gone,
        (true, StepState::Waiting) => Effect::Resumed,
        (true, _) => Effect::Nothing,
    };
    step.answers.push(Answer { at: now, values: values.clone(), log_message: log.to_owned(), effect });
    match effect {
        Effect::Gone => return Err(gone),
        Effect::Nothing => return Ok((false, Vec::new())),
        Effect::Resumed => {}
    }
    step.state = StepState::Answered;
    step.closed_at = Some(now);
    step.log.push(if log.is_empty() { "The answer of the application has been received".into() } else { log.to_owned() });
    for (key, value) in values {
        if let Some(name) = step.return_names.iter().find(|name| name.eq_ignore_ascii_case(&key)) {
            step.returned.insert(name.clone(), value);
        }
    }
    let (workflow, deadline) = (step.workflow_id.clone(), step.deadline);
    if let Some(deadline) = deadline {
        state.engine.deadlines.remove(&(deadline, id));
    }
    let mut posts = Vec::new();
    advance(core, state, &workflow, now, &mut posts);
    Ok((true, posts))
}

/// `bizproc.activity.log`: writes a line and leaves the step as it is.
pub(crate) fn write_log(core: &Core, state: &mut State, token: &str, line: &str) -> Result<(), Refusal> {
    let (id, alive) = locate(core, state, token)?;
    if !alive {
        return Err(state.switches.engine_error.clone().unwrap_or_else(engine_error));
    }
    if let Some(step) = state.engine.steps.get_mut(&id) {
        step.log.push(line.to_owned());
    }
    Ok(())
}

/// The step behind a well-signed token, and whether its workflow is alive.
fn locate(core: &Core, state: &State, token: &str) -> Result<(StepId, bool), Refusal> {
    if !core.is_signed(token) {
        return Err(Refusal::denied("Access denied!"));
    }
    let id = state.engine.by_token.get(token).copied().ok_or_else(engine_error)?;
    let workflow = state.engine.steps.get(&id).and_then(|step| state.engine.workflows.get(&step.workflow_id));
    Ok((id, workflow.is_some_and(|workflow| workflow.state == WorkflowState::Running)))
}

fn engine_error() -> Refusal {
    Refusal::text("Workflow instance does not exist.")
}

/// Ends running workflows of a document.
pub(crate) fn terminate(state: &mut State, now: Ms, chosen: impl Fn(&str, &Workflow) -> bool) {
    let engine = &mut state.engine;
    let ended: Vec<StepId> = engine
        .workflows
        .iter_mut()
        .filter(|(id, workflow)| workflow.state == WorkflowState::Running && chosen(id, workflow))
        .flat_map(|(_, workflow)| {
            workflow.state = WorkflowState::Terminated;
            workflow.steps.clone()
        })
        .collect();
    for id in ended {
        if let Some(step) = engine.steps.get_mut(&id).filter(|step| step.state == StepState::Waiting) {
            step.state = StepState::Terminated;
            step.closed_at = Some(now);
        }
    }
}

/// Lets a kept-alive workflow come to its end.
pub(crate) fn finish(core: &Core, state: &mut State, workflow_id: &str, now: Ms) -> Vec<Post> {
    if let Some(workflow) = state.engine.workflows.get_mut(workflow_id) {
        workflow.keep_alive = false;
    }
    let waiting = |state: &State| {
        let steps = state.engine.workflows.get(workflow_id).map(|workflow| workflow.steps.clone()).unwrap_or_default();
        steps.iter().any(|id| state.engine.steps.get(id).is_some_and(|step| step.state == StepState::Waiting))
    };
    let mut posts = Vec::new();
    if !waiting(state) {
        advance(core, state, workflow_id, now, &mut posts);
    }
    posts
}

/// A stage was entered: waiting robots of the former stage end, those of the new one start.
pub(crate) fn stage_entered(core: &Core, state: &mut State, type_id: i64, item_id: i64, stage: &str, now: Ms) -> Vec<Post> {
    let document = Document::item(type_id, item_id);
    if !state.switches.keep_waiting_robots_on_stage_change {
        terminate(state, now, |_, workflow| workflow.of_stage && workflow.document == document);
    }
    let placed: Vec<Vec<Planned>> = state
        .engine
        .stage_robots
        .iter()
        .filter(|robot| robot.type_id == type_id && robot.stage == stage)
        .map(|robot| robot.plan.clone())
        .collect();
    let mut posts = Vec::new();
    for plan in placed {
        let workflow = Workflow {
            document: document.clone(),
            plan,
            next: 0,
            keep_alive: false,
            of_stage: true,
            state: WorkflowState::Running,
            steps: Vec::new(),
        };
        if let Ok((_, more)) = start(core, state, workflow, now) {
            posts.extend(more);
        }
    }
    posts
}

/// Return values of the steps that ran before, by their place in the process.
pub(crate) fn returned_by(state: &State, workflow_id: &str, place: usize, name: &str) -> Option<String> {
    let workflow = state.engine.workflows.get(workflow_id)?;
    let step = state.engine.steps.get(workflow.steps.get(place.checked_sub(1)?)?)?;
    step.returned.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| as_text(value))
}
