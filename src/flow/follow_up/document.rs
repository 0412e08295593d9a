//! What CRM says about the documents of follow-ups. Events only hint; the document itself is read, many in one batch.

use super::{Reason, end};
use crate::bitrix::{Command, crm, form};
use crate::db::entity::follow_up as row;
use crate::db::store::follow_up as store;
use crate::db::store::follow_up_stop::Whose;
use crate::db::{DbResult, Tx};
use crate::domain::clock::{Ms, SECOND};
use crate::domain::document::{CrmItem, DEAL, LEAD};
use crate::domain::schedule::parse_moment;
use crate::flow::{Ctx, JobError, Leftover};
use crate::queue::{self, Claimed, Group, Job};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// Commands of a batch (reference/bitrix24.md F.1).
const BATCH: usize = 50;

/// The CRM event of changes of such an item; `None` = it has no stages.
pub(super) fn event_of(item: CrmItem) -> Option<&'static str> {
    match item.entity_type_id {
        DEAL => Some("ONCRMDEALUPDATE"),
        LEAD => Some("ONCRMLEADUPDATE"),
        31 => Some("ONCRMDYNAMICITEMUPDATE"),
        other if other >= 128 => Some("ONCRMDYNAMICITEMUPDATE"),
        _ => None,
    }
}

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) stage: String,
    /// When it came there, as the portal writes it; empty where it does not say.
    pub(super) moved: String,
    /// Won or lost.
    over: bool,
}

/// Reads an item; `None` = it has no stage.
pub(super) fn standing(item: &Map<String, Value>) -> Option<Standing> {
    let stage = Some(form::text(item, "stageId")).filter(|stage| !stage.is_empty())?;
    let semantics = form::text(item, "stageSemanticId").to_uppercase();
    let bare = stage.rsplit(':').next().unwrap_or(&stage);
    let named = matches!(bare, "WON" | "LOSE" | "APOLOGY" | "CONVERTED" | "JUNK" | "SUCCESS" | "FAIL");
    let over = matches!(semantics.as_str(), "S" | "F") || (semantics.is_empty() && (named || form::text(item, "closed") == "Y"));
    Some(Standing { moved: form::text(item, "movedTime"), over, stage })
}

/// What one document was read as.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    Stands(Standing),
    Gone,
    /// Nobody can say now: nothing is sent on a guess.
    Unreadable(JobError),
}

/// What ends a follow-up, given what its document was read as.
pub(super) fn verdict(row: &row::Model, reading: &Reading) -> Option<Reason> {
    let standing = match reading {
        Reading::Gone => return Some(Reason::DocumentGone),
        Reading::Unreadable(_) => return None,
        Reading::Stands(standing) => standing,
    };
    let left = row.stage.as_ref().is_some_and(|stage| *stage != standing.stage);
    if left && standing.over && row.on_won_lost == 1 {
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
                        Some(item) => standing(item).map_or_else(|| unreadable("the item shows no stage"), Reading::Stands),
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
    readings
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
    // Those whose follow-ups ended meanwhile need not be read.
    let rows = store::watched(ctx.db.read(), portal, &documents).await?;
    let wanted: Vec<String> = rows.iter().filter_map(|row| row.document_id.clone()).collect();
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
    queue::complete(&tx, &done).await?;
    tx.commit("follow_up.document").await?;
    ctx.wake.notify_waiters();
    Ok(leftover)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(item: Value) -> Standing {
        standing(item.as_object().unwrap()).unwrap()
    }

    #[test]
    fn won_and_lost_are_known_by_meaning_and_by_name() {
        for (item, over) in [
            (json!({"stageId": "C3:UC_OWN", "stageSemanticId": "F"}), true),
            (json!({"stageId": "C3:WON"}), true),
            (json!({"stageId": "DT1046_1:SUCCESS"}), true),
            (json!({"stageId": "DT1046_1:CLIENT"}), false),
            (json!({"stageId": "NEW", "stageSemanticId": "P", "closed": "Y"}), false),
            (json!({"stageId": "UC_X", "closed": "Y"}), true),
        ] {
            assert_eq!(stands(item.clone()).over, over, "{item}");
        }
        assert_eq!(standing(json!({"id": 1}).as_object().unwrap()), None);
    }
}
