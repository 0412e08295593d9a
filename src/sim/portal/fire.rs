//! Firing robots: one step, a whole process, robots placed on stages.

use super::document::Document;
use super::engine::{self, Planned, StageRobot, Workflow};
use super::error::SimError;
use super::item_methods;
use super::queue::Mishap;
use super::simulation::Portal;
use super::state::object;
use super::steps::{StepId, WorkflowState};
use serde_json::{Value, json};

/// A process being put together: steps one after another on one document.
#[derive(Debug)]
#[must_use = "nothing happens before `start`"]
pub struct Process {
    portal: Portal,
    document: Document,
    plan: Vec<Planned>,
    keep_alive: bool,
}

/// One step being put together.
#[derive(Debug)]
#[must_use = "nothing happens before `fire`"]
pub struct Firing {
    process: Process,
    planned: Planned,
}

impl Portal {
    /// The document reaches one robot or activity of the main application; returns when its handler has answered (or the queue is held).
    /// `properties` are an object of property values; what is not named gets its default.
    ///
    /// # Errors
    /// The code is not registered, or has no such property.
    pub async fn fires(&self, code: &str, document: impl Into<Document>, properties: Value) -> Result<StepId, SimError> {
        self.firing(code, document).properties(properties).fire().await
    }

    /// The same with choices a process author or an accident makes.
    pub fn firing(&self, code: &str, document: impl Into<Document>) -> Firing {
        let planned = Planned { client_id: self.app_keys().0.to_owned(), code: code.to_owned(), ..Planned::default() };
        Firing { process: self.process(document), planned }
    }

    /// A process of several steps.
    pub fn process(&self, document: impl Into<Document>) -> Process {
        Process { portal: self.clone(), document: document.into(), plan: Vec::new(), keep_alive: false }
    }

    /// Places a robot on a stage: it fires for every item that enters it, and is terminated when the item leaves while it waits.
    pub fn place_robot(&self, type_id: i64, stage: &str, code: &str, properties: Value) {
        let planned = Planned {
            client_id: self.app_keys().0.to_owned(),
            code: code.to_owned(),
            properties: object(properties),
            ..Planned::default()
        };
        self.core.state().engine.stage_robots.push(StageRobot { type_id, stage: stage.to_owned(), plan: vec![planned] });
    }

    /// Places a process on a stage: its steps run one after another for every item that enters it.
    pub fn place_process(&self, type_id: i64, stage: &str, process: Process) {
        self.core.state().engine.stage_robots.push(StageRobot { type_id, stage: stage.to_owned(), plan: process.plan });
    }

    /// Attaches an application trigger to a stage: executed, it moves items of earlier stages there.
    pub fn attach_trigger(&self, code: &str, type_id: i64, stage: &str) {
        let client = self.app_keys().0.to_owned();
        self.core.state().engine.attached.push((client, code.to_owned(), type_id, stage.to_owned()));
    }

    /// A person moves an item to a stage; its robots fire. Returns when their handlers have answered.
    pub async fn move_item(&self, document: impl Into<Document>, stage: &str) {
        let Some((type_id, id)) = document.into().item_key() else { return };
        let now = self.core.clock.now();
        let posts = item_methods::write(&self.core, &mut self.core.state(), type_id, id, object(json!({ "stageId": stage })), 1, now);
        for delivery in self.dispatch(posts) {
            delivery.await.ok();
        }
    }

    /// Keeps waiting robots alive when their item changes stage (a setting of the portal).
    pub fn keep_waiting_robots(&self, keep: bool) {
        self.core.state().switches.keep_waiting_robots_on_stage_change = keep;
    }

    /// Ends a workflow from outside, as an administrator does.
    pub fn terminate_workflow(&self, workflow_id: &str) {
        let now = self.core.clock.now();
        engine::terminate(&mut self.core.state(), now, |id, _| id == workflow_id);
    }

    /// Lets a workflow that was kept alive come to its end.
    pub fn finish_workflow(&self, workflow_id: &str) {
        let now = self.core.clock.now();
        let posts = engine::finish(&self.core, &mut self.core.state(), workflow_id, now);
        drop(self.dispatch(posts));
    }

    /// From now on deliveries pile up.
    pub fn hold_queue(&self) {
        self.core.state().queue.held.get_or_insert_default();
    }

    /// Delivers what piled up; `reversed` = the latest first, one after another.
    pub async fn release_queue(&self, reversed: bool) {
        let mut held = self.core.state().queue.held.take().unwrap_or_default();
        if !reversed {
            for delivery in self.dispatch(held) {
                delivery.await.ok();
            }
            return;
        }
        held.reverse();
        for post in held {
            for delivery in self.dispatch(vec![post]) {
                delivery.await.ok();
            }
        }
    }

    /// The next `times` deliveries of any kind meet this mishap.
    pub fn mishap(&self, mishap: Mishap, times: usize) {
        self.core.state().queue.mishaps.extend(std::iter::repeat_n(mishap, times));
    }
}

impl Process {
    /// Adds a step. Texts may take values of earlier ones: `{=A1:message_id}` is what step 1 returned.
    pub fn then(mut self, code: &str, properties: Value) -> Self {
        let client_id = self.portal.app_keys().0.to_owned();
        self.plan.push(Planned { client_id, code: code.to_owned(), properties: object(properties), ..Planned::default() });
        self
    }

    /// Adds a step with choices.
    pub fn then_with(mut self, step: Firing) -> Self {
        self.plan.push(step.planned);
        self
    }

    /// Something after the steps keeps the workflow alive, so that a second answer is `true` without effect.
    pub fn stays_alive(mut self) -> Self {
        self.keep_alive = true;
        self
    }

    /// Starts it; returns the workflow's id when the handlers of the steps that began have answered.
    ///
    /// # Errors
    /// A code is not registered, or has no such property.
    pub async fn start(self) -> Result<String, SimError> {
        let now = self.portal.core.clock.now();
        let workflow = Workflow {
            document: self.document,
            plan: self.plan,
            next: 0,
            keep_alive: self.keep_alive,
            of_stage: false,
            state: WorkflowState::Running,
            steps: Vec::new(),
        };
        let (id, posts) = engine::start(&self.portal.core, &mut self.portal.core.state(), workflow, now)?;
        for delivery in self.portal.dispatch(posts) {
            delivery.await.ok();
        }
        Ok(id)
    }
}

impl Firing {
    /// Values of its properties, an object.
    pub fn properties(mut self, properties: Value) -> Self {
        self.planned.properties = object(properties);
        self
    }

    /// One more value.
    pub fn property(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.planned.properties.insert(name.to_owned(), value.into());
        self
    }

    /// Runs as this user instead of the registered `AUTH_USER_ID`; an unknown one means a call without tokens.
    pub fn as_user(mut self, user: i64) -> Self {
        self.planned.user = Some(user);
        self
    }

    /// The author's choice where the registration leaves waiting open.
    pub fn waits(mut self, waits: bool) -> Self {
        self.planned.subscription = Some(waits);
        self
    }

    /// Waits at most this long.
    pub fn timeout_seconds(mut self, seconds: i64) -> Self {
        self.planned.timeout_seconds = seconds;
        self
    }

    /// Another application's robot.
    pub fn of_app(mut self, client_id: &str) -> Self {
        client_id.clone_into(&mut self.planned.client_id);
        self
    }

    /// A step of a template whose robot is not registered any more (or never was), sent to this address all the same.
    pub fn orphan_at(mut self, url: &str) -> Self {
        self.planned.orphan = Some(url.to_owned());
        self
    }

    /// This delivery meets a mishap.
    pub fn with(mut self, mishap: Mishap) -> Self {
        self.planned.mishaps.push(mishap);
        self
    }

    /// Something after the step keeps the workflow alive.
    pub fn stays_alive(mut self) -> Self {
        self.process.keep_alive = true;
        self
    }

    /// Fires; returns when the handler has answered (or the queue is held).
    ///
    /// # Errors
    /// The code is not registered, or has no such property; the application is gone.
    pub async fn fire(mut self) -> Result<StepId, SimError> {
        let portal = self.process.portal.clone();
        let code = self.planned.code.clone();
        self.process.plan = vec![self.planned];
        let workflow = self.process.start().await?;
        portal.steps_of(&workflow).first().map(|step| step.id).ok_or(SimError::NotRegistered(code))
    }
}
