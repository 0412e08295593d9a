//! First half of a decision: spec, facts of the whole group, rendering, channel, and the numbers a call may be for.

use super::{Case, Ending, Stop};
use crate::catalog::operation::Operation;
use crate::catalog::{self, RenderInput, RobotSpec};
use crate::domain::clock::{HOUR, MINUTE, Ms};
use crate::domain::document::CrmItem;
use crate::domain::refusal::{Code, Refusal};
use crate::flow::Ctx;
use crate::flow::desk::Desk;
use crate::flow::facts::{self, Need};
use crate::flow::{JobError, failover, phones};
use serde_json::{Map, Value, json};

/// `wait_hours` when the property does not say a number.
const WAIT_HOURS: i64 = 24;
/// The longest that the form takes.
const MOST_HOURS: i64 = 720;
/// The same of `reply_minutes`.
const MOST_MINUTES: i64 = 43_200;

/// Prepares every call; `Some` = it stops here.
pub(super) async fn all(ctx: &Ctx, desk: &Desk, cases: Vec<Case>) -> Vec<(Case, Option<Stop>)> {
    let specs: Vec<Option<&RobotSpec>> = cases.iter().map(|case| ctx.catalog.find(&case.call.code)).collect();
    let needs: Vec<Need> =
        cases.iter().zip(&specs).map(|(case, spec)| spec.map(|spec| need(ctx, desk, case, spec)).unwrap_or_default()).collect();
    // A group that needs no facts makes no request.
    let read: Vec<Result<facts::Facts, JobError>> = if needs.iter().all(Need::is_empty) {
        needs.iter().map(|need| Ok(need.nothing())).collect()
    } else {
        facts::read(ctx, &desk.portal, &needs).await
    };
    let mut out = Vec::new();
    for ((mut case, spec), facts) in cases.into_iter().zip(specs).zip(read) {
        let stop = match (spec, facts) {
            (None, _) => Some(unknown(&case.call.code).into()),
            (Some(_), Err(error)) => Some(Stop::Later(error)),
            (Some(spec), Ok(facts)) => {
                case.facts = facts;
                render(ctx, desk, &mut case, spec).err()
            }
        };
        out.push((case, stop));
    }
    out
}

fn unknown(code: &str) -> Refusal {
    Refusal::new(Code::RobotUnknown, format!("no robot {code} in this version")).with("name", code)
}

fn need(ctx: &Ctx, desk: &Desk, case: &Case, spec: &RobotSpec) -> Need {
    let entity = &case.call.document_entity;
    let wants_phone = spec.property("phone").is_some_and(|property| property.from_document) && blank(property(&case.properties, "phone"));
    // What the patterns name, told apart from what an empty phone needs: that is read step by step.
    let mut typed = case.properties.clone();
    typed.retain(|name, _| !name.eq_ignore_ascii_case("phone"));
    typed.insert("phone".to_owned(), json!(["0"]));
    let properties = if wants_phone { &typed } else { &case.properties };
    let roots = ctx.catalog.needed_facts_with(spec, properties, Some(&desk.portal.patterns), entity);
    let mut need = Need { document: CrmItem::parse(&case.call.document_id), roots, phone: wants_phone };
    if spec.code == crate::flow::follow_up::ROBOT {
        // The stage that a change of stage is told from.
        need.roots.insert(need.own());
    }
    need
}

/// A property by name, ignoring case.
fn property<'a>(properties: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(items)) => items.iter().all(|item| blank(Some(item))),
        Some(Value::Object(items)) => items.values().all(|item| blank(Some(item))),
        Some(Value::Bool(_) | Value::Number(_)) => false,
    }
}

/// The process's own patience in ms, read before anything is rendered: a robot that only waits has minutes of its own.
pub(super) fn patience(code: &str, properties: &Map<String, Value>) -> Ms {
    let number = |name: &str, most: i64| {
        let value = property(properties, name)?;
        let told = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        told.filter(|told| (1..=most).contains(told))
    };
    if code.eq_ignore_ascii_case("wait_reply") {
        return number("reply_minutes", MOST_MINUTES).map_or(WAIT_HOURS * HOUR, |minutes| minutes.saturating_mul(MINUTE));
    }
    number("wait_hours", MOST_HOURS).unwrap_or(WAIT_HOURS).saturating_mul(HOUR)
}

fn render(ctx: &Ctx, desk: &Desk, case: &mut Case, spec: &RobotSpec) -> Result<(), Stop> {
    let portal = &desk.portal;
    let mut roots = case.facts.roots.clone();
    roots.insert("portal".to_owned(), json!({"domain": portal.domain, "member_id": portal.id, "lang": portal.lang}));
    let facts = Value::Object(roots);
    let input = RenderInput {
        properties: &case.properties,
        facts: &facts,
        stored_patterns: &portal.patterns,
        lang: portal.lang,
        time_zone: portal.time_zone.name(),
        region: &portal.region,
    };
    let rendered = ctx.catalog.render(spec, &input).map_err(|refusal| match catalog::is_skip(&refusal) {
        true => Stop::Ended(Ending::Skipped(refusal)),
        false => refusal.into(),
    })?;
    case.params = Some(rendered.params);
    let operation = case.operation.insert(rendered.operation);
    let (channel, typed) = match &*operation {
        Operation::SendText { send, .. }
        | Operation::SendTemplate { send, .. }
        | Operation::SendButtons { send, .. }
        | Operation::SendList { send, .. }
        | Operation::SendLink { send, .. }
        | Operation::SendFile { send, .. }
        | Operation::SendContact { send, .. }
        | Operation::SendLocation { send, .. }
        | Operation::RequestLocation { send, .. } => (&send.channel, Some(&send.phones)),
        Operation::CheckWindow { channel, phones } | Operation::WaitReply { channel, phones, .. } => (channel, Some(phones)),
        Operation::ChatLink { channel, .. } => (channel, None),
        // It names a message, which has a channel of its own.
        Operation::WaitStatus { .. } => return Ok(()),
        Operation::FollowUp(follow_up) => (&follow_up.send.channel, Some(&follow_up.send.phones)),
        Operation::CancelFollowUps { .. } => return Ok(()),
        Operation::CheckNumber { channel, phones } => (channel, Some(phones)),
        // Consent is the portal's, not a channel's: a portal without a channel may write it down too.
        Operation::SetConsent { phones, .. } => {
            case.candidates = phones::candidates(phones, &case.facts, portal)?;
            return Ok(());
        }
    };
    // A follow-up leaves later, through the channel that is its own then.
    let sends = operation.send().is_some() && !matches!(operation, Operation::FollowUp(_));
    let sender = desk.resolve(channel)?;
    case.sender = Some(if sends { failover::stand_in(ctx, desk, sender) } else { sender });
    if let Some(typed) = typed {
        case.candidates = phones::candidates(typed, &case.facts, portal)?;
    }
    Ok(())
}
