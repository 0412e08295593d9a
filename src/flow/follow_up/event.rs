//! CRM events: one local look-up for each; a document that concerns somebody is read five seconds later, however often it changes.

use super::document;
use crate::bitrix::form;
use crate::bitrix::inbound::PortalEvent;
use crate::db::DbResult;
use crate::db::store::follow_up as store;
use crate::domain::clock::{Ms, SECOND};
use crate::domain::document::CrmItem;
use crate::flow::Ctx;
use crate::queue::{self, Job, NewJob};
use serde_json::Value;

/// Changes of one document are collected this long.
const COLLECT: Ms = 5 * SECOND;

/// The document that a CRM event of ours is about; `None` = another event.
pub(in crate::flow) fn document_of(event: &PortalEvent) -> Option<String> {
    let fields = event.data.as_object().and_then(|data| form::field(data, "FIELDS")).and_then(Value::as_object);
    let number = |name: &str| fields.map(|fields| form::text(fields, name)).filter(|text| text.parse::<i64>().is_ok_and(|id| id > 0));
    let document = match event.event.as_str() {
        "ONCRMDEALUPDATE" => format!("DEAL_{}", number("ID")?),
        "ONCRMLEADUPDATE" => format!("LEAD_{}", number("ID")?),
        "ONCRMDYNAMICITEMUPDATE" => match number("ENTITY_TYPE_ID")?.as_str() {
            "31" => format!("SMART_INVOICE_{}", number("ID")?),
            other => format!("DYNAMIC_{other}_{}", number("ID")?),
        },
        _ => return None,
    };
    CrmItem::parse(&document).and_then(document::event_of).map(|_| document)
}

/// A document changed.
///
/// # Errors
/// The database failed: the event is not taken.
pub(in crate::flow) async fn happened(ctx: &Ctx, portal: &str, document_id: &str) -> DbResult<()> {
    metrics::counter!("courier24_crm_events_total").increment(1);
    if !store::concerns(ctx.db.read(), portal, document_id).await? {
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
