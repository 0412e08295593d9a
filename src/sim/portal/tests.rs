//! Wrong requests from the contract, each with the vendor's status and code, over real HTTP; then what right ones do.

mod attacks;
mod behaviour;
mod crm;
mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::World;

/// Who sends a wrong request.
enum As {
    Admin,
    Employee,
    Nobody,
    Alien,
    Webhook,
}

use As::{Admin, Alien, Employee, Nobody, Webhook};

fn robot(changes: Value) -> Value {
    let mut body = json!({"CODE": "x", "HANDLER": "http://127.0.0.1:9/b24/robot", "NAME": {"ru": "Имя", "en": "Name"}});
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn layout(path: &str, value: Value) -> Value {
    let mut layout = json!({
        "icon": {"code": "info"}, "header": {"title": "T"},
        "body": {"logo": {"code": "document"}, "blocks": {"a": {"type": "text", "properties": {"value": "v"}}}},
    });
    *layout.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    json!({"ownerTypeId": 2, "ownerId": 512, "fields": {"completed": true}, "layout": layout})
}

fn many(count: usize, one: Value) -> Value {
    Value::Object((0..count).map(|index| (format!("k{index}"), one.clone())).collect())
}

const INVALID: &str = "ERROR_ACTIVITY_VALIDATION_FAILURE";

#[rustfmt::skip]
fn refusals() -> Vec<(&'static str, As, &'static str, Value, u16, &'static str, &'static str)> {
    let tag = json!({"title": "t", "type": "success"});
    let text = json!({"type": "text", "properties": {"value": "v"}});
    vec![
        // rights
        ("unknown method", Admin, "bizproc.robot.fly", json!({}), 404, "ERROR_METHOD_NOT_FOUND", "Method not found!"),
        ("no token", Nobody, "profile", json!({}), 401, "NO_AUTH_FOUND", ""),
        ("alien token", Alien, "profile", json!({}), 401, "invalid_token", ""),
        ("missing scope", Admin, "im.notify.system.add", json!({"USER_ID": 1, "MESSAGE": "m"}), 403, "insufficient_scope", ""),
        ("webhook has no application", Webhook, "app.info", json!({}), 403, "ACCESS_DENIED", "Application context required"),
        ("webhook cannot register robots", Webhook, "bizproc.robot.add", robot(json!({})), 403, "ACCESS_DENIED", "Application context required"),
        ("webhook cannot bind placements", Webhook, "placement.bind", json!({"PLACEMENT": "LEFT_MENU", "HANDLER": "http://a.b/"}), 403, "WRONG_AUTH_TYPE", ""),
        ("employee registers a robot", Employee, "bizproc.robot.add", robot(json!({})), 403, "ACCESS_DENIED", "Access denied!"),
        ("employee lists robots", Employee, "bizproc.robot.list", json!({}), 403, "ACCESS_DENIED", "Access denied!"),
        ("employee binds a placement", Employee, "placement.bind", json!({"PLACEMENT": "LEFT_MENU", "HANDLER": "http://a.b/"}), 403, "ACCESS_DENIED", ""),
        ("employee executes a trigger", Employee, "crm.automation.trigger.execute", json!({"CODE": "t", "OWNER_TYPE_ID": 2, "OWNER_ID": 512}), 403, "ACCESS_DENIED", "Admin permissions required"),
        ("employee binds for another user", Employee, "event.bind", json!({"event": "ONAPPUPDATE", "handler": "http://a.b/", "auth_type": 1}), 403, "ACCESS_DENIED", ""),
        // robots
        ("empty code", Admin, "bizproc.robot.add", robot(json!({"CODE": ""})), 400, INVALID, "Empty activity code!"),
        ("code before handler", Admin, "bizproc.robot.add", json!({"CODE": "bad code", "HANDLER": "x"}), 400, INVALID, "Wrong activity code!"),
        ("handler before name", Admin, "bizproc.robot.add", json!({"CODE": "x", "HANDLER": "x"}), 400, "ERROR_WRONG_HANDLER_URL", ""),
        ("host without a dot", Admin, "bizproc.robot.add", robot(json!({"HANDLER": "http://localhost:8080/b24/robot"})), 400, "ERROR_WRONG_HANDLER_URL", ""),
        ("no web protocol", Admin, "bizproc.robot.add", robot(json!({"HANDLER": "ftp://a.example.org/"})), 400, "ERROR_UNSUPPORTED_PROTOCOL", ""),
        ("no name", Admin, "bizproc.robot.add", robot(json!({"NAME": ""})), 400, INVALID, "Empty activity NAME!"),
        ("properties are no map", Admin, "bizproc.robot.add", robot(json!({"PROPERTIES": "text"})), 400, INVALID, "Wrong properties array!"),
        ("property begins with a digit", Admin, "bizproc.robot.add", robot(json!({"PROPERTIES": {"1a": {"Name": "n"}}})), 400, INVALID, "Wrong property key (1a)!"),
        ("reserved property", Admin, "bizproc.robot.add", robot(json!({"PROPERTIES": {"isTimeout": {"Name": "n"}}})), 400, INVALID, "Wrong property key (isTimeout)!"),
        ("reserved return property", Admin, "bizproc.robot.add", robot(json!({"RETURN_PROPERTIES": {"Title": {"Name": "n"}}})), 400, INVALID, "Wrong property key (Title)!"),
        ("names equal but for case", Admin, "bizproc.robot.add", robot(json!({"PROPERTIES": {"text": {"Name": "n"}, "TEXT": {"Name": "n"}}})), 400, INVALID, "Wrong property key (TEXT)!"),
        ("property without a name", Admin, "bizproc.robot.add", robot(json!({"PROPERTIES": {"text": {"Type": "string"}}})), 400, INVALID, "Empty property NAME (text)!"),
        ("unknown property type", Admin, "bizproc.robot.add", robot(json!({"PROPERTIES": {"text": {"Name": "n", "Type": "phone"}}})), 400, INVALID, "(text)"),
        ("filter is no map", Admin, "bizproc.robot.add", robot(json!({"FILTER": "crm"})), 400, INVALID, "Wrong activity FILTER!"),
        ("filter names another edition", Admin, "bizproc.robot.add", robot(json!({"FILTER": {"INCLUDE": ["cloud"]}})), 400, INVALID, "Wrong activity FILTER!"),
        ("activity of an unknown document", Admin, "bizproc.activity.add", robot(json!({"DOCUMENT_TYPE": ["crm"]})), 400, INVALID, "Wrong activity DOCUMENT_TYPE!"),
        ("dialog without an address", Admin, "bizproc.robot.add", robot(json!({"USE_PLACEMENT": "Y"})), 400, "ERROR_WRONG_HANDLER_URL", ""),
        ("code taken", Admin, "bizproc.robot.add", robot(json!({"CODE": "taken"})), 400, "ERROR_ACTIVITY_ALREADY_INSTALLED", ""),
        ("code taken by a robot", Admin, "bizproc.activity.add", robot(json!({"CODE": "taken"})), 400, "ERROR_ACTIVITY_ALREADY_INSTALLED", ""),
        ("activity update does not find a robot", Admin, "bizproc.activity.update", json!({"CODE": "taken", "FIELDS": {"NAME": "n"}}), 400, "ERROR_ACTIVITY_NOT_FOUND", ""),
        ("activity delete does not find a robot", Admin, "bizproc.activity.delete", json!({"CODE": "taken"}), 400, "ERROR_ACTIVITY_NOT_FOUND", ""),
        ("PLACEMENT_HANDLER alone", Admin, "bizproc.robot.update", json!({"CODE": "taken", "FIELDS": {"PLACEMENT_HANDLER": "http://127.0.0.1:9/x"}}), 400, INVALID, "No fields to update"),
        ("fields outside FIELDS", Admin, "bizproc.robot.update", json!({"CODE": "taken", "NAME": "n"}), 400, INVALID, "No fields to update"),
        // answers
        ("forged event token", Admin, "bizproc.event.send", json!({"EVENT_TOKEN": "68c1f2a3b4c5d6.12345678|A1_2_3_4|abc.0000"}), 403, "ACCESS_DENIED", "Access denied!"),
        ("no event token", Admin, "bizproc.event.send", json!({}), 403, "ACCESS_DENIED", "Access denied!"),
        ("empty log line", Admin, "bizproc.activity.log", json!({"EVENT_TOKEN": "x", "LOG_MESSAGE": ""}), 400, "ERROR_EMPTY_LOG_MESSAGE", ""),
        // events and placements
        ("unknown event", Admin, "event.bind", json!({"event": "ONRAIN", "handler": "http://127.0.0.1:9/"}), 400, "ERROR_EVENT_NOT_FOUND", ""),
        ("event without a handler", Admin, "event.bind", json!({"event": "ONAPPUPDATE"}), 400, "ERROR_ARGUMENT", ""),
        ("event handler without a dot", Admin, "event.bind", json!({"event": "ONAPPUPDATE", "handler": "http://localhost/"}), 400, "ERROR_WRONG_HANDLER_URL", ""),
        ("event bound twice", Admin, "event.bind", json!({"event": "onCrmDealUpdate", "handler": "http://127.0.0.1:9/bound"}), 400, "ERROR_CORE", "Unable to set event handler"),
        ("placement missing, told with 200", Admin, "placement.bind", json!({"HANDLER": "http://127.0.0.1:9/"}), 200, "ERROR_ARGUMENT", "PLACEMENT"),
        ("unknown placement", Admin, "placement.bind", json!({"PLACEMENT": "CRM_DEAL_CEILING", "HANDLER": "http://127.0.0.1:9/"}), 400, "ERROR_PLACEMENT_NOT_FOUND", ""),
        ("settings dialog cannot be bound", Admin, "placement.bind", json!({"PLACEMENT": "BIZPROC_ACTIVITY_PROPERTIES_DIALOG", "HANDLER": "http://127.0.0.1:9/"}), 400, "ERROR_PLACEMENT_NOT_FOUND", ""),
        ("placement handler without a dot", Admin, "placement.bind", json!({"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "http://localhost/"}), 400, "ERROR_WRONG_HANDLER_URL", ""),
        // CRM
        ("missing parameter", Admin, "crm.item.get", json!({"entityTypeId": 2}), 400, "100", "Could not find value for parameter {id}"),
        ("parameter in another case", Admin, "crm.item.get", json!({"ENTITYTYPEID": 2, "id": 512}), 400, "100", "{entityTypeId}"),
        ("no such item", Admin, "crm.item.get", json!({"entityTypeId": 2, "id": 1}), 400, "NOT_FOUND", ""),
        ("no such type", Admin, "crm.item.get", json!({"entityTypeId": 99, "id": 1}), 400, "NOT_FOUND", ""),
        ("stage that does not exist", Admin, "crm.item.update", json!({"entityTypeId": 2, "id": 512, "fields": {"stageId": "DREAM"}}), 400, "INVALID_ARG_VALUE", ""),
        ("update without fields", Admin, "crm.item.update", json!({"entityTypeId": 2, "id": 512}), 400, "100", "{fields}"),
        ("classic id", Admin, "crm.deal.get", json!({"id": "x"}), 400, "", "ID is not defined or invalid."),
        ("classic not found", Admin, "crm.contact.get", json!({"id": 1}), 400, "", "Not found"),
        ("search without a type", Admin, "crm.duplicate.findbycomm", json!({"values": ["1"]}), 400, "Communication type is not defined", ""),
        ("comment in upper-case FIELDS", Admin, "crm.timeline.comment.add", json!({"FIELDS": {"ENTITY_ID": 512, "ENTITY_TYPE": "deal", "COMMENT": "c"}}), 400, "100", "{fields}"),
        ("empty comment", Admin, "crm.timeline.comment.add", json!({"fields": {"ENTITY_ID": 512, "ENTITY_TYPE": "deal", "COMMENT": " "}}), 400, "INVALID_ARG_VALUE", ""),
        ("comment of nobody", Admin, "crm.timeline.comment.add", json!({"fields": {"ENTITY_ID": 7, "ENTITY_TYPE": "deal", "COMMENT": "c"}}), 400, "OWNER_NOT_FOUND", ""),
        ("log message without an icon", Admin, "crm.timeline.logmessage.add", json!({"fields": {"entityTypeId": 2, "entityId": 512, "title": "t", "text": "x"}}), 400, "100", "{iconCode}"),
        ("trigger code in upper case", Admin, "crm.automation.trigger.add", json!({"CODE": "Replied", "NAME": "n"}), 400, "", "Wrong trigger code!"),
        ("trigger without a name", Admin, "crm.automation.trigger.add", json!({"CODE": "replied"}), 400, "", "Empty trigger name!"),
        ("unknown trigger", Admin, "crm.automation.trigger.execute", json!({"CODE": "x", "OWNER_TYPE_ID": 2, "OWNER_ID": 512}), 400, "", "Trigger with code x is not registered."),
        ("trigger of a contact", Admin, "crm.automation.trigger.execute", json!({"CODE": "known", "OWNER_TYPE_ID": 3, "OWNER_ID": 9}), 400, "", "Incorrect parameter OWNER_TYPE_ID."),
        // configurable activities
        ("webhook makes an activity", Webhook, "crm.activity.configurable.add", layout("/icon", json!({"code": "info"})), 400, "ERROR_WRONG_CONTEXT", ""),
        ("no layout", Admin, "crm.activity.configurable.add", json!({"ownerTypeId": 2, "ownerId": 512, "fields": {}}), 400, "100", "{layout}"),
        ("empty layout", Admin, "crm.activity.configurable.add", json!({"ownerTypeId": 2, "ownerId": 512, "fields": {}, "layout": {}}), 400, "ERROR_EMPTY_LAYOUT", ""),
        ("redundant key", Admin, "crm.activity.configurable.add", layout("/icon", json!({"code": "info", "size": 1})), 400, "FIELD_IS_REDUNDANT", "icon.size"),
        ("no title", Admin, "crm.activity.configurable.add", layout("/header", json!({})), 400, "FIELD_IS_REQUIRED", "header.title"),
        ("three tags", Admin, "crm.activity.configurable.add", layout("/header", json!({"title": "t", "tags": many(3, tag.clone())})), 400, "TOO_MANY_ITEMS", ""),
        ("colour that is none", Admin, "crm.activity.configurable.add", layout("/header", json!({"title": "t", "tags": {"a": {"title": "t", "type": "green"}}})), 400, "ENUM_FIELD", ""),
        ("key with a blank", Admin, "crm.activity.configurable.add", layout("/header", json!({"title": "t", "tags": {"a b": tag}})), 400, "KEY_CONTAIN_WRONG_SYMBOLS", ""),
        ("language the portal lacks", Admin, "crm.activity.configurable.add", layout("/header", json!({"title": {"xx": "t"}})), 400, "WRONG_LANG", ""),
        ("twenty-one blocks", Admin, "crm.activity.configurable.add", layout("/body/blocks", many(21, text)), 400, "TOO_MANY_ITEMS", ""),
        ("text without a value", Admin, "crm.activity.configurable.add", layout("/body/blocks", json!({"a": {"type": "text", "properties": {}}})), 400, "FIELD_IS_REQUIRED", "value"),
        ("unknown block", Admin, "crm.activity.configurable.add", layout("/body/blocks", json!({"a": {"type": "image"}})), 400, "ENUM_FIELD", ""),
        ("incoming with a deadline", Admin, "crm.activity.configurable.add", json!({"ownerTypeId": 2, "ownerId": 512, "fields": {"isIncomingChannel": "Y", "deadline": "2026-09-21T10:00:00+03:00"}, "layout": {}}), 400, "INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE", ""),
        ("field of a wrong type", Admin, "crm.activity.configurable.add", json!({"ownerTypeId": 2, "ownerId": 512, "fields": {"completed": "perhaps"}, "layout": {}}), 400, "WRONG_FIELD_VALUE", "completed"),
        ("update of no activity", Admin, "crm.activity.configurable.update", json!({"id": 1, "fields": {}}), 400, "NOT_FOUND", ""),
        // files
        ("no such file", Admin, "disk.file.get", json!({"id": 1}), 400, "ERROR_NOT_FOUND", ""),
        ("file without an id", Admin, "disk.file.get", json!({}), 400, "ERROR_ARGUMENT", ""),
    ]
}

/// How many different ones the table holds.
pub(in crate::sim) fn distinct() -> usize {
    let told = |sender: &As| match sender {
        Admin => "admin",
        Employee => "employee",
        Nobody => "nobody",
        Alien => "alien",
        Webhook => "webhook",
    };
    let different: BTreeSet<String> =
        refusals().iter().map(|(_, sender, method, body, ..)| format!("{} {method} {body}", told(sender))).collect();
    different.len()
}

#[tokio::test]
async fn wrong_requests_meet_the_vendors_refusals() {
    let world = World::start().await;
    world.portal.deal(512);
    world.portal.contact(9);
    world.ok("bizproc.robot.add", robot(json!({"CODE": "taken"}))).await;
    world.ok("event.bind", json!({"event": "ONCRMDEALUPDATE", "handler": "http://127.0.0.1:9/bound"})).await;
    world.ok("crm.automation.trigger.add", json!({"CODE": "known", "NAME": "n"})).await;
    let scopes: Vec<&str> = super::ALL_SCOPES.iter().copied().filter(|scope| *scope != "im").collect();
    world.portal.grant(&scopes);
    let alien = World::start().await;
    let webhook = world.portal.webhook(1);
    let mut wrong = Vec::new();
    let cases = refusals();
    assert!(cases.len() >= 60, "the contract has at least sixty");
    for (name, sender, method, body, status, code, text) in cases {
        let token = match sender {
            Admin => Some(world.portal.tokens(1).access),
            Employee => Some(world.portal.tokens(5).access),
            Alien => Some(alien.portal.tokens(1).access),
            Nobody | Webhook => None,
        };
        let path = if matches!(sender, Webhook) { format!("1/{webhook}/{method}") } else { method.to_owned() };
        let (got_status, answer) = world.call_as(token.as_deref(), &path, body).await;
        let got_code = answer["error"].as_str().unwrap_or("(no error)").to_owned();
        let got_text = answer["error_description"].as_str().unwrap_or_default().to_owned();
        if got_status != status || got_code != code || !got_text.contains(text) {
            wrong.push(format!("{name}: wanted {status} {code:?} {text:?}, got {got_status} {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
