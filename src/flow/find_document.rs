//! Finds the CRM document that a client's message belongs to, many in one batch of reads.
//!
//! In this order: the document of the message it answers, while it exists; the conversation's document, while it is open; CRM by phone
//! (`crm.duplicate.findbycomm` with every spelling), where an open deal goes before an open lead, a contact and a company; else the
//! portal's policy: leave it in the journal, or make a lead. Then the timeline shows the message and its triggers fire.

mod crm;
mod lead;
mod search;

pub use lead::handle_leads;

use super::portal_view::PortalView;
use super::{Ctx, JobError, Leftover, arrival, outgoing, waits};
use crate::db::entity::{conversation as conversation_row, message as message_row};
use crate::db::store::portal::PortalStatus;
use crate::db::store::{conversation, message, wait};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::document::CrmItem;
use crate::domain::event::InboundMessage;
use crate::domain::identity::Identity;
use crate::queue::{self, Claimed, Group, Job, NewJob};
use serde_json::json;
use std::collections::HashMap;

/// Nothing was found.
const NONE: &str = "none";

/// One message whose document is looked for.
struct Search {
    job: Claimed,
    row: message_row::Model,
    inbound: InboundMessage,
    talk: conversation_row::Model,
}

impl Search {
    /// The document of the message it answers.
    fn by_context(&self) -> Option<CrmItem> {
        let context = self.inbound.found_by.as_deref() == Some("context");
        self.row.document_id.as_deref().filter(|_| context).and_then(CrmItem::parse)
    }

    /// The document that the conversation is about.
    fn by_talk(&self) -> Option<CrmItem> {
        self.talk.document_id.as_deref().and_then(CrmItem::parse)
    }

    /// The phone that CRM may know.
    fn phone(&self) -> Option<&str> {
        self.talk.phone.as_deref().or(self.inbound.identity.phone.as_deref())
    }
}

/// What the search of one message came to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// `context conversation phone created none`.
    rule: &'static str,
    /// Entity and document id.
    document: Option<(String, String)>,
}

/// Looks for the documents of one portal's messages.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    match run(ctx, &group.portal, &group.jobs).await {
        Ok(leftover) => leftover,
        Err(error) => group.jobs.into_iter().map(|job| (job, error.clone())).collect(),
    }
}

async fn run(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let Some(view) = PortalView::find(ctx.db.read(), portal).await? else {
        return Err(JobError::Fail { why: "no such portal".to_owned() });
    };
    let (mut searches, mut settled) = load(ctx, portal, jobs).await?;
    if view.status == PortalStatus::Uninstalled {
        // Nobody there is asked any more.
        settled.extend(searches.drain(..).map(|search| search.job));
    }
    let found = search::all(ctx, &view, &searches).await;
    let mut leftover = Leftover::new();
    let mut ended: Vec<(&Search, Found)> = Vec::new();
    for (search, found) in searches.iter().zip(found) {
        match found {
            Ok(found) => ended.push((search, found)),
            Err(error) => leftover.push((search.job.clone(), error)),
        }
    }
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let jobs = keep(&tx, ctx, &view, &ended, now).await?;
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &jobs).await?;
    queue::complete(&tx, &settled.iter().chain(ended.iter().map(|(search, _)| &search.job)).collect::<Vec<_>>()).await?;
    tx.commit("find_document.found").await?;
    ctx.wake.notify_waiters();
    Ok(leftover)
}

/// Splits jobs into searches and those with nothing left to look for.
async fn load(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<(Vec<Search>, Vec<Claimed>), JobError> {
    let id = |job: &Claimed| match &job.job {
        Job::FindDocument { message_id } | Job::CreateLead { message_id } => Some(message_id.clone()),
        _ => None,
    };
    let ids: Vec<String> = jobs.iter().filter_map(id).collect();
    let mut rows: HashMap<String, message_row::Model> =
        message::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let talks: Vec<String> = rows.values().map(|row| row.conversation_id.clone()).collect();
    let talks: HashMap<String, conversation_row::Model> =
        conversation::list(ctx.db.read(), portal, &talks).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let (mut searches, mut settled) = (Vec::new(), Vec::new());
    for job in jobs {
        let row = id(job).and_then(|id| rows.remove(&id));
        let talk = row.as_ref().and_then(|row| talks.get(&row.conversation_id)).cloned();
        let inbound = row.as_ref().and_then(|row| serde_json::from_str::<InboundMessage>(&row.content).ok());
        match (row, talk, inbound) {
            // A wait that was opened a moment later may have taken it.
            (Some(row), Some(talk), Some(inbound)) if inbound.taken.is_none() => {
                searches.push(Search { job: job.clone(), row, inbound, talk });
            }
            _ => settled.push(job.clone()),
        }
    }
    Ok((searches, settled))
}

/// Stores what was found; returns the jobs that go on from there.
async fn keep(tx: &Tx, ctx: &Ctx, view: &PortalView, ended: &[(&Search, Found)], now: Ms) -> DbResult<Vec<NewJob>> {
    let ids: Vec<String> = ended.iter().map(|(search, _)| search.row.id.clone()).collect();
    wait::lock_messages(tx, &view.id, &ids).await?;
    let fresh: HashMap<String, message_row::Model> =
        message::list(&**tx, &view.id, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut jobs = Vec::new();
    let mut documents = Vec::new();
    for (search, found) in ended {
        let Some(mut row) = fresh.get(&search.row.id).cloned() else { continue };
        let Ok(mut inbound) = serde_json::from_str::<InboundMessage>(&row.content) else { continue };
        if inbound.taken.is_some() {
            continue;
        }
        inbound.found_by = Some(found.rule.to_owned());
        documents.push((row.id.clone(), found.document.clone(), json!(inbound).to_string()));
        let Some((entity, document)) = &found.document else {
            if view.makes_leads && inbound.is_reply() {
                jobs.push(NewJob::at(&view.id, Job::CreateLead { message_id: row.id.clone() }, now).once(row.id.clone()));
            }
            continue;
        };
        (row.document_entity, row.document_id) = (Some(entity.clone()), Some(document.clone()));
        if matches!(found.rule, "phone" | "created") {
            conversation::put_document(tx, &view.id, &row.conversation_id, (entity, document), now).await?;
        }
        jobs.extend(arrival::show(tx, ctx, &view.id, &row, None, now).await?);
        if inbound.is_reply() {
            jobs.extend(waits::fire(tx, ctx, view, (entity, document), (&row, None), now).await?);
        }
    }
    message::put_documents(tx, &view.id, &documents).await?;
    Ok(jobs)
}

/// Who a conversation is with, as far as anybody knows.
fn identity(search: &Search) -> Identity {
    let talk = &search.talk;
    Identity {
        username: talk.username.clone().or_else(|| search.inbound.identity.username.clone()),
        display_name: talk.display_name.clone().or_else(|| search.inbound.identity.display_name.clone()),
        ..outgoing::person(talk)
    }
}
