//! CRM events: a local look-up for each; a document that concerns somebody is read five seconds later, however often it changes.

use crate::bitrix::form;
use crate::bitrix::inbound::PortalEvent;
use crate::db::DbResult;
use crate::db::store::{follow_up as store, wait};
use crate::domain::clock::{Ms, SECOND};
use crate::domain::document::{COMPANY, CONTACT, CrmItem, DEAL, LEAD};
use crate::flow::Ctx;
use crate::queue::{self, Job, NewJob};
use serde_json::Value;

/// Changes of one document are collected this long.
const COLLECT: Ms = 5 * SECOND;

/// CRM events that follow-ups and waits may need.
pub(super) const EVENTS: [&str; 8] = [
    "ONCRMDEALUPDATE",
    "ONCRMLEADUPDATE",
    "ONCRMDYNAMICITEMUPDATE",
    "ONCRMDEALDELETE",
    "ONCRMLEADDELETE",
    "ONCRMDYNAMICITEMDELETE",
    "ONCRMCONTACTDELETE",
    "ONCRMCOMPANYDELETE",
];

/// The events of an item: its changes, where it has stages, and its end. `None` = CRM tells nothing of such documents.
fn events_of(item: CrmItem) -> Option<(Option<&'static str>, &'static str)> {
    match item.entity_type_id {
        DEAL => Some((Some("ONCRMDEALUPDATE"), "ONCRMDEALDELETE")),
        LEAD => Some((Some("ONCRMLEADUPDATE"), "ONCRMLEADDELETE")),
        CONTACT => Some((None, "ONCRMCONTACTDELETE")),
        COMPANY => Some((None, "ONCRMCOMPANYDELETE")),
        smart if smart == 31 || smart >= 128 => Some((Some("ONCRMDYNAMICITEMUPDATE"), "ONCRMDYNAMICITEMDELETE")),
        _ => None,
    }
}

/// The event that ends a follow-up of this document: any change of it when stages matter, else its end alone.
pub(super) fn watch_of(item: CrmItem, stages_matter: bool) -> Option<&'static str> {
    events_of(item).map(|(changed, ended)| changed.filter(|_| stages_matter).unwrap_or(ended))
}

/// The event that tells of a document's end.
pub(in crate::flow) fn end_of(document_id: &str) -> Option<&'static str> {
    CrmItem::parse(document_id).and_then(events_of).map(|(_, ended)| ended)
}

/// Whether documents like this have stages.
pub(super) fn has_stages(document_id: &str) -> bool {
    CrmItem::parse(document_id).and_then(events_of).is_some_and(|(changed, _)| changed.is_some())
}

/// Words of `watch` that make an event needed: whoever watches a document's changes wants to know of its end as well.
pub(super) fn watched_as(event: &'static str) -> Vec<&'static str> {
    let twin = match event {
        "ONCRMDEALDELETE" => Some("ONCRMDEALUPDATE"),
        "ONCRMLEADDELETE" => Some("ONCRMLEADUPDATE"),
        "ONCRMDYNAMICITEMDELETE" => Some("ONCRMDYNAMICITEMUPDATE"),
        _ => None,
    };
    std::iter::once(event).chain(twin).collect()
}

/// The document that a CRM event of ours is about; `None` = another event.
pub(in crate::flow) fn document_of(event: &PortalEvent) -> Option<String> {
    let fields = event.data.as_object().and_then(|data| form::field(data, "FIELDS")).and_then(Value::as_object);
    let number = |name: &str| fields.map(|fields| form::text(fields, name)).filter(|text| text.parse::<i64>().is_ok_and(|id| id > 0));
    let document = match event.event.as_str() {
        "ONCRMDEALUPDATE" | "ONCRMDEALDELETE" => format!("DEAL_{}", number("ID")?),
        "ONCRMLEADUPDATE" | "ONCRMLEADDELETE" => format!("LEAD_{}", number("ID")?),
        "ONCRMCONTACTDELETE" => format!("CONTACT_{}", number("ID")?),
        "ONCRMCOMPANYDELETE" => format!("COMPANY_{}", number("ID")?),
        "ONCRMDYNAMICITEMUPDATE" | "ONCRMDYNAMICITEMDELETE" => match number("ENTITY_TYPE_ID")?.as_str() {
            "31" => format!("SMART_INVOICE_{}", number("ID")?),
            other => format!("DYNAMIC_{other}_{}", number("ID")?),
        },
        _ => return None,
    };
    CrmItem::parse(&document).and_then(events_of).map(|_| document)
}

/// A document changed or was deleted.
///
/// # Errors
/// The database failed: the event is not taken.
pub(in crate::flow) async fn happened(ctx: &Ctx, portal: &str, document_id: &str) -> DbResult<()> {
    metrics::counter!("courier24_crm_events_total").increment(1);
    let db = ctx.db.read();
    if !store::concerns(db, portal, document_id).await? && wait::open_about(db, portal, &[document_id.to_owned()]).await?.is_empty() {
        return Ok(());
    }
    let now = ctx.clock.now();
    let job = Job::ReadDocument { document_id: document_id.to_owned() };
    let job = NewJob::at(portal, job, now.saturating_add(COLLECT)).once(document_id);
    let tx = ctx.db.begin().await?;
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &[job]).await?;
    tx.commit("event.concerns").await?;
    ctx.wake.notify_waiters();
    Ok(())
}
