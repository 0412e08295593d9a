//! Who calls the API: the operator with the configured token, or a page of a portal with its own. Compared in constant time.
//!
//! [`Operator`] may manage the portal that the path names: the operator, and pages of that portal's administrators. [`Access`] lets
//! every page of the portal in; the handler then narrows what an employee sees to the document the page stands in.

use super::State;
use super::problem::{Code, Problem};
use crate::flow::page_session::{self, Visitor};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

/// Routes without a portal in their path that pages may call too.
const SHARED: [&str; 1] = ["/api/v1/channel-kinds"];

/// Proof, by its existence as a handler's argument, that the caller may manage the portal of the path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operator;

/// Whoever may read something of the portal of the path.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// The operator: everything.
    Operator,
    /// A page with its viewer's rights.
    Page(Box<Visitor>),
}

impl Access {
    /// Whether everything of the portal may be seen.
    pub(super) fn whole_portal(&self) -> bool {
        match self {
            Self::Operator => true,
            Self::Page(visitor) => visitor.admin,
        }
    }

    /// The page, when one asks.
    pub(super) fn page(&self) -> Option<&Visitor> {
        match self {
            Self::Operator => None,
            Self::Page(visitor) => Some(visitor),
        }
    }

    /// Checks that a row of this document may be seen.
    ///
    /// # Errors
    /// `rights_missing`.
    pub(super) fn may_see(&self, document_id: Option<&str>) -> Result<(), Problem> {
        let own = self.page().and_then(|visitor| visitor.document.as_deref());
        if self.whole_portal() || (own.is_some() && own == document_id) { Ok(()) } else { Err(Problem::new(Code::RightsMissing)) }
    }

    /// The document that a list is narrowed to: the one asked for when it may be seen, else the page's own.
    ///
    /// # Errors
    /// `rights_missing` for an employee's page that stands in no document, or asks for another one.
    pub(super) fn narrowed(&self, asked: Option<String>) -> Result<Option<String>, Problem> {
        if self.whole_portal() {
            return Ok(asked);
        }
        let own = self.page().and_then(|visitor| visitor.document.clone()).ok_or_else(|| Problem::new(Code::RightsMissing))?;
        if asked.as_ref().is_some_and(|asked| *asked != own) { Err(Problem::new(Code::RightsMissing)) } else { Ok(Some(own)) }
    }
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let shared = request.match_pattern().is_some_and(|pattern| SHARED.contains(&pattern.as_str()));
        let access = access(request);
        async move {
            let access = access.await?;
            if access.whole_portal() || shared { Ok(Self) } else { Err(Problem::new(Code::RightsMissing)) }
        }
        .boxed_local()
    }
}

impl FromRequest for Access {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        access(request)
    }
}

/// What a request needs to be judged, copied out: the request itself must not be held while we wait.
struct Shown {
    token: String,
    /// Portal of the path.
    portal: Option<String>,
    /// A route that pages may call without one.
    shared: bool,
}

fn access(request: &HttpRequest) -> LocalBoxFuture<'static, Result<Access, Problem>> {
    let state = request.app_data::<Data<State>>().cloned();
    let shown = Shown {
        token: bearer(request).unwrap_or_default().to_owned(),
        portal: request.match_info().get("member_id").map(str::to_owned),
        shared: request.match_pattern().is_some_and(|pattern| SHARED.contains(&pattern.as_str())),
    };
    async move {
        let state = state.ok_or_else(|| Problem::new(Code::Internal))?;
        check(&state, shown).await
    }
    .boxed_local()
}

async fn check(state: &State, shown: Shown) -> Result<Access, Problem> {
    if let Some(portal) = page_session::portal_of(&shown.token) {
        let here = shown.portal.as_deref().map_or(shown.shared, |wanted| wanted == portal);
        let visitor = page_session::find(&state.ctx, &shown.token).await?.ok_or_else(|| Problem::new(Code::Unauthorized))?;
        // Another portal does not exist for a page.
        return if here { Ok(Access::Page(Box::new(visitor))) } else { Err(Problem::new(Code::PortalUnknown)) };
    }
    if state.operator_token.is_empty() {
        return Err(Problem::new(Code::ApiOff));
    }
    if state.operator_token.matches(&shown.token) { Ok(Access::Operator) } else { Err(Problem::new(Code::Unauthorized)) }
}

/// The token of `Authorization: Bearer …`; the scheme's name has no case.
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
