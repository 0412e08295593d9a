//! Consents: where people stand, with the evidence; written down by hand.

use super::cursor::{ListOf, PageQuery, close};
use super::shape::time;
use super::{live_portal, one_of, phone_digits, portal_row};
use crate::db::entity::{consent, consent_event, portal};
use crate::db::store::api_consent::{self, ConsentFilter};
use crate::db::store::consent as store;
use crate::domain::clock::iso;
use crate::domain::consent::{Action, Scope};
use crate::domain::identity::Identity;
use crate::flow::consent::{self as flow, Change, Evidence, Source};
use crate::web::body::Incoming;
use crate::web::operator::Operator;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::web::{Data, Json, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// What the list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConsentQuery {
    /// Phone, however it is written: this person, with the evidence.
    phone: Option<String>,
    /// Business-scoped user id: this person, with the evidence.
    bsuid: Option<String>,
    /// `unknown opted_in opted_out`.
    consent: Option<String>,
    /// `marketing` or `all`: what `consent` is about; either when absent.
    scope: Option<String>,
}

/// A word about consent to write down.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentChange {
    /// Phone, however it is written.
    #[validate(length(max = 60))]
    phone: Option<String>,
    /// Business-scoped user id.
    #[validate(length(max = 200))]
    bsuid: Option<String>,
    /// `opt_in` or `opt_out`.
    #[schema(value_type = String)]
    action: Action,
    /// `marketing` (default) or `all`.
    #[serde(default)]
    #[schema(value_type = String)]
    scope: Scope,
    /// How and when the person said so.
    #[validate(length(max = 1000))]
    evidence: Option<String>,
    /// Who writes it down.
    #[validate(length(max = 200))]
    by: Option<String>,
}

/// Where a person stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consent {
    id: String,
    phone: Option<String>,
    bsuid: Option<String>,
    /// `unknown opted_in opted_out`: templates of the category MARKETING.
    marketing: String,
    marketing_at: Option<String>,
    /// `word button robot api provider`.
    marketing_by: Option<String>,
    /// `unknown opted_in opted_out`: every message.
    all: String,
    all_at: Option<String>,
    all_by: Option<String>,
    /// WhatsApp holds marketing back until then.
    marketing_held_until: Option<String>,
    created_at: String,
    updated_at: String,
    /// Newest first; null in a list of many.
    history: Option<Vec<ConsentEvent>>,
}

/// One word, as evidence.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentEvent {
    /// `opt_in opt_out cap`.
    action: String,
    /// `marketing all`.
    scope: String,
    /// `word button robot api provider`.
    source: String,
    /// Whether it changed something.
    applied: bool,
    channel_id: Option<String>,
    message_id: Option<String>,
    text: Option<String>,
    /// The robot call, script or provider's code that said it.
    actor: Option<String>,
    /// When it was said.
    at: String,
    recorded_at: String,
}

impl From<consent_event::Model> for ConsentEvent {
    fn from(row: consent_event::Model) -> Self {
        Self {
            action: row.action,
            scope: row.scope,
            source: row.source,
            applied: row.applied != 0,
            channel_id: row.channel_id,
            message_id: row.message_id,
            text: row.text,
            actor: row.actor,
            at: iso(row.happened_at),
            recorded_at: iso(row.recorded_at),
        }
    }
}

impl From<consent::Model> for Consent {
    fn from(row: consent::Model) -> Self {
        Self {
            id: row.id,
            phone: row.phone,
            bsuid: row.bsuid,
            marketing: row.marketing,
            marketing_at: time(row.marketing_at),
            marketing_by: row.marketing_by,
            all: row.everything,
            all_at: time(row.everything_at),
            all_by: row.everything_by,
            marketing_held_until: time(row.capped_until),
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            history: None,
        }
    }
}

fn person(portal: &portal::Model, phone: Option<String>, bsuid: Option<String>) -> Option<Identity> {
    let phone = phone.map(|phone| phone_digits(portal, &phone)).filter(|digits| !digits.is_empty());
    let bsuid = bsuid.filter(|id| !id.trim().is_empty());
    (phone.is_some() || bsuid.is_some()).then(|| Identity { phone, bsuid, ..Identity::default() })
}

/// Consents of a portal, the last changed first; one person with the evidence.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/consents", tag = "consents", params(("member_id" = String, Path), ConsentQuery, PageQuery),
    responses((status = 200, body = ListOf<Consent>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(
    _: Operator,
    state: Data<State>,
    path: Path<String>,
    query: Query<ConsentQuery>,
    page: Query<PageQuery>,
) -> Result<Json<ListOf<Consent>>, Problem> {
    let portal = portal_row(&state, &path).await?;
    let page = page.page("consents")?;
    let query = query.into_inner();
    one_of("consent", query.consent.as_deref(), &["unknown", "opted_in", "opted_out"])?;
    one_of("scope", query.scope.as_deref(), &["marketing", "all"])?;
    let db = state.ctx.db.read();
    let asked = query.phone.is_some() || query.bsuid.is_some();
    let ids = match person(&portal, query.phone, query.bsuid) {
        Some(who) => {
            let rows = flow::rows_of(db, &state.ctx.sealer, &portal.member_id, &who).await?;
            Some(rows.into_iter().map(|row| row.id).collect())
        }
        None if asked => Some(Vec::new()),
        None => None,
    };
    let with_history = ids.is_some();
    let filter = ConsentFilter { ids, scope: query.scope, choice: query.consent };
    let rows = api_consent::list(db, &portal.member_id, &filter, &page).await?;
    let mut list = close("consents", &page, rows, |row| (row.updated_at, row.id.as_str()), Consent::from);
    if with_history {
        for one in &mut list.items {
            let events = store::history(db, &portal.member_id, &one.id).await?;
            one.history = Some(events.into_iter().map(ConsentEvent::from).collect());
        }
    }
    Ok(Json(list))
}

/// Writes a word about consent down.
#[utoipa::path(put, path = "/api/v1/portals/{member_id}/consents", tag = "consents", params(("member_id" = String, Path)),
    request_body = ConsentChange,
    responses((status = 200, body = Consent), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn put(_: Operator, state: Data<State>, path: Path<String>, payload: Incoming) -> Result<Json<Consent>, Problem> {
    let asked: ConsentChange = body::json(payload).await?;
    let portal = live_portal(&state, &path).await?;
    let invalid = |field: &str, reason: &str| Problem::new(Code::BodyInvalid).with("field", field).with("reason", reason);
    let who = person(&portal, asked.phone, asked.bsuid).ok_or_else(|| invalid("phone", "phone or bsuid expected"))?;
    if who.phone.as_ref().is_some_and(|digits| !(7..=15).contains(&digits.len())) {
        return Err(invalid("phone", "not a phone number"));
    }
    let evidence = Evidence { source: Source::Api, channel_id: None, message_id: None, text: asked.evidence, actor: asked.by };
    let change = Change { who, action: asked.action, scope: asked.scope, at: state.ctx.clock.now(), evidence };
    let row = flow::apply_alone(&state.ctx, &portal.member_id, &change).await?;
    let events = store::history(state.ctx.db.read(), &portal.member_id, &row.id).await?;
    let history = Some(events.into_iter().map(ConsentEvent::from).collect());
    Ok(Json(Consent { history, ..Consent::from(row) }))
}
