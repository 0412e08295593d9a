//! Creations: one timeline entry for a message, at most once.
//!
//! Order of events: commit "about to create" → create → commit the id. After a kill in between the entry is looked for by its
//! origin id (an activity) or by its marker (a comment) before anything is created again.

use super::layout::{self, ORIGINATOR};
use super::{Verdict, all, face, judge, judge_whole, lacks_activities, language, row_id};
use crate::bitrix::{Command, RestError};
use crate::db::entity::{message as message_row, write_back as write_back_row};
use crate::db::store::{channel, message, write_back};
use crate::domain::document::CrmItem;
use crate::flow::{Ctx, JobError, Leftover};
use crate::queue::{self, Claimed, Group, Job, NewJob};
use serde_json::{Value, json};
use std::collections::HashMap;

/// One entry to create.
struct Entry {
    job: Claimed,
    row: write_back_row::Model,
    message: message_row::Model,
    item: CrmItem,
    channel: String,
}

/// What became of one entry in this round.
enum Made {
    /// `known` = it certainly shows the message's present status.
    Exists {
        kind: &'static str,
        id: String,
        known: bool,
    },
    Not(Verdict),
}

/// Creates the entries of one portal.
pub async fn handle_creations(ctx: &Ctx, group: Group) -> Leftover {
    match run(ctx, &group.portal, &group.jobs).await {
        Ok(left) => left,
        Err(error) => all(&group.jobs, &error),
    }
}

async fn run(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let (entries, settled) = load(ctx, portal, jobs).await?;
    let ids: Vec<String> = entries.iter().map(|entry| entry.row.id.clone()).collect();
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &settled.iter().collect::<Vec<_>>()).await?;
    write_back::begin_attempt(&tx, portal, &ids).await?;
    tx.commit("write_back.begin_create").await?;
    if entries.is_empty() {
        return Ok(Leftover::new());
    }
    let lang = language(ctx, portal).await?;
    let made = make(ctx, portal, lang, &entries).await;
    settle(ctx, portal, entries, made).await
}

async fn load(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<(Vec<Entry>, Vec<Claimed>), JobError> {
    let ids: Vec<String> = jobs.iter().filter_map(row_id).collect();
    let mut rows: HashMap<String, write_back_row::Model> =
        write_back::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let message_ids: Vec<String> = rows.values().filter_map(|row| row.message_id.clone()).collect();
    let mut messages: HashMap<String, message_row::Model> =
        message::list(ctx.db.read(), portal, &message_ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let channels = channel::names(ctx.db.read(), portal).await?;
    let (mut entries, mut settled) = (Vec::new(), Vec::new());
    for job in jobs {
        let row = row_id(job).and_then(|id| rows.remove(&id)).filter(|row| row.state == "pending" && row.external_id.is_none());
        let message = row.as_ref().and_then(|row| row.message_id.as_ref()).and_then(|id| messages.remove(id));
        let item = row.as_ref().and_then(|row| CrmItem::parse(&row.document_id));
        match (row, message, item) {
            (Some(row), Some(message), Some(item)) => {
                let channel = channels.get(&message.channel_id).cloned().unwrap_or_default();
                entries.push(Entry { job: job.clone(), row, message, item, channel });
            }
            _ => settled.push(job.clone()),
        }
    }
    Ok((entries, settled))
}

/// Looks up what an earlier try may have made, then creates the rest; falls back to comments.
async fn make(ctx: &Ctx, portal: &str, lang: &'static str, entries: &[Entry]) -> Vec<Made> {
    let now = ctx.clock.now();
    let mut made: Vec<Option<Made>> = entries.iter().map(|_| None).collect();
    let repeats: Vec<usize> = positions(entries, |entry| entry.row.attempts > 0);
    if !repeats.is_empty() {
        look_up(ctx, portal, entries, &repeats, &mut made).await;
    }
    let open = positions_open(&made);
    let commands =
        open.iter().filter_map(|index| entries.get(*index).map(|entry| (*index, activity_command(*index, lang, entry)))).collect();
    let mut lacking = Vec::new();
    for (index, result) in run_batch(ctx, "bitrix.create_batch", portal, commands).await {
        let outcome = match result {
            Ok(value) => exists("activity", value.pointer("/activity/id"), true),
            Err(Failure::Rest(error)) if lacks_activities(&error) => {
                lacking.push(index);
                continue;
            }
            Err(failure) => Made::Not(failure.verdict(now)),
        };
        put(&mut made, index, outcome);
    }
    let commands =
        lacking.iter().filter_map(|index| entries.get(*index).map(|entry| (*index, comment_command(*index, lang, entry)))).collect();
    for (index, result) in run_batch(ctx, "bitrix.comment_batch", portal, commands).await {
        let outcome = match result {
            Ok(value) => exists("comment", Some(&value), true),
            Err(failure) => Made::Not(failure.verdict(now)),
        };
        put(&mut made, index, outcome);
    }
    made.into_iter().map(|outcome| outcome.unwrap_or(Made::Not(Verdict::Later(now, "not tried".to_owned())))).collect()
}

async fn look_up(ctx: &Ctx, portal: &str, entries: &[Entry], repeats: &[usize], made: &mut [Option<Made>]) {
    let now = ctx.clock.now();
    let commands = repeats.iter().filter_map(|index| entries.get(*index).map(|entry| (*index, find_activity(*index, entry)))).collect();
    let mut ask_comments = Vec::new();
    for (index, result) in run_batch(ctx, "bitrix.find_batch", portal, commands).await {
        match result {
            Ok(value) => match value.get(0).and_then(|row| row.get("ID")) {
                Some(id) => put(made, index, exists("activity", Some(id), false)),
                None => ask_comments.push(index),
            },
            Err(Failure::Rest(error)) if lacks_activities(&error) => ask_comments.push(index),
            Err(failure) => put(made, index, Made::Not(failure.verdict(now))),
        }
    }
    let commands = ask_comments.iter().filter_map(|index| entries.get(*index).map(|entry| (*index, find_comment(*index, entry)))).collect();
    for (index, result) in run_batch(ctx, "bitrix.find_comment_batch", portal, commands).await {
        match result {
            Ok(value) => {
                let found = entries.get(index).and_then(|entry| marked(&value, &layout::marker(&entry.message.id)));
                if let Some(id) = found {
                    put(made, index, Made::Exists { kind: "comment", id, known: false });
                }
            }
            // A portal that cannot list comments cannot have our comment found: creating again would risk a second one.
            Err(Failure::Rest(error)) if lacks_activities(&error) => {
                put(
                    made,
                    index,
                    Made::Not(Verdict::Failed("an earlier try may have created it, and the portal cannot be asked".to_owned())),
                );
            }
            Err(failure) => put(made, index, Made::Not(failure.verdict(now))),
        }
    }
}

fn marked(comments: &Value, marker: &str) -> Option<String> {
    let found =
        comments.as_array()?.iter().find(|row| row.get("COMMENT").and_then(Value::as_str).is_some_and(|text| text.contains(marker)))?;
    text_of(found.get("ID")?)
}

fn activity_command(index: usize, lang: &str, entry: &Entry) -> Command {
    let params = layout::activity(lang, &entry.message, &entry.channel, entry.item);
    Command { key: format!("c{index}"), method: "crm.activity.configurable.add".to_owned(), params }
}

fn comment_command(index: usize, lang: &str, entry: &Entry) -> Command {
    let fields =
        json!({"ENTITY_ID": entry.item.id, "ENTITY_TYPE": entry.item.timeline_type(), "COMMENT": layout::comment(lang, &entry.message)});
    Command { key: format!("c{index}"), method: "crm.timeline.comment.add".to_owned(), params: json!({"fields": fields}) }
}

fn find_activity(index: usize, entry: &Entry) -> Command {
    let params = json!({"filter": {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": entry.message.id}, "select": ["ID"]});
    Command { key: format!("f{index}"), method: "crm.activity.list".to_owned(), params }
}

fn find_comment(index: usize, entry: &Entry) -> Command {
    let params = json!({
        "filter": {"ENTITY_ID": entry.item.id, "ENTITY_TYPE": entry.item.timeline_type()},
        "order": {"ID": "DESC"},
        "select": ["ID", "COMMENT"],
    });
    Command { key: format!("f{index}"), method: "crm.timeline.comment.list".to_owned(), params }
}

/// Why one command of a round gave nothing.
enum Failure {
    Rest(RestError),
    Whole(Verdict),
}

impl Failure {
    fn verdict(self, now: crate::domain::clock::Ms) -> Verdict {
        match self {
            Self::Rest(error) => judge(&error, now),
            Self::Whole(verdict) => verdict,
        }
    }
}

async fn run_batch(ctx: &Ctx, point: &'static str, portal: &str, commands: Vec<(usize, Command)>) -> Vec<(usize, Result<Value, Failure>)> {
    if commands.is_empty() {
        return Vec::new();
    }
    let (indexes, commands): (Vec<usize>, Vec<Command>) = commands.into_iter().unzip();
    match ctx.bitrix.batch(point, portal, &commands).await {
        Ok(results) => indexes.into_iter().zip(results.into_iter().map(|result| result.map_err(Failure::Rest))).collect(),
        Err(error) => {
            let verdict = judge_whole(&error, ctx.clock.now());
            indexes.into_iter().map(|index| (index, Err(Failure::Whole(verdict.clone())))).collect()
        }
    }
}

fn exists(kind: &'static str, id: Option<&Value>, known: bool) -> Made {
    match id.and_then(text_of) {
        Some(id) => Made::Exists { kind, id, known },
        None => Made::Not(Verdict::Unknown("the portal answered without an id".to_owned())),
    }
}

fn text_of(id: &Value) -> Option<String> {
    match id {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn put(made: &mut [Option<Made>], index: usize, outcome: Made) {
    if let Some(slot) = made.get_mut(index) {
        *slot = Some(outcome);
    }
}

fn positions(entries: &[Entry], wanted: impl Fn(&Entry) -> bool) -> Vec<usize> {
    entries.iter().enumerate().filter(|(_, entry)| wanted(entry)).map(|(index, _)| index).collect()
}

fn positions_open(made: &[Option<Made>]) -> Vec<usize> {
    made.iter().enumerate().filter(|(_, outcome)| outcome.is_none()).map(|(index, _)| index).collect()
}

async fn settle(ctx: &Ctx, portal: &str, entries: Vec<Entry>, made: Vec<Made>) -> Result<Leftover, JobError> {
    let now = ctx.clock.now();
    let mut leftover = Leftover::new();
    let mut finished = Vec::new();
    let mut newer = Vec::new();
    let tx = ctx.db.begin().await?;
    for (entry, outcome) in entries.into_iter().zip(made) {
        match outcome {
            Made::Exists { kind, id, known } => {
                // What it shows is the status read before creation; a status that came meanwhile is shown by an update.
                let shown = if known { face(&entry.message) } else { String::new() };
                write_back::created(&tx, portal, &entry.row.id, kind, &id, &shown, now).await?;
                let job = Job::Update { write_back_id: entry.row.id.clone() };
                newer.push(NewJob::at(portal, job, now).once(entry.row.id.clone()));
                finished.push(entry.job);
            }
            Made::Not(Verdict::Failed(why)) => {
                write_back::failed(&tx, portal, &entry.row.id, &why, now).await?;
                finished.push(entry.job);
            }
            Made::Not(Verdict::Unknown(why)) => leftover.push((entry.job, JobError::Retry { after_ms: None, why })),
            Made::Not(Verdict::Later(at, why)) => {
                write_back::withdraw_attempt(&tx, portal, std::slice::from_ref(&entry.row.id), &why).await?;
                leftover.push((entry.job, JobError::Defer { at, why }));
            }
        }
    }
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &newer).await?;
    queue::complete(&tx, &finished.iter().collect::<Vec<_>>()).await?;
    tx.commit("write_back.created").await?;
    ctx.wake.notify_one();
    Ok(leftover)
}
