//! What a test may look at afterwards. Timeouts that the clock has passed happen before anything is read.

use super::crm::Change;
use super::document::Document;
use super::feed::{Activity, TimelineEntry};
use super::log::{RequestRecord, max_per_second};
use super::queue::Delivery;
use super::robots::{Robot, localized};
use super::simulation::Portal;
use super::state::{Binding, Notification, PlacementBinding};
use super::steps::{Step, StepId, StepState, TriggerRun, WorkflowState};
use serde_json::Value;

impl Portal {
    /// Ids of all items of a type.
    pub fn items_of(&self, type_id: i64) -> Vec<i64> {
        self.core.state().crm.items.keys().filter(|(kind, _)| *kind == type_id).map(|(_, id)| *id).collect()
    }

    /// A step, or `None` when there is none of this number.
    pub fn step(&self, id: StepId) -> Option<Step> {
        self.tick();
        self.core.state().engine.steps.get(&id).cloned()
    }

    /// All steps, in the order they began.
    pub fn steps(&self) -> Vec<Step> {
        self.tick();
        self.core.state().engine.steps.values().cloned().collect()
    }

    /// Number of steps in a state, without copying them: for crowds.
    pub fn count_steps(&self, wanted: StepState) -> usize {
        self.tick();
        self.core.state().engine.steps.values().filter(|step| step.state == wanted).count()
    }

    /// Steps of a workflow, in the order they began.
    pub fn steps_of(&self, workflow_id: &str) -> Vec<Step> {
        self.tick();
        let state = self.core.state();
        let ids = state.engine.workflows.get(workflow_id).map(|workflow| workflow.steps.clone()).unwrap_or_default();
        ids.iter().filter_map(|id| state.engine.steps.get(id).cloned()).collect()
    }

    /// Where a workflow stands.
    pub fn workflow(&self, workflow_id: &str) -> Option<WorkflowState> {
        self.tick();
        self.core.state().engine.workflows.get(workflow_id).map(|workflow| workflow.state)
    }

    /// A value the process has now from a step, by any case of its name; null when nothing was returned under it.
    pub fn returned(&self, id: StepId, name: &str) -> Value {
        let step = self.step(id);
        step.and_then(|step| step.returned.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)))
            .map_or(Value::Null, |(_, value)| value)
    }

    /// What happened to the calls of a step.
    pub fn deliveries_of(&self, id: StepId) -> Vec<Delivery> {
        self.core.state().queue.records.iter().filter(|delivery| delivery.step == Some(id)).cloned().collect()
    }

    /// All deliveries that ended.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.core.state().queue.records.clone()
    }

    /// A field of an item: camelCase standard name or original user field name.
    pub fn field(&self, document: impl Into<Document>, name: &str) -> Value {
        let key = document.into().item_key();
        let state = self.core.state();
        key.and_then(|key| state.crm.items.get(&key)).and_then(|item| item.fields.get(name)).cloned().unwrap_or(Value::Null)
    }

    /// Accepted writes of an item through REST or by moving it.
    pub fn changes(&self, document: impl Into<Document>) -> Vec<Change> {
        let key = document.into().item_key();
        let state = self.core.state();
        key.and_then(|key| state.crm.items.get(&key)).map(|item| item.changes.clone()).unwrap_or_default()
    }

    /// Comments and log messages of an item, oldest first.
    pub fn timeline(&self, document: impl Into<Document>) -> Vec<TimelineEntry> {
        let Some((type_id, owner)) = document.into().item_key() else { return Vec::new() };
        self.core.state().feed.entries.iter().filter(|entry| entry.type_id == type_id && entry.owner == owner).cloned().collect()
    }

    /// Configurable activities of an item with all their layouts, oldest first.
    pub fn activities(&self, document: impl Into<Document>) -> Vec<Activity> {
        let Some((type_id, owner)) = document.into().item_key() else { return Vec::new() };
        self.core.state().feed.activities.values().filter(|one| one.type_id == type_id && one.owner == owner).cloned().collect()
    }

    /// Triggers executed, in order.
    pub fn triggers_executed(&self) -> Vec<TriggerRun> {
        self.core.state().engine.executed.clone()
    }

    /// Triggers the main application registered: code and name.
    pub fn triggers(&self) -> Vec<(String, String)> {
        self.of_main(|install| install.triggers.iter().map(|(code, name)| (code.clone(), name.clone())).collect())
    }

    /// Notifications, oldest first; replaced ones are gone.
    pub fn notifications(&self) -> Vec<Notification> {
        self.core.state().notifications.clone()
    }

    /// Robots and activities of the main application, by code.
    pub fn robots(&self) -> Vec<Robot> {
        self.of_main(|install| install.robots.values().cloned().collect())
    }

    /// One of them.
    pub fn robot(&self, code: &str) -> Option<Robot> {
        self.of_main(|install| install.robots.get(code).cloned().into_iter().collect()).pop()
    }

    /// Its name as a person sees it in a language of the portal.
    pub fn robot_name(&self, code: &str, language: &str) -> Option<String> {
        self.robot(code).map(|robot| localized(&robot.name, language))
    }

    /// Bound events of the main application.
    pub fn bindings(&self) -> Vec<Binding> {
        self.of_main(|install| install.bindings.clone())
    }

    /// Bound placements of the main application.
    pub fn placements(&self) -> Vec<PlacementBinding> {
        self.of_main(|install| install.placements.clone())
    }

    /// Whether the main application is installed to the end.
    pub fn is_installed(&self) -> bool {
        self.core.state().installs.get(self.app_keys().0).is_some_and(|install| install.finished)
    }

    fn of_main<T>(&self, read: impl FnOnce(&super::state::Installation) -> Vec<T>) -> Vec<T> {
        self.core.state().installs.get(self.app_keys().0).map(read).unwrap_or_default()
    }

    /// Every REST request, in order.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.core.state().requests.clone()
    }

    /// How many requests there were; a batch counts once.
    pub fn request_count(&self) -> usize {
        self.core.state().requests.len()
    }

    /// How often a method was called, alone or inside a batch.
    pub fn calls_of(&self, method: &str) -> usize {
        self.core.state().requests.iter().flat_map(|request| &request.commands).filter(|command| command.method == method).count()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.core.state().requests.clear();
    }

    /// Most requests inside any one second.
    pub fn max_rate(&self) -> usize {
        max_per_second(&self.core.state().requests)
    }

    /// Highest level of the bucket, and requests that overflowed.
    pub fn bucket_peak(&self) -> (i64, u64) {
        let state = self.core.state();
        (state.limits.peak, state.limits.overflows)
    }
}
