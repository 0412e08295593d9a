//! What CRM says about the documents of follow-ups. Events only hint; the document itself is read, many in one batch.

use super::{Reason, end, event};
use crate::bitrix::{Command, crm, form};
use crate::db::entity::follow_up as row;
use crate::db::store::follow_up as store;
use crate::db::store::follow_up_stop::Whose;
use crate::db::store::wait;
use crate::db::{DbResult, Tx};
use crate::domain::clock::{Ms, SECOND};
use crate::domain::document::CrmItem;
use crate::domain::schedule::parse_moment;
use crate::flow::portal_view::PortalView;
use crate::flow::stages::{self, Meaning};
use crate::flow::{Ctx, JobError, Leftover, waits};
use crate::queue::{self, Claimed, Group, Job};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Commands of a batch (reference/bitrix24.md F.1).
const BATCH: usize = 50;

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) stage: String,
    /// When it came there, as the portal writes it; empty where it does not say.
    pub(super) moved: String,
    /// Won, lost, at work.
    meaning: Meaning,
}

/// Reads an item; `None` = it has no stage.
pub(super) fn standing(item: &Map<String, Value>) -> Option<Standing> {
    stages::read(item).map(|(stage, meaning)| Standing { moved: form::text(item, "movedTime"), meaning, stage })
}

/// What one document was read as.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    Stands(Standing),
    /// It exists and has no stages: contacts, companies.
    Exists,
    Gone,
    /// Nobody can say now: nothing is sent on a guess.
    Unreadable(JobError),
}

/// What ends a follow-up, given what its document was read as.
pub(super) fn verdict(row: &row::Model, reading: &Reading) -> Option<Reason> {
    let standing = match reading {
        Reading::Gone => return Some(Reason::DocumentGone),
        Reading::Unreadable(_) | Reading::Exists => return None,
        Reading::Stands(standing) => standing,
    };
    let left = row.stage.as_ref().is_some_and(|stage| *stage != standing.stage);
    if left && standing.meaning == Meaning::Over && row.on_won_lost == 1 {
        return Some(Reason::WonLost);
    }
    // It may have gone and come back: the portal says when it last came.
    let returned = || match (row.moved.as_deref().and_then(told), told(&standing.moved)) {
        (Some(then), Some(now)) => now > then,
        _ => false,
    };
    (row.on_stage == 1 && (left || (row.stage.is_some() && returned()))).then_some(Reason::StageChange)
}

fn told(moment: &str) -> Option<Ms> {
    parse_moment(moment, Tz::UTC)
}

/// Reads documents by id, fifty in a request.
pub(super) async fn read(ctx: &Ctx, portal: &str, documents: &[String]) -> HashMap<String, Reading> {
    let mut items: Vec<(&String, CrmItem)> = documents.iter().filter_map(|id| Some((id, CrmItem::parse(id)?))).collect();
    items.sort_unstable_by_key(|(id, _)| *id);
    items.dedup_by_key(|(id, _)| *id);
    let mut readings = HashMap::new();
    for chunk in items.chunks(BATCH) {
        let commands: Vec<Command> = chunk.iter().map(|(id, item)| command(id, *item)).collect();
        match ctx.bitrix.batch("follow_up.documents", portal, &commands).await {
            Ok(answers) => readings.extend(chunk.iter().zip(answers).map(|((id, _), answer)| {
                let reading = match answer {
                    Ok(told) => match crm::read_item(&told) {
                        Some(item) if event::has_stages(id) => {
                            standing(item).map_or_else(|| unreadable("the item shows no stage"), Reading::Stands)
                        }
                        Some(_) => Reading::Exists,
                        None => unreadable("no item in the answer"),
                    },
                    Err(error) if error.says_not_found() => Reading::Gone,
                    Err(error) => unreadable(&error.line()),
                };
                ((*id).clone(), reading)
            })),
            Err(error) => {
                let error = match JobError::from_bitrix(&error, ctx.clock.now()) {
                    // What is refused today may be allowed tomorrow; only time ends a follow-up that cannot be checked.
                    JobError::Fail { why } => again(&why),
                    other => other,
                };
                readings.extend(chunk.iter().map(|(id, _)| ((*id).clone(), Reading::Unreadable(error.clone()))));
            }
        }
    }
    understand(ctx, portal, &mut readings).await;
    readings
}

/// Finds out what stages mean whose items do not say it.
async fn understand(ctx: &Ctx, portal: &str, readings: &mut HashMap<String, Reading>) {
    let asked: BTreeSet<(String, String)> = readings
        .values()
        .filter_map(|reading| match reading {
            Reading::Stands(Standing { stage, meaning: Meaning::Ask(list), .. }) => Some((list.clone(), stage.clone())),
            _ => None,
        })
        .collect();
    if asked.is_empty() {
        return;
    }
    let ends = stages::ends(ctx, portal, &asked).await;
    for reading in readings.values_mut() {
        let Reading::Stands(Standing { stage, meaning, .. }) = reading else { continue };
        let Meaning::Ask(list) = meaning else { continue };
        match &ends {
            Ok(ends) if ends.get(&(list.clone(), stage.clone())) == Some(&true) => *meaning = Meaning::Over,
            Ok(_) => *meaning = Meaning::AtWork,
            Err(error) => *reading = Reading::Unreadable(error.clone()),
        }
    }
}

fn command(id: &str, item: CrmItem) -> Command {
    let params = json!({"entityTypeId": item.entity_type_id, "id": item.id, "useOriginalUfNames": "Y"});
    Command { key: id.to_lowercase(), method: "crm.item.get".to_owned(), params }
}

fn unreadable(why: &str) -> Reading {
    Reading::Unreadable(again(why))
}

fn again(why: &str) -> JobError {
    JobError::Retry { after_ms: Some(30 * SECOND), why: format!("document: {why}") }
}

/// Ends what these readings end, and remembers stages that were not known. Returns the follow-ups that ended.
pub(super) async fn apply(
    tx: &Tx,
    ctx: &Ctx,
    portal: &str,
    rows: &[row::Model],
    readings: &HashMap<String, Reading>,
    now: Ms,
) -> DbResult<Vec<String>> {
    let mut by_reason: BTreeMap<&'static str, (Reason, Vec<String>)> = BTreeMap::new();
    let mut learned = Vec::new();
    for row in rows {
        let Some(reading) = row.document_id.as_ref().and_then(|id| readings.get(id)) else { continue };
        if let Some(reason) = verdict(row, reading) {
            by_reason.entry(reason.as_str()).or_insert_with(|| (reason, Vec::new())).1.push(row.id.clone());
        } else if let (None, Reading::Stands(standing)) = (&row.stage, reading) {
            learned.push((row.id.clone(), standing.stage.clone(), standing.moved.clone()));
        }
    }
    store::learn_stages(tx, portal, &learned, now).await?;
    let mut ended = Vec::new();
    for (reason, ids) in by_reason.into_values() {
        let whose = Whose { ids: Some(&ids), ..Whose::default() };
        end(tx, ctx, portal, &whose, reason, now).await?;
        ended.extend(ids);
    }
    Ok(ended)
}

/// Jobs `read_document`: the documents of a portal that changed, read together.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    match look(ctx, &group.portal, &group.jobs).await {
        Ok(leftover) => leftover,
        Err(error) => group.jobs.into_iter().map(|job| (job, error.clone())).collect(),
    }
}

fn document_id(job: &Claimed) -> Option<&String> {
    match &job.job {
        Job::ReadDocument { document_id } => Some(document_id),
        _ => None,
    }
}

async fn look(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let documents: Vec<String> = jobs.iter().filter_map(document_id).cloned().collect();
    // Those whose follow-ups and waits ended meanwhile need not be read.
    let rows = store::watched(ctx.db.read(), portal, &documents).await?;
    let waiting = wait::open_about(ctx.db.read(), portal, &documents).await?;
    let mut wanted: Vec<String> = rows.iter().filter_map(|row| row.document_id.clone()).collect();
    wanted.extend(waiting.iter().map(|(_, document)| document.clone()));
    let readings = if wanted.is_empty() { HashMap::new() } else { read(ctx, portal, &wanted).await };
    let mut leftover = Leftover::new();
    let mut done = Vec::new();
    for job in jobs {
        match document_id(job).and_then(|id| readings.get(id)) {
            Some(Reading::Unreadable(error)) => leftover.push((job.clone(), error.clone())),
            _ => done.push(job),
        }
    }
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    apply(&tx, ctx, portal, &rows, &readings, now).await?;
    let over = waiting.into_iter().filter(|(_, document)| matches!(readings.get(document), Some(Reading::Gone)));
    let over: Vec<String> = over.map(|(call_id, _)| call_id).collect();
    if let (false, Some(view)) = (over.is_empty(), PortalView::find(&*tx, portal).await?) {
        let jobs = waits::document_gone(&tx, ctx, &view, &over, now).await?;
        queue::enqueue(&tx, ctx.ids.as_ref(), now, &jobs).await?;
        super::bind::look_if_idle(&tx, ctx, portal, now).await?;
    }
    queue::complete(&tx, &done).await?;
    tx.commit("follow_up.document").await?;
    ctx.wake.notify_waiters();
    Ok(leftover)
}
