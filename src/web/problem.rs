//! Errors as RFC 9457 problem documents with a stable `code`; the words come from `locales` and say what to do next.
//!
//! A handler returns a [`Problem`]; the language and the request id are put in by `observe`, the one place that knows the request.
//! Never carries a secret, a body or the text of a database error: those go to the log.

use super::observe::RequestId;
use crate::db::DbError;
use crate::domain::refusal::Refusal;
use crate::flow::install::InstallRefusal;
use crate::flow::results::refusal_text;
use crate::i18n;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $word:literal;)*) => {
        /// The closed list of codes; each has `problem-CODE` and `problem-CODE-next` in every locale.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word of the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// No such route.
    RouteUnknown = 404 "route_unknown";
    /// The route exists for other methods.
    MethodNotAllowed = 405 "method_not_allowed";
    /// No or wrong bearer token.
    Unauthorized = 401 "unauthorized";
    /// No operator token is configured.
    ApiOff = 401 "api_off";
    /// The page's viewer may not do this.
    RightsMissing = 403 "rights_missing";
    /// CRM does not show this document to the page's viewer.
    DocumentHidden = 403 "document_hidden";
    /// The portal did not answer the page's question.
    PortalSilent = 503 "portal_silent";
    /// No portal with that member id.
    PortalUnknown = 404 "portal_unknown";
    /// The portal removed the application.
    PortalUninstalled = 409 "portal_uninstalled";
    /// No such row in this portal.
    NotFound = 404 "not_found";
    /// A cursor that was not given by this list.
    CursorInvalid = 400 "cursor_invalid";
    /// A query parameter has a wrong value.
    QueryInvalid = 400 "query_invalid";
    /// The JSON body does not have the shape asked for.
    BodyInvalid = 400 "body_invalid";
    /// The body is larger than this route takes.
    BodyTooLarge = 413 "body_too_large";
    /// The body did not arrive whole or in time.
    BodyIncomplete = 400 "body_incomplete";
    /// The form or JSON cannot be read.
    Unparsable = 400 "unparsable";
    /// The sender is not who it says.
    Forged = 403 "forged";
    /// The portal keeps as many files that wait for a message as it may.
    FilesTooMany = 429 "files_too_many";
    /// Install: no tokens in the request.
    InstallTokensMissing = 401 "install_tokens_missing";
    /// Install: an authorization server that is not on our list.
    InstallHostRefused = 403 "install_host_refused";
    /// The token shown is not accepted.
    InstallTokenRejected = 401 "install_token_rejected";
    /// The token belongs to another application.
    InstallOtherApplication = 403 "install_other_application";
    /// The token belongs to another portal.
    InstallOtherPortal = 403 "install_other_portal";
    /// Only an administrator may install.
    InstallNotAdmin = 403 "install_not_admin";
    /// The proven address may not be contacted.
    InstallAddressRefused = 403 "install_address_refused";
    /// The application is not installed in that portal.
    InstallUnknownPortal = 403 "install_unknown_portal";
    /// Nobody could say; nothing was stored.
    InstallUnavailable = 503 "install_unavailable";
    /// The application's own keys are not configured.
    NotConfigured = 503 "not_configured";
    /// A webhook address that was never given out.
    HookUnknown = 404 "hook_unknown";
    /// Nothing was stored; the sender should repeat.
    NotCommitted = 503 "not_committed";
    /// A channel setting was refused.
    SettingInvalid = 422 "setting_invalid";
    /// A rule of the robot refuses the follow-up; `params.code` names it.
    FollowUpRefused = 422 "follow_up_refused";
    /// No provider of that kind.
    KindUnknown = 422 "kind_unknown";
    /// A message was refused by one of the rules of sending; the document carries the rule's own code.
    MessageRefused = 422 "message_refused";
    /// The idempotency key was used with another body.
    IdempotencyConflict = 409 "idempotency_conflict";
    /// Not a usable idempotency key.
    IdempotencyKeyInvalid = 400 "idempotency_key_invalid";
    /// The message is not one that may be sent once more.
    NotResendable = 409 "not_resendable";
    /// The message's outcome is no open question.
    OutcomeKnown = 409 "outcome_known";
    /// The message was sent once more already.
    AlreadyResent = 409 "already_resent";
    /// A quick reply of that name exists.
    QuickReplyExists = 409 "quick_reply_exists";
    /// A quick reply that settings name.
    QuickReplyUsed = 409 "quick_reply_used";
    /// The portal could not be asked for facts.
    PortalUnreachable = 502 "portal_unreachable";
    /// The provider has no template list.
    TemplatesUnsupported = 409 "templates_unsupported";
    /// No phone is linked to channels of this kind.
    PairingUnsupported = 409 "pairing_unsupported";
    /// Channels of this kind have no business profile here.
    ProfileUnsupported = 409 "profile_unsupported";
    /// The provider refused, in its words.
    ProviderRefused = 502 "provider_refused";
    /// The provider was not reached or did not answer.
    ProviderUnreachable = 502 "provider_unreachable";
    /// The file's address is wrong or its time is over.
    MediaGone = 404 "media_gone";
    /// The asked part of a file does not exist.
    RangeInvalid = 416 "range_invalid";
    /// Something below does not answer.
    NotReady = 503 "not_ready";
    /// A mistake of ours.
    Internal = 500 "internal";
}

/// What went wrong, and the values its text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code.
    pub code: Code,
    /// Arguments of the text.
    pub args: BTreeMap<String, String>,
    /// A refusal of sending: its own code and words stand in the document.
    pub refusal: Option<Box<Refusal>>,
    /// `Retry-After`, seconds.
    pub retry_after: Option<u32>,
    /// `Allow`, for a method that is not.
    pub allow: Option<&'static str>,
}

/// The document as sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// `urn:courier24:problem:CODE`.
    #[serde(rename = "type")]
    kind: String,
    /// What went wrong, in the reader's language.
    title: String,
    /// HTTP status.
    status: u16,
    /// Stable code.
    code: &'static str,
    /// What to do next, in the reader's language.
    detail: String,
    /// Found again in the log.
    request_id: String,
    /// Values that the text names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<String, String>,
}

impl Problem {
    /// A problem without arguments.
    pub fn new(code: Code) -> Self {
        Self { code, args: BTreeMap::new(), refusal: None, retry_after: None, allow: None }
    }

    /// Adds a value that the text names.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.args.insert(name.to_owned(), value.into());
        self
    }

    /// A message that a rule of sending refused.
    pub fn of_refusal(refusal: Refusal) -> Self {
        Self { refusal: Some(Box::new(refusal)), ..Self::new(Code::MessageRefused) }
    }

    /// The row of this kind does not exist here.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound).with("what", what)
    }

    /// Nothing was committed; the sender may repeat after a moment.
    pub fn not_committed() -> Self {
        Self { retry_after: Some(5), ..Self::new(Code::NotCommitted) }
    }

    /// A body that cannot be read. The reason names a field or a limit, never a value.
    pub(super) fn unparsable(reason: &impl std::fmt::Display) -> Self {
        Self::new(Code::Unparsable).with("reason", reason.to_string())
    }

    /// A refused installation or page.
    pub(super) fn of_install(refusal: &InstallRefusal) -> Self {
        match refusal {
            InstallRefusal::TokensMissing => Self::new(Code::InstallTokensMissing),
            InstallRefusal::HostRefused => Self::new(Code::InstallHostRefused),
            InstallRefusal::TokenRejected(_) => Self::new(Code::InstallTokenRejected),
            InstallRefusal::OtherApplication => Self::new(Code::InstallOtherApplication),
            InstallRefusal::OtherPortal => Self::new(Code::InstallOtherPortal),
            InstallRefusal::NotAdmin => Self::new(Code::InstallNotAdmin),
            InstallRefusal::EndpointRefused(_) => Self::new(Code::InstallAddressRefused),
            InstallRefusal::UnknownPortal => Self::new(Code::InstallUnknownPortal),
            InstallRefusal::Unavailable(_) => Self { retry_after: Some(30), ..Self::new(Code::InstallUnavailable) },
        }
    }

    /// Locale key of what went wrong; with `-next` of what to do.
    pub(super) fn text_key(&self) -> String {
        format!("problem-{}", self.code.as_str().replace('_', "-"))
    }

    /// The answer in one language.
    pub fn render(&self, lang: &str, request_id: &RequestId) -> HttpResponse {
        let key = self.text_key();
        let refusal = self.refusal.as_deref();
        let code = refusal.map_or(self.code.as_str(), |refusal| refusal.code.as_str());
        let told = |refusal: &Refusal| refusal_text(lang, refusal);
        let document = ProblemDocument {
            kind: format!("urn:courier24:problem:{code}"),
            title: i18n::text(lang, &key, &self.args),
            status: self.code.status(),
            code,
            detail: refusal.map_or_else(|| i18n::text(lang, &format!("{key}-next"), &self.args), told),
            request_id: request_id.to_string(),
            params: self.args.clone(),
        };
        let mut answer = HttpResponse::build(self.status_code());
        answer.content_type("application/problem+json").insert_header((header::CONTENT_LANGUAGE, lang.to_owned()));
        answer.insert_header((header::VARY, "Accept-Language"));
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(methods) = self.allow {
            answer.insert_header((header::ALLOW, methods));
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        answer.body(serde_json::to_string(&document).unwrap_or_default())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Replaced by `observe` with the rendered document.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        tracing::error!(error = %error, "the database failed a request");
        match error {
            DbError::Corrupt(_) => Self::new(Code::Internal),
            DbError::Duplicate | DbError::Failed(_) => Self { retry_after: Some(5), ..Self::new(Code::NotReady) },
        }
    }
}

/// What the framework itself refused, in our words.
pub(super) fn of_framework(status: StatusCode) -> Problem {
    Problem::new(match status {
        StatusCode::NOT_FOUND => Code::RouteUnknown,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::RANGE_NOT_SATISFIABLE => Code::RangeInvalid,
        status if status.is_client_error() => Code::Unparsable,
        _ => Code::Internal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_says_what_to_do_in_every_language() {
        for code in Code::ALL {
            let key = Problem::new(*code).text_key();
            for lang in i18n::LANGUAGES {
                for key in [key.clone(), format!("{key}-next")] {
                    assert_ne!(i18n::text(lang, &key, &BTreeMap::new()), key, "{lang}");
                }
            }
        }
    }
}
