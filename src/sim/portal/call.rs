//! One REST call as its method sees it, and what the method gives back.

use super::error::Refusal;
use super::params::Params;
use super::queue::Post;
use super::rights::Caller;
use super::simulation::Core;
use crate::domain::clock::Ms;
use serde_json::Value;
use std::time::Duration;

/// The call.
pub(crate) struct Call<'a> {
    pub(crate) core: &'a Core,
    pub(crate) caller: &'a Caller,
    pub(crate) params: Params,
    pub(crate) now: Ms,
}

impl Call<'_> {
    /// The application behind the token; webhooks have none.
    pub(crate) fn app(&self, refusal: fn() -> Refusal) -> Result<String, Refusal> {
        self.caller.client_id.clone().ok_or_else(refusal)
    }

    /// The caller is a portal administrator.
    pub(crate) fn admin(&self, text: &str) -> Result<(), Refusal> {
        if self.caller.admin { Ok(()) } else { Err(Refusal::denied(text)) }
    }

    /// A required integer of a newer method.
    pub(crate) fn need_int(&self, name: &str) -> Result<i64, Refusal> {
        let value = self.params.get(name).ok_or_else(|| Refusal::missing(name))?;
        super::params::as_int(value).ok_or_else(|| {
            Refusal::bad("100", format!("Invalid value {{{value}}} to match with parameter {{{name}}}. Should be value of type int."))
        })
    }

    /// The caller may see the CRM.
    pub(crate) fn crm(&self) -> Result<(), Refusal> {
        if self.caller.crm { Ok(()) } else { Err(Refusal::bad("ACCESS_DENIED", "Access denied")) }
    }
}

/// A success.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) result: Value,
    pub(crate) total: Option<usize>,
    pub(crate) next: Option<usize>,
    /// Deliveries this call caused; they leave before the answer.
    pub(crate) posts: Vec<Post>,
    /// Real time the work takes.
    pub(crate) takes: Duration,
}

impl Reply {
    pub(crate) fn of(result: impl Into<Value>) -> Self {
        Self { result: result.into(), ..Self::default() }
    }

    pub(crate) fn posting(mut self, posts: Vec<Post>) -> Self {
        self.posts = posts;
        self
    }

    /// One page of fifty from the offset `start`; a negative one switches counting off (reference/bitrix24.md E.7).
    pub(crate) fn page(rows: Vec<Value>, start: i64, wrap: impl FnOnce(Vec<Value>) -> Value) -> Self {
        const PAGE: usize = 50;
        let total = rows.len();
        let offset = usize::try_from(start).unwrap_or(0);
        let page: Vec<Value> = rows.into_iter().skip(offset).take(PAGE).collect();
        let next = offset + page.len();
        let counted = start >= 0;
        Self {
            result: wrap(page),
            total: Some(if counted { total } else { 0 }),
            next: (counted && next < total).then_some(next),
            ..Self::default()
        }
    }
}

/// `WRONG_AUTH_TYPE`, the refusal of placements and connectors without an application.
pub(crate) fn wrong_auth_type() -> Refusal {
    Refusal::new(403, "WRONG_AUTH_TYPE", "Current authorization type is denied for this method Application context required")
}

/// `ACCESS_DENIED` in the words of bizproc.
pub(crate) fn no_application() -> Refusal {
    Refusal::denied("Application context required")
}

/// `ACCESS_DENIED` in the words of `app.info`.
pub(crate) fn no_application_here() -> Refusal {
    Refusal::denied("Access denied! Application context required")
}
