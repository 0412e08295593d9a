//! `GET …/events`: tells a page that something it shows has changed, as server-sent events over an ordinary request with its token.
//!
//! An event names the parts that changed and nothing of their content. It follows a commit of this process at once; what other replicas
//! commit is seen at the next look. A tab's document is read with its viewer's token before anything is told of it: rights that were
//! taken away end the answer. Nothing is remembered for a page that was away: it reads everything when it comes back.

use super::card::seen;
use super::portal_row;
use crate::db::Engine;
use crate::domain::clock::Ms;
use crate::flow::card::Card;
use crate::flow::news::{self, Scope, Seen};
use crate::flow::page_session::Visitor;
use crate::web::State;
use crate::web::listeners::Place;
use crate::web::observe::Bodiless;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem, ProblemDocument};
use actix_web::http::header::{CACHE_CONTROL, ContentEncoding};
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::IntoParams;

/// The next look comes no sooner than this after the last one, however much is committed.
const BREATH: Duration = Duration::from_millis(700);
/// A look without a commit of our own: other replicas commit too.
const OTHERS: Duration = Duration::from_secs(3);
/// A sign of life for proxies; the session's end is looked at as well.
const SILENCE: Duration = Duration::from_secs(15);
/// The longest answer; the page then asks anew.
const LONGEST: Duration = Duration::from_secs(600);

/// What is listened to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// `DEAL_512`: only what concerns this document, which the page's viewer may read. Without it: the whole portal, for who may see it.
    document: Option<String>,
}

/// Tells a page what changed: events `ready`, `changed` (`{"parts": [messages calls follow_ups windows]}`), `ended` (`{"code"}`).
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/events", tag = "pages", params(("member_id" = String, Path), EventsQuery),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = "4XX", body = ProblemDocument)),
    security(("operator" = [])))]
pub(crate) async fn listen(
    access: Access,
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<EventsQuery>,
) -> Result<HttpResponse, Problem> {
    let portal = portal_row(&state, &path).await?.member_id;
    let document = access.narrowed(query.into_inner().document)?;
    let visitor = access.page().cloned();
    let card = match (&document, &visitor) {
        (Some(document), Some(visitor)) => Some(seen(&state, visitor, document).await?),
        // Nobody's rights would be asked for.
        (Some(_), None) => return Err(Problem::new(Code::RightsMissing)),
        (None, _) => None,
    };
    let place = state.listeners.take(&portal, visitor.as_ref().map_or("operator", |visitor| visitor.user_id.as_str()));
    let place = place.ok_or(Problem { retry_after: Some(60), ..Problem::new(Code::NotReady) })?;
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/event-stream").insert_header((CACHE_CONTROL, "no-store")).insert_header(ContentEncoding::Identity);
    // Proxies that gather an answer before they pass it on would keep the news.
    answer.insert_header(("x-accel-buffering", "no"));
    if request.extensions().contains::<Bodiless>() {
        return Ok(answer.finish());
    }
    let commits = state.ctx.db.commits();
    let now = Instant::now();
    let ear = Ear { state, portal, visitor, card, seen: None, commits, begun: now, looked: now, _place: place };
    Ok(answer.streaming(stream::unfold(Some(ear), |ear| async move { ear?.hear().await })))
}

/// A page that listens.
struct Ear {
    state: Data<State>,
    portal: String,
    visitor: Option<Visitor>,
    card: Option<Arc<Card>>,
    /// `None` before the first look.
    seen: Option<Seen>,
    commits: watch::Receiver<u64>,
    begun: Instant,
    looked: Instant,
    _place: Place,
}

/// What is written next, and who listens on.
type Heard = Option<(Result<Bytes, Infallible>, Option<Ear>)>;

impl Ear {
    async fn hear(mut self) -> Heard {
        if self.seen.is_none() {
            // First the state, then the word that it is known: what changes from here on is told.
            self.seen = self.look().await.ok();
            return self.seen.is_some().then(|| (Ok(event("ready", &json!({}))), Some(self)));
        }
        let silent = Instant::now();
        while !self.over() {
            if !self.wait().await {
                return None;
            }
            let now = self.look().await.ok()?;
            let parts = self.seen.map(|before| now.differs_from(&before)).unwrap_or_default();
            self.seen = Some(now);
            if !parts.is_empty() {
                // CRM is asked only where there is something to tell: an open tab alone costs the portal nothing.
                return Some(match self.ended().await {
                    Some(code) => (Ok(event("ended", &json!({"code": code.as_str()}))), None),
                    None => (Ok(event("changed", &json!({"parts": parts}))), Some(self)),
                });
            }
            if silent.elapsed() >= SILENCE {
                return Some((Ok(Bytes::from_static(b": listening\n\n")), Some(self)));
            }
        }
        None
    }

    /// The page's token is over, or the answer long enough.
    fn over(&self) -> bool {
        let now: Ms = self.state.ctx.clock.now();
        self.begun.elapsed() >= LONGEST || self.visitor.as_ref().is_some_and(|visitor| now >= visitor.expires_at)
    }

    /// Waits for a reason to look; `false` = the service stops.
    async fn wait(&mut self) -> bool {
        let rest = if self.state.ctx.db.engine() == Engine::Postgres { OTHERS } else { SILENCE };
        let stopping = self.state.stopping.clone();
        let next = self.looked + BREATH;
        let reason = async {
            tokio::select! {
                _ = self.commits.changed() => tokio::time::sleep_until(next).await,
                () = tokio::time::sleep(rest) => {}
            }
        };
        tokio::select! {
            () = stopping.cancelled() => false,
            () = reason => true,
        }
    }

    async fn look(&mut self) -> Result<Seen, crate::db::DbError> {
        self.looked = Instant::now();
        self.commits.mark_unchanged();
        let scope = self.card.as_deref().map_or(Scope::Portal, Scope::Document);
        news::look(&self.state.ctx, &self.portal, scope).await
    }

    /// Why the viewer may not listen any more. A portal that does not answer takes nobody's rights away, and gives nothing away either.
    async fn ended(&mut self) -> Option<Code> {
        let (visitor, card) = (self.visitor.as_ref()?, self.card.as_ref()?);
        match seen(&self.state, visitor, &card.document_id).await {
            Ok(fresh) => {
                self.card = Some(fresh);
                None
            }
            Err(problem) if problem.code.status() >= 500 => None,
            Err(problem) => Some(problem.code),
        }
    }
}

fn event(name: &str, told: &serde_json::Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {told}\n\n"))
}
