//! What a tab shows of its document: numbers, channels, windows. Read with the viewer's own token; the operator has none.

use super::session::of_card;
use super::shape::Conversation;
use crate::db::store::{channel, conversation as conversations};
use crate::domain::clock::{Ms, SECOND};
use crate::flow::card::{self, Card};
use crate::flow::consent;
use crate::flow::page_session::Visitor;
use crate::flow::portal_view::PortalView;
use crate::provider::registry;
use crate::web::State;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem, ProblemDocument};
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A document with what is needed to write to its client.
#[derive(Debug, Serialize, ToSchema)]
pub struct CardView {
    /// `DEAL_512`.
    id: String,
    title: String,
    phones: Vec<PhoneView>,
    channels: Vec<SenderView>,
    /// Channel that is used when none is named.
    default_channel: Option<String>,
    conversations: Vec<Conversation>,
    /// Values that a message is usually filled with, those that are set.
    facts: Vec<FactView>,
}

/// A value of the document or its client.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactView {
    /// Field as robots name it: `CONTACT.NAME`.
    id: &'static str,
    value: String,
}

/// A number of the document.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneView {
    /// E.164 digits.
    digits: String,
    /// As CRM has it.
    shown: String,
    /// `lead contact company`.
    owner: &'static str,
    /// Whose it is.
    name: String,
}

/// A channel as everybody may see it: nothing of its settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct SenderView {
    id: String,
    name: String,
    kind: String,
    /// As in the list of channels.
    state: String,
    /// The 24-hour window applies.
    official: bool,
    /// Templates can be sent.
    templates: bool,
}

/// CRM's rights are asked again after this time.
const SHOWN_FOR: Ms = 30 * SECOND;
/// Fields offered to whoever writes a message.
const FACTS: [&str; 8] = ["CONTACT.NAME", "CONTACT.LAST_NAME", "COMPANY.TITLE", "NAME", "LAST_NAME", "TITLE", "OPPORTUNITY", "ID"];

/// The document a page stands in.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/documents/{document_id}", tag = "pages",
    params(("member_id" = String, Path), ("document_id" = String, Path)),
    responses((status = 200, body = CardView), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(access: Access, state: Data<State>, path: Path<(String, String)>) -> Result<Json<CardView>, Problem> {
    let (member_id, document_id) = path.into_inner();
    let visitor = access.page().ok_or_else(|| Problem::new(Code::RightsMissing))?;
    let card = seen(&state, visitor, &document_id).await?;
    let db = state.ctx.db.read();
    let view = PortalView::find(db, &member_id).await?.ok_or_else(|| Problem::new(Code::PortalUnknown))?;
    let living = channel::list(db, &member_id).await?;
    let keys: Vec<_> = living.iter().flat_map(|row| card.keys(&row.id)).collect();
    let mut known: Vec<_> = conversations::by_keys(db, &member_id, &keys).await?.into_values().collect();
    known.sort_by(|a, b| b.updated_at.cmp(&a.updated_at).then_with(|| a.id.cmp(&b.id)));
    known.dedup_by(|a, b| a.id == b.id);
    let standings = consent::of_conversations(&state.ctx, &member_id, &known).await?;
    let mut conversations: Vec<Conversation> = known.into_iter().map(Conversation::from).collect();
    for (one, standing) in conversations.iter_mut().zip(standings) {
        one.stand(&standing);
    }
    let default_channel = view.default_channel.filter(|id| living.iter().any(|row| row.id == *id));
    Ok(Json(CardView {
        id: card.document_id.clone(),
        title: card.title.clone(),
        phones: card.phones.iter().map(PhoneView::of).collect(),
        default_channel: default_channel.or_else(|| living.first().map(|row| row.id.clone())),
        channels: living.iter().map(SenderView::of).collect(),
        conversations,
        facts: FACTS.iter().filter_map(|id| fact(&card, id)).collect(),
    }))
}

fn fact(card: &Card, id: &'static str) -> Option<FactView> {
    let value = card.field(id).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())?;
    Some(FactView { id, value })
}

impl PhoneView {
    fn of(phone: &card::CardPhone) -> Self {
        Self { digits: phone.digits.clone(), shown: phone.shown.clone(), owner: phone.owner, name: phone.name.clone() }
    }
}

impl SenderView {
    /// What everybody may know of a channel.
    pub(in crate::web) fn of(row: &crate::db::entity::channel::Model) -> Self {
        let capabilities = registry::find(&row.kind).map(crate::provider::Provider::capabilities);
        Self {
            id: row.id.clone(),
            name: row.name.clone(),
            kind: row.kind.clone(),
            state: row.state.clone(),
            official: capabilities.is_some_and(|can| can.official),
            templates: capabilities.is_some_and(|can| can.template_list),
        }
    }
}

/// The card of a document that this page's viewer may read; remembered for half a minute, so that a page may ask often.
///
/// # Errors
/// `rights_missing` for another document than an employee's page stands in; why CRM does not show it.
pub(in crate::web) async fn seen(state: &State, visitor: &Visitor, document_id: &str) -> Result<Arc<Card>, Problem> {
    if !visitor.admin && visitor.document.as_deref() != Some(document_id) {
        return Err(Problem::new(Code::RightsMissing));
    }
    let key = format!("{} {} {document_id}", visitor.portal, visitor.user_id);
    let now = state.ctx.clock.now();
    if let Some((_, card)) = state.cards.get(&key).await.filter(|(read_at, _)| now.saturating_sub(*read_at) < SHOWN_FOR) {
        return Ok(card);
    }
    let facts = state.ctx.portals.get(&visitor.portal).await?.ok_or_else(|| Problem::new(Code::PortalUnknown))?;
    let card = Arc::new(card::read(&state.ctx, &facts, &visitor.access, document_id).await.map_err(of_card)?);
    state.cards.insert(key, (now, Arc::clone(&card))).await;
    Ok(card)
}
