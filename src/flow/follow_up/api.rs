//! Follow-ups made, listed and ended by pages and scripts: the same rules as the robot's, without a call.

use super::arm::{self, Ground};
use super::{ROBOT, Reason, end};
use crate::catalog::RenderInput;
use crate::catalog::operation::{Operation, PhoneChoice};
use crate::db::DbError;
use crate::db::entity::follow_up as row;
use crate::db::store::conversation as conversations;
use crate::db::store::follow_up as store;
use crate::db::store::follow_up_stop::Whose;
use crate::domain::document::{COMPANY, CONTACT, CrmItem, DEAL, LEAD};
use crate::domain::identity::Identity;
use crate::domain::refusal::{Code, Refusal};
use crate::flow::desk::Desk;
use crate::flow::facts::{self, Facts, Need};
use crate::flow::phones::{self, Candidates};
use crate::flow::results;
use crate::flow::run_call::order::To;
use crate::flow::template_choice::Fault;
use crate::flow::{Ctx, JobError};
use serde_json::{Map, Value, json};

/// A follow-up to make.
#[derive(Debug, Clone)]
pub struct New {
    /// Whom for.
    pub to: To,
    /// The document it is about (`DEAL_512`); that of [`To::Document`] when absent.
    pub document_id: Option<String>,
    /// Properties of the robot by id.
    pub properties: Map<String, Value>,
}

/// Why none was made.
#[derive(Debug)]
pub enum NotMade {
    /// A rule of the robot; the text says what to do, in the portal's language.
    Refused {
        /// Word of the closed list.
        code: &'static str,
        /// For people.
        text: String,
    },
    /// The portal or a file could not be reached now.
    Later(String),
    /// No such portal.
    PortalGone,
    /// The database failed.
    Db(DbError),
}

impl From<DbError> for NotMade {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// Makes follow-ups: one for each recipient, which is one unless `phone_choice` says otherwise.
///
/// # Errors
/// [`NotMade`]; nothing was stored.
pub async fn create(ctx: &Ctx, portal: &str, new: New) -> Result<Vec<row::Model>, NotMade> {
    let mut desk = Desk::open(&ctx.db, portal).await?.ok_or(NotMade::PortalGone)?;
    let lang = desk.portal.lang;
    let refused = |refusal: Refusal| NotMade::Refused { code: refusal.code.as_str(), text: results::refusal_text(lang, &refusal) };
    let armed = match arm(ctx, &mut desk, &new).await {
        Ok(armed) => armed,
        Err(Fault::Refused(refusal) | Fault::Skipped(refusal)) => return Err(refused(refusal)),
        Err(Fault::Later(error)) => return Err(NotMade::Later(why(&error))),
    };
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let rows = arm::store(&tx, ctx, portal, &armed, now).await?;
    tx.commit("follow_up.created").await?;
    ctx.wake.notify_waiters();
    Ok(rows)
}

fn why(error: &JobError) -> String {
    match error {
        JobError::Defer { why, .. } | JobError::Retry { why, .. } | JobError::Fail { why } => why.clone(),
        JobError::LeaseLost => String::new(),
    }
}

async fn arm(ctx: &Ctx, desk: &mut Desk, new: &New) -> Result<Vec<arm::Armed>, Fault> {
    let portal = desk.portal.clone();
    let unknown = || Refusal::new(Code::RobotUnknown, "the robot is not part of this version").with("name", ROBOT);
    let spec = ctx.catalog.find(ROBOT).ok_or_else(unknown)?;
    let input = RenderInput {
        properties: &new.properties,
        facts: &json!({}),
        stored_patterns: &portal.patterns,
        lang: portal.lang,
        time_zone: portal.time_zone.name(),
        region: &portal.region,
    };
    let Operation::FollowUp(wanted) = ctx.catalog.render(spec, &input)?.operation else { return Err(unknown().into()) };
    let document = match (&new.document_id, &new.to) {
        (Some(id), _) | (None, To::Document(id)) => Some(known_document(id)?),
        (None, _) => None,
    };
    let (facts, candidates) = recipients(ctx, desk, new).await?;
    let sender = desk.resolve(&wanted.send.channel)?;
    let keys: Vec<_> = candidates.people.iter().flat_map(|who| phones::keys(&sender.row.id, who)).collect();
    let known = conversations::by_keys(ctx.db.read(), &portal.id, &keys).await.map_err(|error| Fault::Later(error.into()))?;
    let choice = if matches!(new.to, To::Bsuid(_)) { PhoneChoice::FirstValid } else { wanted.send.phone_choice };
    let recipients = phones::choose(&candidates, choice, &sender.row.id, &known);
    let document = document.as_ref().map(|(entity, id)| (*entity, id.as_str()));
    arm::decide(ctx, desk, &sender, &wanted, &recipients, Ground { call: None, facts: &facts, document }).await
}

async fn recipients(ctx: &Ctx, desk: &Desk, new: &New) -> Result<(Facts, Candidates), Fault> {
    match &new.to {
        To::Phone(phone) => {
            let candidates = phones::candidates(std::slice::from_ref(phone), &Facts::default(), &desk.portal)?;
            Ok((about(ctx, desk, new.document_id.as_deref(), false).await?, candidates))
        }
        To::Bsuid(bsuid) => {
            let who = Identity { bsuid: Some(bsuid.clone()), ..Identity::default() };
            let candidates = Candidates { people: vec![who], source: "bsuid".to_owned(), invalid: Vec::new() };
            Ok((about(ctx, desk, new.document_id.as_deref(), false).await?, candidates))
        }
        To::Document(id) => {
            known_document(id)?;
            let facts = about(ctx, desk, Some(id), true).await?;
            let candidates = phones::candidates(&[], &facts, &desk.portal)?;
            Ok((facts, candidates))
        }
    }
}

/// What is known of the document now: its stage is what a later one is compared with.
async fn about(ctx: &Ctx, desk: &Desk, document_id: Option<&str>, phone: bool) -> Result<Facts, Fault> {
    let Some(document) = document_id.and_then(CrmItem::parse) else { return Ok(Facts::default()) };
    let mut need = Need { document: Some(document), phone, ..Need::default() };
    need.roots.insert(need.own());
    let read = facts::read(ctx, &desk.portal, &[need]).await.into_iter().next();
    read.unwrap_or_else(|| Ok(Facts::default())).map_err(Fault::Later)
}

/// A document as robot calls name it: its entity and id.
fn known_document(id: &str) -> Result<(&'static str, String), Refusal> {
    let entity = match CrmItem::parse(id).map(|item| item.entity_type_id) {
        Some(DEAL) => "CCrmDocumentDeal",
        Some(LEAD) => "CCrmDocumentLead",
        Some(CONTACT) => "CCrmDocumentContact",
        Some(COMPANY) => "CCrmDocumentCompany",
        Some(31) => "Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice",
        Some(other) if other >= 128 => "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic",
        _ => {
            let value: String = id.chars().take(60).collect();
            let refusal = Refusal::new(Code::PropertyInvalid, "not a CRM document").with("name", "document").with("value", value);
            return Err(refusal.with("hint_key", "hint-document"));
        }
    };
    Ok((entity, id.to_owned()))
}

/// Ends one follow-up as a person or a script wants it; `None` = there is none. One that ended before stays as it ended.
///
/// # Errors
/// The database failed.
pub async fn cancel(ctx: &Ctx, portal: &str, id: &str) -> Result<Option<row::Model>, DbError> {
    if store::find(ctx.db.read(), portal, id).await?.is_none() {
        return Ok(None);
    }
    let now = ctx.clock.now();
    let ids = [id.to_owned()];
    let tx = ctx.db.begin().await?;
    end(&tx, ctx, portal, &Whose { ids: Some(&ids), ..Whose::default() }, Reason::Cancelled, now).await?;
    tx.commit("follow_up.cancelled").await?;
    ctx.wake.notify_waiters();
    store::find(ctx.db.read(), portal, id).await
}
