//! The list of REST methods: name, scopes of which one is needed, the function that does the work.

use super::call::{Call, Reply};
use super::error::Refusal;
use super::state::State;
use super::{
    activities, app_methods, automation, bizproc_methods, classic, crm_lookup, disk, events, item_methods, notify, placements, robots,
    timeline,
};

/// The work of one method.
pub(crate) type Run = fn(&Call, &mut State) -> Result<Reply, Refusal>;

/// One method.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    /// One of these must be granted; empty = no scope needed.
    pub(crate) scopes: &'static [&'static str],
    pub(crate) run: Run,
}

const BASIC: &[&str] = &[];
const BIZPROC: &[&str] = &["bizproc"];
const CRM: &[&str] = &["crm"];
const USER: &[&str] = &["user", "user_basic", "user_brief"];
const IM: &[&str] = &["im"];
const DISK: &[&str] = &["disk"];
const PLACEMENT: &[&str] = &["placement"];

const fn method(name: &'static str, scopes: &'static [&'static str], run: Run) -> Method {
    Method { name, scopes, run }
}

/// All methods, in the order of their families.
pub(crate) const METHODS: &[Method] = &[
    method("batch", BASIC, app_methods::never),
    method("app.info", BASIC, app_methods::app_info),
    method("profile", BASIC, app_methods::profile),
    method("scope", BASIC, app_methods::scope),
    method("method.get", BASIC, app_methods::method_get),
    method("methods", BASIC, app_methods::method_names),
    method("server.time", BASIC, app_methods::server_time),
    method("user.admin", BASIC, app_methods::user_admin),
    method("user.current", USER, app_methods::user_current),
    method("user.get", USER, app_methods::user_get),
    method("bizproc.robot.add", BIZPROC, robots::robot_add),
    method("bizproc.robot.update", BIZPROC, robots::robot_update),
    method("bizproc.robot.delete", BIZPROC, robots::robot_delete),
    method("bizproc.robot.list", BIZPROC, robots::robot_list),
    method("bizproc.activity.add", BIZPROC, robots::activity_add),
    method("bizproc.activity.update", BIZPROC, robots::activity_update),
    method("bizproc.activity.delete", BIZPROC, robots::activity_delete),
    method("bizproc.activity.list", BIZPROC, robots::activity_list),
    method("bizproc.event.send", BIZPROC, bizproc_methods::event_send),
    method("bizproc.activity.log", BIZPROC, bizproc_methods::activity_log),
    method("bizproc.workflow.instances", BIZPROC, bizproc_methods::instances),
    method("bizproc.workflow.terminate", BIZPROC, bizproc_methods::terminate),
    method("event.bind", BASIC, events::bind),
    method("event.unbind", BASIC, events::unbind),
    method("event.get", BASIC, events::get),
    method("events", BASIC, events::names),
    method("event.test", BASIC, events::test),
    method("placement.bind", PLACEMENT, placements::bind),
    method("placement.unbind", PLACEMENT, placements::unbind),
    method("placement.get", PLACEMENT, placements::get),
    method("placement.list", PLACEMENT, placements::list),
    method("crm.item.get", CRM, item_methods::get),
    method("crm.item.list", CRM, item_methods::list),
    method("crm.item.add", CRM, item_methods::add),
    method("crm.item.update", CRM, item_methods::update),
    method("crm.deal.get", CRM, classic::deal),
    method("crm.lead.get", CRM, classic::lead),
    method("crm.contact.get", CRM, classic::contact),
    method("crm.company.get", CRM, classic::company),
    method("crm.deal.contact.items.get", CRM, classic::deal_contacts),
    method("crm.duplicate.findbycomm", CRM, crm_lookup::find_by_comm),
    method("crm.status.list", CRM, crm_lookup::status_list),
    method("crm.timeline.comment.add", CRM, timeline::comment_add),
    method("crm.timeline.comment.update", CRM, timeline::comment_update),
    method("crm.timeline.comment.list", CRM, timeline::comment_list),
    method("crm.timeline.logmessage.add", CRM, timeline::log_message_add),
    method("crm.activity.configurable.add", CRM, activities::add),
    method("crm.activity.configurable.update", CRM, activities::update),
    method("crm.activity.configurable.get", CRM, activities::get_configurable),
    method("crm.activity.list", CRM, activities::list),
    method("crm.activity.get", CRM, activities::get),
    method("crm.automation.trigger.add", CRM, automation::trigger_add),
    method("crm.automation.trigger.list", CRM, automation::trigger_list),
    method("crm.automation.trigger.execute", CRM, automation::trigger_execute),
    method("crm.automation.trigger.delete", CRM, automation::trigger_delete),
    method("im.notify.personal.add", IM, notify::personal),
    method("im.notify.system.add", IM, notify::system),
    method("disk.file.get", DISK, disk::file_get),
];

/// A method by its lower-case name.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}
