//! `bizproc.robot.*` and `bizproc.activity.*`: one table, one namespace per application (reference/bitrix24.md B).

use super::call::{Call, Reply, no_application};
use super::descriptor::{Property, check_document_type, check_filter, check_handler, read_properties};
use super::error::Refusal;
use super::params::{as_int, as_map, as_text, find_any_case, is_empty};
use super::state::State;
use serde_json::{Map, Value, json};

/// Robot or activity: update and delete of the one never find the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Automation rule.
    Robot,
    /// Business-process activity.
    Activity,
}

/// One registered robot or activity.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Robot {
    /// CODE.
    pub code: String,
    /// Which of the two.
    pub kind: Kind,
    /// HANDLER.
    pub handler: String,
    /// `AUTH_USER_ID`; 0 when it was not told.
    pub auth_user_id: i64,
    /// `Y`, `N`, or empty: the author of the process decides.
    pub use_subscription: String,
    /// `NAME` as told: text or map of languages.
    pub name: Value,
    /// `DESCRIPTION` as told.
    pub description: Value,
    /// `PROPERTIES`.
    pub properties: Vec<Property>,
    /// `RETURN_PROPERTIES`.
    pub return_properties: Vec<Property>,
    /// `DOCUMENT_TYPE` as told.
    pub document_type: Value,
    /// `FILTER` as told.
    pub filter: Value,
    /// Address of the settings dialog when `USE_PLACEMENT` is exactly `Y`.
    pub placement_handler: Option<String>,
    /// How often it was changed since it was added.
    pub updates: u32,
}

pub(crate) fn robot_add(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    add(call, state, Kind::Robot)
}

pub(crate) fn activity_add(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    add(call, state, Kind::Activity)
}

pub(crate) fn robot_update(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    update(call, state, Kind::Robot)
}

pub(crate) fn activity_update(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    update(call, state, Kind::Activity)
}

pub(crate) fn robot_delete(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    delete(call, state, Kind::Robot)
}

pub(crate) fn activity_delete(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    delete(call, state, Kind::Activity)
}

pub(crate) fn robot_list(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    list(call, state, Kind::Robot)
}

pub(crate) fn activity_list(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    list(call, state, Kind::Activity)
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::bad("ERROR_ACTIVITY_VALIDATION_FAILURE", text)
}

fn rights(call: &Call) -> Result<String, Refusal> {
    let client = call.app(no_application)?;
    call.admin("Access denied!")?;
    Ok(client)
}

/// The parameters without `auth`, keys in upper case as the portal changes them.
fn upper(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter().filter(|(key, _)| !key.eq_ignore_ascii_case("auth")).map(|(key, value)| (key.to_uppercase(), value.clone())).collect()
}

fn code_of(params: &Map<String, Value>) -> Result<String, Refusal> {
    let code = params.get("CODE").and_then(as_text).filter(|code| !code.is_empty()).ok_or_else(|| invalid("Empty activity code!"))?;
    let good = code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if good { Ok(code) } else { Err(invalid("Wrong activity code!")) }
}

fn add(call: &Call, state: &mut State, kind: Kind) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let params = upper(&call.params.0);
    if params.is_empty() {
        return Err(invalid("Empty data!"));
    }
    let code = code_of(&params)?;
    let mut robot = Robot {
        code: code.clone(),
        kind,
        handler: String::new(),
        auth_user_id: 0,
        use_subscription: String::new(),
        name: Value::Null,
        description: Value::Null,
        properties: Vec::new(),
        return_properties: Vec::new(),
        document_type: Value::Null,
        filter: Value::Null,
        placement_handler: None,
        updates: 0,
    };
    let mut complete = params;
    for required in ["HANDLER", "NAME"] {
        complete.entry(required).or_insert(Value::Null);
    }
    apply(&mut robot, &complete, kind)?;
    let install = state.installs.get_mut(&client).ok_or_else(no_application)?;
    if install.robots.contains_key(&code) {
        return Err(Refusal::bad("ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!"));
    }
    install.robots.insert(code, robot);
    Ok(Reply::of(true))
}

fn update(call: &Call, state: &mut State, kind: Kind) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let params = upper(&call.params.0);
    if params.is_empty() {
        return Err(invalid("Empty data!"));
    }
    let code = code_of(&params)?;
    let install = state.installs.get_mut(&client).ok_or_else(no_application)?;
    let Some(robot) = install.robots.get_mut(&code).filter(|robot| robot.kind == kind) else { return Err(not_found()) };
    let fields = params.get("FIELDS").and_then(as_map).map(|fields| upper(&fields)).unwrap_or_default();
    const COUNTED: [&str; 10] = [
        "HANDLER",
        "AUTH_USER_ID",
        "USE_SUBSCRIPTION",
        "USE_PLACEMENT",
        "NAME",
        "DESCRIPTION",
        "PROPERTIES",
        "RETURN_PROPERTIES",
        "DOCUMENT_TYPE",
        "FILTER",
    ];
    if !COUNTED.iter().any(|key| fields.contains_key(*key)) {
        return Err(invalid("No fields to update"));
    }
    let mut changed = robot.clone();
    apply(&mut changed, &fields, kind)?;
    changed.updates += 1;
    *robot = changed;
    Ok(Reply::of(true))
}

/// Checks and takes over the told fields in the vendor's order; nothing is merged inside a field.
fn apply(robot: &mut Robot, fields: &Map<String, Value>, kind: Kind) -> Result<(), Refusal> {
    if let Some(handler) = fields.get("HANDLER") {
        robot.handler = check_handler(handler)?;
    }
    if let Some(name) = fields.get("NAME") {
        if is_empty(name) {
            return Err(invalid("Empty activity NAME!"));
        }
        robot.name = name.clone();
    }
    if let Some(description) = fields.get("DESCRIPTION") {
        robot.description = description.clone();
    }
    if let Some(document_type) = fields.get("DOCUMENT_TYPE") {
        robot.document_type = document_type.clone();
    }
    let typed = !is_empty(&robot.document_type);
    if let Some(properties) = fields.get("PROPERTIES") {
        robot.properties = read_properties(properties, typed)?;
    }
    if let Some(properties) = fields.get("RETURN_PROPERTIES") {
        robot.return_properties = read_properties(properties, typed)?;
    }
    if kind == Kind::Activity && typed {
        check_document_type(&robot.document_type)?;
    }
    if let Some(filter) = fields.get("FILTER") {
        check_filter(filter)?;
        robot.filter = filter.clone();
    }
    if let Some(user) = fields.get("AUTH_USER_ID") {
        robot.auth_user_id = as_int(user).unwrap_or(0);
    }
    if let Some(flag) = fields.get("USE_SUBSCRIPTION") {
        let flag = as_text(flag).unwrap_or_default();
        robot.use_subscription = if flag == "Y" || flag == "N" { flag } else { String::new() };
    }
    match fields.get("USE_PLACEMENT").and_then(as_text).as_deref() {
        Some("Y") => robot.placement_handler = Some(check_handler(fields.get("PLACEMENT_HANDLER").unwrap_or(&Value::Null))?),
        Some(_) => robot.placement_handler = None,
        None => {}
    }
    Ok(())
}

fn not_found() -> Refusal {
    Refusal::bad("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
}

fn delete(call: &Call, state: &mut State, kind: Kind) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let code = code_of(&upper(&call.params.0))?;
    let install = state.installs.get_mut(&client).ok_or_else(no_application)?;
    if !install.robots.get(&code).is_some_and(|robot| robot.kind == kind) {
        return Err(not_found());
    }
    install.robots.remove(&code);
    Ok(Reply::of(true))
}

fn list(call: &Call, state: &mut State, kind: Kind) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let install = state.installs.get(&client).ok_or_else(no_application)?;
    let codes: Vec<&String> = install.robots.values().filter(|robot| robot.kind == kind).map(|robot| &robot.code).collect();
    Ok(Reply::of(json!(codes)))
}

/// Whether a language map or text names something in that language, for observations.
pub(crate) fn localized(name: &Value, language: &str) -> String {
    match name {
        Value::Object(map) => {
            find_any_case(map, language).or_else(|| map.get("en")).or_else(|| map.values().next()).and_then(as_text).unwrap_or_default()
        }
        other => as_text(other).unwrap_or_default(),
    }
}
