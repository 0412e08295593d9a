//! Requests with a caller's own token: whose it is, and what it may. They do not wait for our budget, and their errors are the token's.
//!
//! A person waits for the answer. Where our own work has used the portal's budget up, that work pauses and the person's question is asked
//! again in a moment: a limit was told before anything was done.

use super::{ADDRESS_REFUSED, Exchange, is_read, request};
use crate::bitrix::errors::{self, Told};
use crate::bitrix::oauth::{self, AppInfo};
use crate::bitrix::{Bitrix, BitrixError, Command, Observation, RestError, batch};
use crate::domain::clock::MINUTE;
use crate::domain::http::HttpResponse;
use crate::domain::secret::Secret;
use crate::outbound::{OutboundError, Peer};
use serde_json::{Value, json};
use std::time::Duration;

/// How often a question that met the portal's limit is asked again, and after what time: two requests a second are earned
/// (reference/bitrix24.md F.2).
const REPEATS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(600);

/// Why a token was not proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The authorization server is not on the list.
    #[error("authorization server not allowed")]
    HostRefused,
    /// The authorization server does not accept the token.
    #[error("token rejected: {0}")]
    Rejected(String),
    /// No readable answer; ask again later.
    #[error("authorization server unavailable: {0}")]
    Unavailable(String),
}

impl Bitrix {
    /// One call with a caller's own token, for proofs: it may not wait for budget, and its errors are the token's, not the portal's.
    ///
    /// # Errors
    /// [`BitrixError::Refused`] for every error the portal told, `Later` or `Unknown` otherwise.
    pub async fn call_with(
        &self,
        point: &'static str,
        portal: &str,
        endpoint: &str,
        token: &Secret,
        method: &str,
        params: Value,
    ) -> Result<Value, BitrixError> {
        let exchange = Exchange { point, portal, method, params: &params, reads: is_read(method) };
        let mut told = self.ask_with(&exchange, endpoint, token).await;
        for _ in 0..REPEATS {
            let Ok((Told::RequestLimit, _)) = &told else { break };
            tokio::time::sleep(PAUSE).await;
            told = self.ask_with(&exchange, endpoint, token).await;
        }
        let (told, answer) = told?;
        match told {
            Told::Envelope(envelope) => Ok(envelope.get("result").cloned().unwrap_or(Value::Null)),
            Told::RequestLimit => Err(self.later(self.governor.limited(portal, self.asked(&answer)), "request limit")),
            Told::Moved(_) => Err(self.later(self.now() + MINUTE, "the portal has moved")),
            Told::Closed(why) => Err(self.later(self.now() + MINUTE, &why)),
            Told::Broken(why) if !exchange.reads => Err(BitrixError::Unknown { why }),
            Told::Broken(why) => Err(self.later(self.now() + MINUTE, &why)),
            Told::TokenExpired | Told::TokenInvalid(_) | Told::Portal(_) | Told::MethodLimit { .. } | Told::Refused(_) => {
                let body = answer.json().unwrap_or(Value::Null);
                let unread = RestError { status: answer.status, code: String::new(), text: String::new() };
                Err(BitrixError::Refused(RestError::read(answer.status, &body).or_else(|| errors::nested(&body)).unwrap_or(unread)))
            }
        }
    }

    async fn ask_with(&self, exchange: &Exchange<'_>, endpoint: &str, token: &Secret) -> Result<(Told, HttpResponse), BitrixError> {
        self.governor.admit_anyway(exchange.portal);
        let request = request(endpoint, token, exchange.method, exchange.params);
        match self.outbound.send(exchange.point, Peer::Portal, request).await {
            Ok(answer) => Ok((errors::read(&answer), answer)),
            Err(OutboundError::Blocked(text)) => Err(BitrixError::Refused(RestError { status: 0, code: ADDRESS_REFUSED.to_owned(), text })),
            Err(error) => Err(self.without_answer(exchange, error)),
        }
    }

    /// A batch of reads with a caller's own token, as [`Bitrix::call_with`].
    ///
    /// # Errors
    /// As [`Bitrix::call_with`], for all commands together.
    pub async fn batch_with(
        &self,
        point: &'static str,
        portal: &str,
        (endpoint, token): (&str, &Secret),
        commands: &[Command],
    ) -> Result<Vec<Result<Value, RestError>>, BitrixError> {
        let result = self.call_with(point, portal, endpoint, token, "batch", batch::params(commands)).await?;
        Ok(batch::results(&json!({"result": result}), commands))
    }

    /// The trusted `app.info` of a token at its (allow-listed) authorization server.
    ///
    /// # Errors
    /// [`ProofError`].
    pub async fn app_info(&self, server_endpoint: &str, token: &Secret) -> Result<AppInfo, ProofError> {
        let origin = oauth::allowed_origin(server_endpoint, &self.settings.auth_hosts).ok_or(ProofError::HostRefused)?;
        let first = self.outbound.send("proof.app_info", Peer::Authorization, oauth::app_info_request(&origin, token)).await;
        let first = read_proof(first);
        // A server that reads only the documented query answers the body form with "no such" or "no token": ask once as documented.
        let Err(ProofError::Rejected(_)) = first else { return first };
        let again = self.outbound.send("proof.app_info_query", Peer::Authorization, oauth::app_info_query_request(&origin, token)).await;
        read_proof(again)
    }
}

fn read_proof(answer: Result<HttpResponse, OutboundError>) -> Result<AppInfo, ProofError> {
    let answer = answer.map_err(|error| ProofError::Unavailable(error.to_string()))?;
    match errors::read(&answer) {
        Told::Envelope(envelope) => {
            let result = envelope.get("result").cloned().unwrap_or(json!({}));
            match oauth::read_app_info(&result) {
                Some(info) if !info.member_id.is_empty() => Ok(info),
                _ => Err(ProofError::Rejected("the answer names no installation".to_owned())),
            }
        }
        Told::RequestLimit | Told::MethodLimit { .. } => Err(ProofError::Unavailable("limit".to_owned())),
        Told::Broken(why) => Err(ProofError::Unavailable(why)),
        Told::Closed(why) if answer.status >= 500 || answer.is_success() => Err(ProofError::Unavailable(why)),
        Told::Closed(why) => Err(ProofError::Rejected(why)),
        Told::Moved(_) => Err(ProofError::Unavailable("redirected".to_owned())),
        Told::TokenExpired => Err(ProofError::Rejected("EXPIRED_TOKEN".to_owned())),
        Told::TokenInvalid(why) => Err(ProofError::Rejected(why)),
        Told::Portal(Observation::Paused(why)) => Err(ProofError::Rejected(why)),
        Told::Portal(observation) => Err(ProofError::Rejected(format!("{observation:?}"))),
        Told::Refused(error) => Err(ProofError::Rejected(error.line())),
    }
}
