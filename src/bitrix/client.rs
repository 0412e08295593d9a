//! The REST client: one exchange with a portal, and what its answer proves.
//!
//! A call leaves only with a token and with budget; otherwise nothing is sent and the caller is told when to come again.
//! It is repeated here only when the portal certainly did not run it: an ended token (once) and a proven move (once).
//! Anything that may have run is `Unknown`; whether to repeat that is the flow's decision.

mod proof;

pub use proof::ProofError;

use super::batch;
use super::errors::{self, Told};
use super::governor::Governor;
use super::oauth;
use super::{Access, Bitrix, BitrixError, BitrixSettings, Command, Observation, RestError, TokenStore};
use crate::domain::clock::{Clock, MINUTE, Ms, from_wire_time};
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::secret::Secret;
use crate::outbound::{Outbound, OutboundError, Peer, retry_after_ms};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Instant;

/// The method whose duration decides how many answers ride in one batch.
const ANSWER_METHOD: &str = "bizproc.event.send";

/// Our own code for an address that the guard refused; nothing was contacted.
pub const ADDRESS_REFUSED: &str = "ADDRESS_REFUSED";

/// What is known of one exchange while it is judged.
struct Exchange<'a> {
    point: &'static str,
    portal: &'a str,
    method: &'a str,
    params: &'a Value,
    /// May be repeated freely.
    reads: bool,
}

/// Whether a method changes nothing at the portal.
fn is_read(method: &str) -> bool {
    let method = method.to_ascii_lowercase();
    let last = method.rsplit('.').next().unwrap_or_default();
    matches!(last, "get" | "list" | "fields" | "info" | "instances" | "types" | "getlist" | "getchildren" | "findbycomm")
        || matches!(method.as_str(), "profile" | "scope" | "methods" | "events" | "server.time" | "user.current" | "user.admin")
}

fn request(endpoint: &str, token: &Secret, method: &str, params: &Value) -> HttpRequest {
    let mut body = match params {
        Value::Object(map) => map.clone(),
        _ => Map::new(),
    };
    body.insert("auth".to_owned(), Value::String(token.expose().to_owned()));
    let base = if endpoint.ends_with('/') { endpoint.to_owned() } else { format!("{endpoint}/") };
    let mut request = HttpRequest::new(Method::Post, format!("{base}{method}"));
    request.headers.push(("accept".to_owned(), "application/json".to_owned()));
    request.headers.push(("user-agent".to_owned(), concat!("courier24/", env!("CARGO_PKG_VERSION")).to_owned()));
    request.body = Body::Json(Value::Object(body));
    request
}

impl Bitrix {
    /// Puts the client together; buckets start full.
    pub fn new(outbound: Outbound, clock: Arc<dyn Clock>, tokens: Arc<dyn TokenStore>, settings: BitrixSettings) -> Self {
        let governor = Governor::new(Arc::clone(&clock), settings.rate, settings.burst, settings.shard_of);
        Self { outbound, clock, tokens, settings: Arc::new(settings), governor: Arc::new(governor) }
    }

    /// The token store, for jobs that look after tokens.
    pub fn tokens(&self) -> &Arc<dyn TokenStore> {
        &self.tokens
    }

    /// A shard came from another process: its portals start with an empty bucket, since what it spent is not known.
    pub fn start_empty(&self, shard: i64) {
        self.governor.start_empty(shard);
    }

    /// How long a portal's budget takes to grow by so many requests; it never holds more than a burst of them.
    pub fn time_of(&self, requests: usize) -> Ms {
        self.governor.time_of(requests)
    }

    /// How many `bizproc.event.send` fit into one batch for this portal: clamp(5 s / measured median, 1, 50).
    pub fn answer_batch_size(&self, portal: &str) -> usize {
        self.governor.answer_batch_size(portal)
    }

    /// One call with the portal's token. `point` names the wire call for the crash tests. Returns `result`.
    ///
    /// # Errors
    /// [`BitrixError`]: `Budget` and `Later` mean that nothing happened; `Unknown` only for methods that write.
    pub async fn call(&self, point: &'static str, portal: &str, method: &str, params: Value) -> Result<Value, BitrixError> {
        let started = Instant::now();
        let exchange = Exchange { point, portal, method, params: &params, reads: is_read(method) };
        let envelope = self.exchange(&exchange, std::iter::once(method)).await?;
        self.note_time(portal, method, envelope.get("time"), wall_ms(started));
        Ok(envelope.get("result").cloned().unwrap_or(Value::Null))
    }

    /// Up to 50 commands in one request, results in the order of the commands. A command that the reply does not mention
    /// ends in [`batch::NO_RESULT`]; commands refused for a limit pause the portal or their method as a plain call would.
    ///
    /// # Errors
    /// As [`Bitrix::call`], for all commands together; `Unknown` when any of them writes.
    pub async fn batch(
        &self,
        point: &'static str,
        portal: &str,
        commands: &[Command],
    ) -> Result<Vec<Result<Value, RestError>>, BitrixError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        if commands.len() > batch::MAX_COMMANDS {
            let text = format!("{} commands in one batch", commands.len());
            return Err(BitrixError::Refused(RestError { status: 0, code: "ERROR_BATCH_LENGTH_EXCEEDED".to_owned(), text }));
        }
        let started = Instant::now();
        let params = batch::params(commands);
        let reads = commands.iter().all(|command| is_read(&command.method));
        let exchange = Exchange { point, portal, method: "batch", params: &params, reads };
        let envelope = self.exchange(&exchange, commands.iter().map(|command| command.method.as_str())).await?;
        let results = batch::results(&envelope, commands);
        let share = wall_ms(started) / i64::try_from(commands.len()).unwrap_or(1);
        for (command, result) in commands.iter().zip(&results) {
            match result {
                Ok(_) => self.note_time(portal, &command.method, batch::time(&envelope, command), share),
                Err(error) => self.note_limit(portal, &command.method, error),
            }
        }
        Ok(results)
    }

    fn now(&self) -> Ms {
        self.clock.now()
    }

    fn asked(&self, answer: &HttpResponse) -> Option<Ms> {
        retry_after_ms(answer, self.now())
    }

    fn later(&self, at: Ms, why: &str) -> BitrixError {
        BitrixError::Later { at: at.max(self.now()), why: why.to_owned() }
    }

    async fn exchange<'m>(&self, exchange: &Exchange<'m>, methods: impl Iterator<Item = &'m str>) -> Result<Value, BitrixError> {
        let portal = exchange.portal;
        let mut access = self.tokens.access(portal).await?;
        self.governor.admit(portal, methods.chain(std::iter::once(exchange.method))).map_err(|at| BitrixError::Budget { at })?;
        let (mut refreshed, mut moved) = (false, false);
        loop {
            let request = request(&access.client_endpoint, &access.access_token, exchange.method, exchange.params);
            let answer = match self.outbound.send(exchange.point, Peer::Portal, request).await {
                Ok(answer) => answer,
                Err(error) => return Err(self.without_answer(exchange, error)),
            };
            match errors::read(&answer) {
                Told::Envelope(envelope) if expired_inside(&envelope) && !refreshed => {
                    access = self.tokens.refresh(portal, access.version).await?;
                    refreshed = true;
                }
                Told::Envelope(envelope) => {
                    self.governor.answered(portal);
                    return Ok(envelope);
                }
                Told::TokenExpired | Told::TokenInvalid(_) if !refreshed => {
                    access = self.tokens.refresh(portal, access.version).await?;
                    refreshed = true;
                }
                Told::Moved(location) if !moved => {
                    self.follow(portal, &mut access, &location).await?;
                    moved = true;
                }
                told => return Err(self.judge(exchange, &access, told, &answer).await),
            }
            self.governor.admit_anyway(portal);
        }
    }

    /// Everything but success and the two repeats.
    async fn judge(&self, exchange: &Exchange<'_>, access: &Access, told: Told, answer: &HttpResponse) -> BitrixError {
        let portal = exchange.portal;
        match told {
            Told::RequestLimit => self.later(self.governor.limited(portal, self.asked(answer)), "request limit"),
            Told::MethodLimit { reset_at } => {
                self.later(self.governor.method_blocked(portal, exchange.method, reset_at), "operating time limit")
            }
            Told::Closed(why) => self.later(self.governor.failing(portal, self.asked(answer)), &why),
            Told::Broken(why) => {
                let at = self.governor.failing(portal, self.asked(answer));
                if exchange.reads { self.later(at, &why) } else { BitrixError::Unknown { why } }
            }
            Told::Moved(_) => self.later(self.governor.failing(portal, None), "redirected twice"),
            Told::TokenExpired => self.lost(portal, access, "token expires at once").await,
            Told::TokenInvalid(why) => self.lost(portal, access, &why).await,
            Told::Portal(observation) => {
                let error = observation.as_token_error();
                self.tokens.observed(portal, access.version, observation).await;
                BitrixError::Token(error)
            }
            Told::Refused(error) => {
                self.governor.answered(portal);
                BitrixError::Refused(error)
            }
            Told::Envelope(_) => BitrixError::Unknown { why: "every command says that the token ended".to_owned() },
        }
    }

    async fn lost(&self, portal: &str, access: &Access, why: &str) -> BitrixError {
        let observation = Observation::AuthLost(why.to_owned());
        let error = observation.as_token_error();
        self.tokens.observed(portal, access.version, observation).await;
        BitrixError::Token(error)
    }

    fn without_answer(&self, exchange: &Exchange<'_>, error: OutboundError) -> BitrixError {
        match error {
            OutboundError::Blocked(why) => self.later(self.now() + 5 * MINUTE, &format!("address refused: {why}")),
            OutboundError::NotSent(why) => self.later(self.governor.failing(exchange.portal, None), &why),
            OutboundError::NoAnswer(why) => {
                let at = self.governor.failing(exchange.portal, None);
                if exchange.reads { self.later(at, &why) } else { BitrixError::Unknown { why } }
            }
            OutboundError::TooLarge if exchange.reads => BitrixError::Refused(RestError {
                status: 0,
                code: "ANSWER_TOO_LARGE".to_owned(),
                text: "the portal's answer is larger than we read".to_owned(),
            }),
            OutboundError::TooLarge => BitrixError::Unknown { why: "answer too large".to_owned() },
        }
    }

    /// A renamed portal: the new address is believed only when the authorization server says that this token's portal lives there.
    async fn follow(&self, portal: &str, access: &mut Access, location: &str) -> Result<(), BitrixError> {
        let refuse = |why: &str| {
            tracing::warn!(portal.id = portal, why, "redirect not followed");
            Err(self.later(self.governor.failing(portal, None), why))
        };
        let target = url::Url::parse(&access.client_endpoint).and_then(|base| base.join(location)).ok();
        let Some(target) = target.and_then(|url| oauth::origin(url.as_str())) else { return refuse("redirect to no address") };
        if target.starts_with("http://") && !self.settings.allow_private {
            return refuse("redirect to http");
        }
        if oauth::origin(&access.client_endpoint).as_deref() == Some(target.as_str()) {
            return refuse("redirect to the same address");
        }
        let info = match self.app_info(&access.server_endpoint, &access.access_token).await {
            Err(ProofError::Rejected(_)) => {
                // The old address redirects before it looks at the token, which may have ended.
                *access = self.tokens.refresh(portal, access.version).await?;
                self.app_info(&access.server_endpoint, &access.access_token).await
            }
            other => other,
        };
        let info = match info {
            Ok(info) => info,
            Err(error) => return refuse(&format!("redirect not proven: {error}")),
        };
        let proven = info.endpoint(self.settings.allow_private);
        if info.member_id != portal || proven.as_deref().and_then(oauth::authority) != oauth::authority(&target) {
            return refuse("redirect to an address that is not this portal's");
        }
        access.client_endpoint = oauth::endpoint(&target);
        self.tokens.renamed(portal, &access.client_endpoint).await;
        Ok(())
    }

    fn note_time(&self, portal: &str, method: &str, time: Option<&Value>, wall_ms: Ms) {
        let told = |key: &str| time.and_then(|time| time.get(key)).and_then(Value::as_f64);
        if let (Some(operating), Some(reset)) = (told("operating"), time.and_then(|time| time.get("operating_reset_at"))) {
            self.governor.spent(portal, method, operating, reset.as_i64().map_or(0, from_wire_time));
        }
        if method.eq_ignore_ascii_case(ANSWER_METHOD) {
            let duration = told("duration").map_or(wall_ms, |seconds| milliseconds(seconds).unwrap_or(wall_ms));
            self.governor.answer_took(portal, duration);
        }
    }

    fn note_limit(&self, portal: &str, method: &str, error: &RestError) {
        match error.code.as_str() {
            "OPERATION_TIME_LIMIT" => {
                self.governor.method_blocked(portal, method, None);
            }
            "QUERY_LIMIT_EXCEEDED" => {
                self.governor.limited(portal, None);
            }
            _ => {}
        }
    }
}

fn wall_ms(started: Instant) -> Ms {
    Ms::try_from(started.elapsed().as_millis()).unwrap_or(Ms::MAX)
}

fn milliseconds(seconds: f64) -> Option<Ms> {
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    Ms::try_from(duration.as_millis()).ok()
}

/// A batch in which every command says that the token ended: none of them ran.
fn expired_inside(envelope: &Value) -> bool {
    let Some(Value::Object(errors)) = envelope.pointer("/result/result_error") else { return false };
    let results = envelope.pointer("/result/result").map(super::form::list).unwrap_or_default();
    results.is_empty()
        && !errors.is_empty()
        && errors.values().all(|error| RestError::read(200, error).is_some_and(|error| error.code == "EXPIRED_TOKEN"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_and_writes_are_told_apart() {
        for method in
            ["crm.item.get", "bizproc.robot.list", "event.get", "profile", "app.info", "crm.duplicate.findbycomm", "CRM.Deal.List"]
        {
            assert!(is_read(method), "{method}");
        }
        for method in ["bizproc.event.send", "bizproc.robot.add", "crm.item.update", "event.bind", "im.notify.system.add"] {
            assert!(!is_read(method), "{method}");
        }
    }

    #[test]
    fn a_batch_of_ended_tokens_did_not_run() {
        let expired = json!({"error": "expired_token"});
        assert!(expired_inside(&json!({"result": {"result": [], "result_error": {"a": expired, "b": expired}}})));
        assert!(!expired_inside(&json!({"result": {"result": {"a": true}, "result_error": {"b": expired}}})));
        assert!(!expired_inside(&json!({"result": {"result": [], "result_error": []}})));
    }
}
