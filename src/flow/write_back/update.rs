//! Idempotent writes: deal fields, and the newest status of an existing timeline entry.

use super::{Verdict, all, face, judge, judge_whole, language, layout, row_id};
use crate::bitrix::{Command, RestError};
use crate::db::entity::{message as message_row, write_back as write_back_row};
use crate::db::store::{channel, message, write_back};
use crate::domain::document::CrmItem;
use crate::flow::{Ctx, JobError, Leftover};
use crate::queue::{self, Claimed, Group};
use serde_json::{Value, json};
use std::collections::HashMap;

/// One row with the command that writes it and the status it shows.
struct Write {
    job: Claimed,
    row: write_back_row::Model,
    command: Command,
    shown: Option<String>,
}

/// Writes the updates of one portal in one batch.
pub async fn handle_updates(ctx: &Ctx, group: Group) -> Leftover {
    match run(ctx, &group.portal, &group.jobs).await {
        Ok(left) => left,
        Err(error) => all(&group.jobs, &error),
    }
}

async fn run(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let (writes, settled) = plan(ctx, portal, jobs).await?;
    if !settled.is_empty() {
        let tx = ctx.db.begin().await?;
        queue::complete(&tx, &settled.iter().collect::<Vec<_>>()).await?;
        tx.commit("write_back.nothing_to_update").await?;
    }
    if writes.is_empty() {
        return Ok(Leftover::new());
    }
    let commands: Vec<Command> = writes.iter().map(|write| write.command.clone()).collect();
    let now = ctx.clock.now();
    let verdicts: Vec<Option<Verdict>> = match ctx.bitrix.batch("bitrix.update_batch", portal, &commands).await {
        Ok(results) => results.iter().map(|result| result.as_ref().err().map(|error: &RestError| judge(error, now))).collect(),
        Err(error) => vec![Some(judge_whole(&error, now)); writes.len()],
    };
    settle(ctx, portal, writes, verdicts).await
}

async fn plan(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<(Vec<Write>, Vec<Claimed>), JobError> {
    let ids: Vec<String> = jobs.iter().filter_map(row_id).collect();
    let mut rows: HashMap<String, write_back_row::Model> =
        write_back::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let message_ids: Vec<String> = rows.values().filter_map(|row| row.message_id.clone()).collect();
    let messages: HashMap<String, message_row::Model> =
        message::list(ctx.db.read(), portal, &message_ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let channels = channel::names(ctx.db.read(), portal).await?;
    let lang = language(ctx, portal).await?;
    let (mut writes, mut settled) = (Vec::new(), Vec::new());
    for (index, job) in jobs.iter().enumerate() {
        let Some(row) = row_id(job).and_then(|id| rows.remove(&id)) else {
            settled.push(job.clone());
            continue;
        };
        let shown = row.message_id.as_ref().and_then(|id| messages.get(id)).map(face);
        let params = if row.kind == "fields" { fields(&row) } else { entry(&row, &messages, &channels, lang) };
        match params {
            Some((method, params)) => {
                let command = Command { key: format!("u{index}"), method: method.to_owned(), params };
                writes.push(Write { job: job.clone(), row, command, shown });
            }
            None => settled.push(job.clone()),
        }
    }
    Ok((writes, settled))
}

fn fields(row: &write_back_row::Model) -> Option<(&'static str, Value)> {
    if row.state != "pending" {
        return None;
    }
    let item = CrmItem::parse(&row.document_id)?;
    let values: Value = serde_json::from_str(&row.payload).ok()?;
    Some(("crm.item.update", json!({"entityTypeId": item.entity_type_id, "id": item.id, "useOriginalUfNames": "Y", "fields": values})))
}

/// An entry that does not exist yet shows the newest status when it is created; one that shows it already needs nothing.
fn entry(
    row: &write_back_row::Model,
    messages: &HashMap<String, message_row::Model>,
    channels: &HashMap<String, String>,
    lang: &str,
) -> Option<(&'static str, Value)> {
    let message = messages.get(row.message_id.as_ref()?)?;
    let external_id = row.external_id.as_ref()?;
    if row.shown.as_deref() == Some(face(message).as_str()) {
        return None;
    }
    if row.external_kind.as_deref() == Some("comment") {
        return Some(("crm.timeline.comment.update", json!({"id": external_id, "fields": {"COMMENT": layout::comment(lang, message)}})));
    }
    let channel = channels.get(&message.channel_id).map_or("", String::as_str);
    Some(("crm.activity.configurable.update", json!({"id": external_id, "layout": layout::layout(lang, message, channel)})))
}

async fn settle(ctx: &Ctx, portal: &str, writes: Vec<Write>, verdicts: Vec<Option<Verdict>>) -> Result<Leftover, JobError> {
    let now = ctx.clock.now();
    let mut leftover = Leftover::new();
    let mut finished = Vec::new();
    let tx = ctx.db.begin().await?;
    for (write, verdict) in writes.into_iter().zip(verdicts) {
        match verdict {
            None => {
                write_back::done(&tx, portal, &write.row, write.shown.as_deref(), now).await?;
                finished.push(write.job);
            }
            Some(Verdict::Failed(why)) => {
                write_back::failed(&tx, portal, &write.row.id, &why, now).await?;
                finished.push(write.job);
            }
            Some(Verdict::Unknown(why)) => leftover.push((write.job, JobError::Retry { after_ms: None, why })),
            Some(Verdict::Later(at, why)) => leftover.push((write.job, JobError::Defer { at, why })),
        }
    }
    queue::complete(&tx, &finished.iter().collect::<Vec<_>>()).await?;
    tx.commit("write_back.updated").await?;
    Ok(leftover)
}
