//! Makes a lead for a client whom nothing in CRM knows, where the portal wants that. One lead for a conversation.
//!
//! The lead carries the conversation's id as its origin, and is looked for by it before one is made: a second message, a repeat and a kill
//! on the wire find the first lead.

use super::{Found, Search, crm, identity, keep, load};
use crate::bitrix::{BitrixError, Command, RestError};
use crate::domain::document::{CrmItem, LEAD};
use crate::flow::portal_view::PortalView;
use crate::flow::{Ctx, JobError, Leftover};
use crate::i18n;
use crate::queue::{self, Claimed, Group};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Originator of everything this application creates in CRM.
const ORIGINATOR: &str = "courier24";

/// Makes the leads of one portal, one after the other.
pub async fn handle_leads(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for job in group.jobs {
        if let Err(error) = make(ctx, &job).await {
            leftover.push((job, error));
        }
    }
    leftover
}

async fn make(ctx: &Ctx, job: &Claimed) -> Result<(), JobError> {
    let (mut searches, _) = load(ctx, &job.portal, std::slice::from_ref(job)).await?;
    let view = PortalView::find(ctx.db.read(), &job.portal).await?;
    // The conversation's document is the lead that an earlier message made.
    let (Some(search), Some(view)) = (searches.pop(), view.filter(|view| view.makes_leads)) else { return finish(ctx, job, None).await };
    let lead = match found(ctx, &view, &search).await? {
        Some(id) => Ok(id),
        None => create(ctx, &view, &search).await?,
    };
    match lead {
        Ok(id) => {
            let item = CrmItem { entity_type_id: LEAD, id };
            let found = Found { rule: "created", document: Some(crm::name(item)) };
            finish(ctx, job, Some((&view, &search, found))).await
        }
        Err(error) => {
            tracing::warn!(portal.id = view.id, error.code = error.code, "no lead made");
            finish(ctx, job, None).await
        }
    }
}

/// The lead of this conversation, if it was made.
async fn found(ctx: &Ctx, view: &PortalView, search: &Search) -> Result<Option<i64>, JobError> {
    let filter = json!({"=originatorId": ORIGINATOR, "=originId": search.talk.id});
    let params = json!({"entityTypeId": LEAD, "filter": filter, "order": {"id": "ASC"}, "select": ["id"]});
    let commands = [Command { key: "lead".to_owned(), method: "crm.item.list".to_owned(), params }];
    match ctx.bitrix.batch("find_document.lead_look", &view.id, &commands).await {
        Ok(answers) => match answers.into_iter().next() {
            Some(Ok(answer)) => Ok(answer.pointer("/items/0/id").and_then(number)),
            Some(Err(error)) => Err(JobError::Retry { after_ms: None, why: error.line() }),
            None => Ok(None),
        },
        Err(error) => Err(JobError::from_bitrix(&error, ctx.clock.now())),
    }
}

fn number(id: &Value) -> Option<i64> {
    id.as_i64().or_else(|| id.as_str()?.parse().ok())
}

async fn create(ctx: &Ctx, view: &PortalView, search: &Search) -> Result<Result<i64, RestError>, JobError> {
    let who = identity(search);
    let phone = who.phone.as_ref().map(|digits| format!("+{digits}"));
    let shown = who.display_name.clone().or_else(|| who.username.clone()).or_else(|| phone.clone()).or_else(|| who.bsuid.clone());
    let shown = shown.unwrap_or_default();
    let title = i18n::text(view.lang, "lead-title", &BTreeMap::from([("name".to_owned(), shown.clone())]));
    let mut fields = json!({"title": title, "name": who.display_name, "originatorId": ORIGINATOR, "originId": search.talk.id,
        "sourceDescription": "WhatsApp"});
    if let (Some(phone), Some(map)) = (phone, fields.as_object_mut()) {
        map.insert("fm".to_owned(), json!([{"typeId": "PHONE", "valueType": "MOBILE", "value": phone}]));
    }
    let params = json!({"entityTypeId": LEAD, "fields": fields});
    match ctx.bitrix.call("find_document.lead_add", &view.id, "crm.item.add", params).await {
        Ok(answer) => match answer.pointer("/item/id").and_then(number) {
            Some(id) => Ok(Ok(id)),
            None => Err(JobError::Retry { after_ms: None, why: "the portal answered without an id".to_owned() }),
        },
        Err(BitrixError::Refused(error)) if !error.temporary() => Ok(Err(error)),
        Err(BitrixError::Refused(error)) => Err(JobError::Retry { after_ms: None, why: error.line() }),
        Err(error) => Err(JobError::from_bitrix(&error, ctx.clock.now())),
    }
}

async fn finish(ctx: &Ctx, job: &Claimed, made: Option<(&PortalView, &Search, Found)>) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    if let Some((view, search, found)) = made {
        let jobs = keep(&tx, ctx, view, &[(search, found)], now).await?;
        queue::enqueue(&tx, ctx.ids.as_ref(), now, &jobs).await?;
    }
    queue::complete(&tx, &[job]).await?;
    tx.commit("find_document.lead_made").await?;
    ctx.wake.notify_waiters();
    Ok(())
}
