//! The reads of a search: items first, then phones, then what belongs to their owners; each round is one batch.

use super::crm::{self, Owners};
use super::{Found, NONE, Search};
use crate::bitrix::{BitrixError, Command, RestError};
use crate::domain::document::CrmItem;
use crate::flow::portal_view::PortalView;
use crate::flow::stages::{self, Meaning};
use crate::flow::{Ctx, JobError};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

/// Commands of a batch.
const BATCH: usize = 50;

type Answers = HashMap<String, Result<Value, RestError>>;

/// What each search came to, in order; an error is that message's alone: it comes again.
pub(super) async fn all(ctx: &Ctx, view: &PortalView, searches: &[Search]) -> Vec<Result<Found, JobError>> {
    match rounds(ctx, view, searches).await {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(error) => searches.iter().map(|_| Err(error.clone())).collect(),
    }
}

async fn rounds(ctx: &Ctx, view: &PortalView, searches: &[Search]) -> Result<Vec<Found>, JobError> {
    let items = ask(ctx, view, items(searches)).await?;
    let ends = stages::ends(ctx, &view.id, &untold(&items)).await?;
    let mut found: Vec<Option<Found>> = searches.iter().map(|search| known(search, &items, &ends)).collect();
    let open: Vec<usize> = positions(&found);
    let phones = open.iter().filter_map(|at| Some(crm::find(format!("f{at}"), searches.get(*at)?.phone()?))).collect();
    let phones = ask(ctx, view, phones).await?;
    let owners: HashMap<usize, Owners> = open
        .iter()
        .filter_map(|at| Some((*at, Owners::read(phones.get(&format!("f{at}"))?.as_ref().ok()?))))
        .filter(|(_, owners)| !owners.is_empty())
        .collect();
    let lists = ask(ctx, view, owners.iter().flat_map(|(at, owners)| owners.commands(&format!("d{at}"))).collect()).await?;
    for (at, owners) in &owners {
        let answers: Vec<(char, &Value)> =
            ['c', 'o', 'l'].into_iter().filter_map(|name| Some((name, lists.get(&format!("d{at}{name}"))?.as_ref().ok()?))).collect();
        if let (Some(item), Some(slot)) = (owners.document(&answers), found.get_mut(*at)) {
            *slot = Some(Found { rule: "phone", document: Some(crm::name(item)) });
        }
    }
    Ok(found.into_iter().map(|found| found.unwrap_or(Found { rule: NONE, document: None })).collect())
}

fn positions(found: &[Option<Found>]) -> Vec<usize> {
    found.iter().enumerate().filter(|(_, found)| found.is_none()).map(|(at, _)| at).collect()
}

fn key(item: CrmItem) -> String {
    format!("i{}_{}", item.entity_type_id, item.id)
}

/// Documents that messages and conversations name, each once.
fn items(searches: &[Search]) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for item in searches.iter().flat_map(|search| [search.by_context(), search.by_talk()]).flatten() {
        if commands.iter().all(|command| command.key != key(item)) {
            commands.push(crm::get(key(item), item));
        }
    }
    commands
}

/// Stages of these items that do not say whether they are an end.
fn untold(items: &Answers) -> BTreeSet<(String, String)> {
    let items = items.values().filter_map(|answer| answer.as_ref().ok()?.get("item")?.as_object());
    items
        .filter_map(|item| match stages::read(item)? {
            (stage, Meaning::Ask(list)) => Some((list, stage)),
            _ => None,
        })
        .collect()
}

/// The answered message's document while it exists, the conversation's while it is open.
fn known(search: &Search, items: &Answers, ends: &HashMap<(String, String), bool>) -> Option<Found> {
    let read = |item: Option<CrmItem>| -> Option<(CrmItem, &Map<String, Value>)> {
        let item = item?;
        let answer = items.get(&key(item))?.as_ref().ok()?;
        Some((item, answer.get("item")?.as_object()?))
    };
    if read(search.by_context()).is_some() {
        let document = search.row.document_entity.clone().zip(search.row.document_id.clone());
        return Some(Found { rule: "context", document });
    }
    let (_, item) = read(search.by_talk())?;
    crm::is_open(item, ends)
        .then(|| Found { rule: "conversation", document: search.talk.document_entity.clone().zip(search.talk.document_id.clone()) })
}

/// Asks in batches; what the portal will tell later makes all of it come again.
async fn ask(ctx: &Ctx, view: &PortalView, commands: Vec<Command>) -> Result<Answers, JobError> {
    let mut answers = Answers::new();
    for chunk in commands.chunks(BATCH) {
        match ctx.bitrix.batch("find_document.read", &view.id, chunk).await {
            Ok(told) => {
                if let Some(error) = told.iter().filter_map(|one| one.as_ref().err()).find(|error| error.temporary()) {
                    return Err(JobError::Retry { after_ms: None, why: error.line() });
                }
                answers.extend(chunk.iter().map(|command| command.key.clone()).zip(told));
            }
            // The portal will not tell: what cannot be read is not there for us.
            Err(BitrixError::Refused(error)) => {
                answers.extend(chunk.iter().map(|command| (command.key.clone(), Err(error.clone()))));
            }
            Err(error) => return Err(JobError::from_bitrix(&error, ctx.clock.now())),
        }
    }
    Ok(answers)
}
