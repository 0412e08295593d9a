//! What a stage means (won, lost, or still at work) where the item itself does not say it: smart processes tell a stage's id only, and
//! every portal names its own stages. Lists of stages are read when one is met for the first time, and kept in memory for an hour.

use super::{Ctx, JobError};
use crate::bitrix::{BitrixError, Command, form};
use crate::domain::clock::{HOUR, MINUTE, Ms, SECOND};
use crate::domain::document::{DEAL, LEAD};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A list is believed this long.
const FRESH: Ms = HOUR;
/// A stage that a list does not have may be a new one: the list is read again, not oftener than this.
const PATIENCE: Ms = MINUTE;
/// Lists kept; more portals than that begin anew.
const CAPACITY: usize = 10_000;
/// Commands of a batch (reference/bitrix24.md F.1).
const BATCH: usize = 50;

/// What an item says about its stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::flow) enum Meaning {
    /// Won or lost.
    Over,
    /// Neither.
    AtWork,
    /// This list of stages (`crm.status.list`, ENTITY_ID) says it.
    Ask(String),
}

/// A list as read: its stages, and whether each is an end.
#[derive(Debug, Clone)]
struct List {
    read_at: Ms,
    over: HashMap<String, bool>,
}

/// The lists of all portals, by portal and ENTITY_ID.
#[derive(Debug, Default)]
pub struct Stages(Mutex<HashMap<(String, String), List>>);

/// Stage of an item and what it says of it; `None` = it has no stage.
pub(in crate::flow) fn read(item: &Map<String, Value>) -> Option<(String, Meaning)> {
    let stage = Some(form::text(item, "stageId")).filter(|stage| !stage.is_empty())?;
    let meaning = match form::text(item, "stageSemanticId").to_uppercase().as_str() {
        "S" | "F" => Meaning::Over,
        "" if named_end(&stage) || form::text(item, "closed") == "Y" => Meaning::Over,
        "" => list_of(item, &stage).map_or(Meaning::AtWork, Meaning::Ask),
        _ => Meaning::AtWork,
    };
    Some((stage, meaning))
}

/// Ends that every portal has under these names.
fn named_end(stage: &str) -> bool {
    let bare = stage.rsplit(':').next().unwrap_or(stage);
    matches!(bare, "WON" | "LOSE" | "APOLOGY" | "CONVERTED" | "JUNK" | "SUCCESS" | "FAIL")
}

/// ENTITY_ID of the list that an item's stage stands in (reference/bitrix24.md E.6): by its funnel, else by the stage's own prefix
/// (`C6:…`, `DT1046_12:…`).
fn list_of(item: &Map<String, Value>, stage: &str) -> Option<String> {
    let prefix = stage.split_once(':').map(|(prefix, _)| prefix).unwrap_or_default();
    let digits = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
    let of_smart = prefix.strip_prefix("DT").and_then(|rest| rest.split_once('_'));
    let told = digits(&form::text(item, "entityTypeId"));
    let entity_type = told.or_else(|| digits(of_smart?.0)).or_else(|| prefix.strip_prefix('C').and_then(digits).map(|_| DEAL))?;
    let of_prefix = of_smart.and_then(|(_, funnel)| digits(funnel)).or_else(|| prefix.strip_prefix('C').and_then(digits));
    let funnel = digits(&form::text(item, "categoryId")).or(of_prefix).unwrap_or(0);
    match entity_type {
        LEAD => Some("STATUS".to_owned()),
        DEAL if funnel == 0 => Some("DEAL_STAGE".to_owned()),
        DEAL => Some(format!("DEAL_STAGE_{funnel}")),
        7 => Some("QUOTE_STATUS".to_owned()),
        31 => Some(format!("SMART_INVOICE_STAGE_{funnel}")),
        smart if smart >= 128 => Some(format!("DYNAMIC_{smart}_STAGE_{funnel}")),
        _ => None,
    }
}

impl Stages {
    fn lists(&self) -> MutexGuard<'_, HashMap<(String, String), List>> {
        // A reader that panicked left whole lists behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a stage of a list is an end; `None` = its list has to be read first.
    fn known(&self, portal: &str, list: &str, stage: &str, now: Ms) -> Option<bool> {
        let lists = self.lists();
        let known = lists.get(&(portal.to_owned(), list.to_owned()))?;
        let age = now.saturating_sub(known.read_at);
        match known.over.get(stage) {
            Some(over) if age <= FRESH => Some(*over),
            // A list that cannot be read, or lacks the stage, says nothing of it.
            None if age <= PATIENCE => Some(false),
            _ => None,
        }
    }

    fn keep(&self, portal: &str, list: String, over: HashMap<String, bool>, now: Ms) {
        let mut lists = self.lists();
        if lists.len() >= CAPACITY {
            lists.clear();
        }
        lists.insert((portal.to_owned(), list), List { read_at: now, over });
    }
}

/// Answers [`Meaning::Ask`] for (list, stage) pairs: which of them are ends. Reads the lists that are not known.
///
/// # Errors
/// The portal does not answer now. One that refuses for good leaves the stages at work.
pub(in crate::flow) async fn ends(
    ctx: &Ctx,
    portal: &str,
    asked: &BTreeSet<(String, String)>,
) -> Result<HashMap<(String, String), bool>, JobError> {
    let now = ctx.clock.now();
    let unknown = |(list, stage): &&(String, String)| ctx.stages.known(portal, list, stage, now).is_none();
    let lists: BTreeSet<&String> = asked.iter().filter(unknown).map(|(list, _)| list).collect();
    let lists: Vec<&String> = lists.into_iter().collect();
    for chunk in lists.chunks(BATCH) {
        let commands: Vec<Command> = chunk.iter().map(|list| command(list)).collect();
        let told = match ctx.bitrix.batch("stages.read", portal, &commands).await {
            Ok(told) => told,
            Err(BitrixError::Refused(error)) => chunk.iter().map(|_| Err(error.clone())).collect(),
            Err(error) => return Err(JobError::from_bitrix(&error, now)),
        };
        for (list, answer) in chunk.iter().zip(told) {
            let over = match answer {
                Ok(rows) => rows_of(&rows),
                Err(error) if error.temporary() => return Err(JobError::Retry { after_ms: Some(30 * SECOND), why: error.line() }),
                Err(error) => {
                    tracing::warn!(portal.id = portal, error.code = error.code, "the portal does not list its stages");
                    HashMap::new()
                }
            };
            ctx.stages.keep(portal, (*list).clone(), over, now);
        }
    }
    let said = |pair: &(String, String)| ctx.stages.known(portal, &pair.0, &pair.1, now).unwrap_or(false);
    Ok(asked.iter().map(|pair| (pair.clone(), said(pair))).collect())
}

fn command(list: &str) -> Command {
    Command { key: list.to_lowercase(), method: "crm.status.list".to_owned(), params: json!({"filter": {"ENTITY_ID": list}}) }
}

/// Stages of `crm.status.list` and whether each is an end.
fn rows_of(told: &Value) -> HashMap<String, bool> {
    let rows = form::list(told).into_iter().filter_map(Value::as_object);
    rows.map(|row| {
        let extra = form::field(row, "EXTRA").and_then(Value::as_object).map(|extra| form::text(extra, "SEMANTICS")).unwrap_or_default();
        let word = form::text(row, "SEMANTICS").to_uppercase();
        let over = matches!(word.as_str(), "S" | "F") || matches!(extra.to_lowercase().as_str(), "success" | "failure" | "apology");
        (form::text(row, "STATUS_ID"), over)
    })
    .filter(|(stage, _)| !stage.is_empty())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(item: Value) -> Option<Meaning> {
        read(item.as_object().unwrap()).map(|(_, meaning)| meaning)
    }

    #[test]
    fn an_end_is_known_by_meaning_by_name_or_by_its_list() {
        let ask = |list: &str| Some(Meaning::Ask(list.to_owned()));
        for (item, expected) in [
            (json!({"stageId": "C3:UC_OWN", "stageSemanticId": "F"}), Some(Meaning::Over)),
            (json!({"stageId": "C3:UC_OWN", "stageSemanticId": "P"}), Some(Meaning::AtWork)),
            (json!({"stageId": "C3:WON"}), Some(Meaning::Over)),
            (json!({"stageId": "DT1046_1:SUCCESS"}), Some(Meaning::Over)),
            (json!({"stageId": "DT1046_12:UC_OWN", "entityTypeId": 1046, "categoryId": 12}), ask("DYNAMIC_1046_STAGE_12")),
            (json!({"stageId": "DT1046_12:UC_OWN"}), ask("DYNAMIC_1046_STAGE_12")),
            (json!({"stageId": "DT31_5:N", "entityTypeId": "31", "categoryId": "5"}), ask("SMART_INVOICE_STAGE_5")),
            (json!({"stageId": "C6:UC_OWN"}), ask("DEAL_STAGE_6")),
            (json!({"stageId": "UC_OWN", "entityTypeId": 2, "categoryId": 0}), ask("DEAL_STAGE")),
            (json!({"stageId": "UC_OWN", "entityTypeId": 1}), ask("STATUS")),
            (json!({"stageId": "NEW", "stageSemanticId": "P", "closed": "Y"}), Some(Meaning::AtWork)),
            (json!({"stageId": "UC_X", "closed": "Y"}), Some(Meaning::Over)),
            (json!({"stageId": "UC_X"}), Some(Meaning::AtWork)),
            (json!({"id": 1}), None),
        ] {
            assert_eq!(meaning(item.clone()), expected, "{item}");
        }
    }

    #[test]
    fn lists_say_which_stages_are_ends() {
        let over = rows_of(&json!([
            {"STATUS_ID": "DT1046_12:UC_LOST", "SEMANTICS": "F"}, {"STATUS_ID": "DT1046_12:UC_DONE", "SEMANTICS": "S"},
            {"STATUS_ID": "DT1046_12:NEW", "SEMANTICS": null, "EXTRA": {"SEMANTICS": "process"}},
            {"STATUS_ID": "DT1046_12:OLD", "EXTRA": {"SEMANTICS": "failure"}}, {"NAME": "no id"},
        ]));
        assert_eq!(over.len(), 4);
        assert!(over["DT1046_12:UC_LOST"] && over["DT1046_12:UC_DONE"] && over["DT1046_12:OLD"] && !over["DT1046_12:NEW"]);
        assert!(rows_of(&json!([])).is_empty());
    }

    #[test]
    fn a_list_is_believed_for_an_hour_and_asked_again_for_a_new_stage() {
        let stages = Stages::default();
        assert_eq!(stages.known("p", "L", "A", 0), None);
        stages.keep("p", "L".to_owned(), HashMap::from([("A".to_owned(), true)]), 0);
        assert_eq!(stages.known("p", "L", "A", FRESH), Some(true));
        assert_eq!(stages.known("p", "L", "A", FRESH + 1), None);
        assert_eq!(stages.known("p", "L", "B", PATIENCE), Some(false));
        assert_eq!(stages.known("p", "L", "B", PATIENCE + 1), None);
        assert_eq!(stages.known("other", "L", "A", 0), None, "another portal's list is its own");
    }
}
