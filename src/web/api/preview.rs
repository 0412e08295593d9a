//! `POST …/preview`: the message that a robot's settings, or a hand-written message, would become.

use super::card::seen;
use super::portal_row;
use crate::domain::refusal::Refusal;
use crate::flow::preview::{self, Asked, Preview};
use crate::i18n;
use crate::web::body::Incoming;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body, language};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use validator::Validate;

/// What is to be shown.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// CODE of the robot.
    #[validate(length(max = 100))]
    code: String,
    /// Properties as the form has them.
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
    /// `DEAL_512`: fill the fields from this document, read with the page's viewer's rights.
    #[serde(default)]
    document: Option<String>,
    /// Names of document fields by id, for where no document is given.
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// The message as the client would see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// `text`, `template`, or the operation.
    kind: String,
    channel: Option<ChannelName>,
    /// `{kind, source}` of the header's file.
    media: Option<MediaView>,
    header: Option<String>,
    body: String,
    footer: Option<String>,
    buttons: Vec<ButtonView>,
    category: Option<String>,
    /// Characters of the body.
    length: usize,
    /// Free-form text of an official channel: only while the client's window is open.
    needs_window: bool,
    problems: Vec<ProblemLine>,
}

/// A channel by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelName {
    id: String,
    name: String,
}

/// A header's file.
#[derive(Debug, Serialize, ToSchema)]
pub struct MediaView {
    kind: String,
    source: Option<String>,
}

/// A button of the bubble.
#[derive(Debug, Serialize, ToSchema)]
pub struct ButtonView {
    kind: String,
    title: String,
}

/// What would be refused, in the reader's language.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemLine {
    code: &'static str,
    text: String,
}

impl PreviewView {
    fn of(preview: Preview, lang: &str) -> Self {
        Self {
            kind: preview.kind,
            channel: preview.channel.map(|(id, name)| ChannelName { id, name }),
            media: preview.media.map(|kind| MediaView { kind, source: preview.media_source }),
            header: preview.header,
            body: preview.body,
            footer: preview.footer,
            buttons: preview.buttons.into_iter().map(|(kind, title)| ButtonView { kind, title }).collect(),
            category: preview.category,
            length: preview.length,
            needs_window: preview.needs_window,
            problems: preview.problems.iter().map(|refusal| line(refusal, lang)).collect(),
        }
    }
}

fn line(refusal: &Refusal, lang: &str) -> ProblemLine {
    let code = refusal.code.as_str();
    ProblemLine { code, text: i18n::text(lang, &format!("refusal-{code}"), &refusal.args) }
}

/// Shows what would be sent. Nothing is sent and nothing is stored.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/preview", tag = "pages", params(("member_id" = String, Path)),
    request_body = PreviewRequest,
    responses((status = 200, body = PreviewView), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn show(
    access: Access,
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
    payload: Incoming,
) -> Result<Json<PreviewView>, Problem> {
    let asked: PreviewRequest = body::json(payload).await?;
    let portal = portal_row(&state, &path).await?.member_id;
    let card = match (&asked.document, access.page()) {
        (Some(document), Some(visitor)) => Some(seen(&state, visitor, document).await?),
        (Some(_), None) => return Err(Problem::new(Code::RightsMissing)),
        (None, _) => None,
    };
    let order = Asked { code: &asked.code, properties: &asked.properties, card: card.as_deref(), labels: &asked.labels };
    let shown = preview::show(&state.ctx, &portal, &order).await?.ok_or_else(|| Problem::new(Code::PortalUnknown))?;
    Ok(Json(PreviewView::of(shown, language::of(&request))))
}
