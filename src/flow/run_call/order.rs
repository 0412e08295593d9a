//! Messages that a page or script orders: decided by the same path as a robot call, at once and in one commit.
//!
//! An order is kept as a call of its own (without a process to answer), so the journal, the gate, holding, write-backs and retention are
//! those of robots. A crash before the commit leaves nothing, the caller repeats; after it, the order is known by its idempotency key.

use super::{Case, Ending, Letter, keep};
use crate::catalog::operation::{OnClosedWindow, Operation, WaitFor};
use crate::db::entity::{api_send, message, resend, robot_call};
use crate::db::store::accepted::{self, NewCall};
use crate::db::store::portal::PortalStatus;
use crate::db::store::{api_send as orders, call, conversation as conversations, message as messages};
use crate::db::{DbError, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::content::Content;
use crate::domain::document::CrmItem;
use crate::domain::identity::Identity;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;
use crate::flow::consent::Standings;
use crate::flow::desk::Desk;
use crate::flow::gate::{self, Question};
use crate::flow::phones::BSUID;
use crate::flow::results::WindowView;
use crate::flow::{Ctx, JobError};
use serde_json::{Map, Value, json};

/// Robots by the words of reference/whatsapp.md 1.1; a robot's own code is understood as well.
const KINDS: [(&str, &str); 16] = [
    ("text", "send_text"),
    ("template", "send_template"),
    ("buttons", "send_buttons"),
    ("list", "send_list"),
    ("cta_url", "send_link"),
    ("link", "send_link"),
    ("file", "send_file"),
    ("image", "send_file"),
    ("video", "send_file"),
    ("audio", "send_file"),
    ("voice", "send_file"),
    ("document", "send_file"),
    ("sticker", "send_file"),
    ("contacts", "send_contact"),
    ("location", "send_location"),
    ("location_request", "request_location"),
];

/// What is stored together with an order.
#[derive(Debug)]
pub(super) struct Birth {
    call: NewCall,
    key: Option<api_send::Model>,
    resend: Option<resend::Model>,
}

/// Stores it.
pub(super) async fn born(tx: &Tx, birth: &Birth) -> DbResult<()> {
    if let Some(key) = &birth.key {
        orders::take(tx, key.clone()).await?;
    }
    if let Some(resend) = &birth.resend {
        orders::put_resend(tx, resend.clone()).await?;
    }
    accepted::insert_calls(&**tx, &[&birth.call]).await.map(drop)
}

/// A key under which a request may be repeated, with a hash of the request.
#[derive(Debug, Clone)]
pub struct Key {
    /// The caller's key.
    pub key: String,
    /// The whole request in one canonical text.
    pub request: String,
}

/// Whom to.
#[derive(Debug, Clone)]
pub enum To {
    /// A number, however it is written.
    Phone(String),
    /// A business-scoped id.
    Bsuid(String),
    /// `DEAL_512`: its client.
    Document(String),
}

/// A message to send.
#[derive(Debug, Clone)]
pub struct Order {
    /// Kind of message, or a robot's code.
    pub kind: String,
    /// Whom to.
    pub to: To,
    /// The document it is about, where `to` does not say it: `DEAL_512`.
    pub document: Option<String>,
    /// The user of the portal who ordered it.
    pub user: Option<String>,
    /// Properties as the robot has them, `channel` among them.
    pub properties: Map<String, Value>,
    /// For repeats.
    pub key: Option<Key>,
}

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// A rule of sending says no; the journal keeps it.
    #[error("refused: {}", .0.rule)]
    Refused(Box<Refusal>),
    /// The request itself is wrong.
    #[error("{field}: {reason}")]
    Invalid {
        /// Where.
        field: String,
        /// Why.
        reason: &'static str,
    },
    /// The key belongs to another request.
    #[error("idempotency key of another request")]
    Conflict,
    /// No such portal, or uninstalled.
    #[error("no such portal")]
    PortalGone,
    /// No such message.
    #[error("no such message")]
    NotFound,
    /// The message is not one to be sent once more: its status.
    #[error("not to be sent once more")]
    NotResendable(String),
    /// It was sent once more already: the call.
    #[error("sent once more already")]
    AlreadyResent(String),
    /// The portal cannot tell its facts now.
    #[error("facts not available: {0}")]
    Later(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Refusal> for OrderError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// Sends a message; returns its rows in sending order.
///
/// # Errors
/// [`OrderError`].
pub async fn send(ctx: &Ctx, portal: &str, order: Order) -> Result<Vec<message::Model>, OrderError> {
    let now = ctx.clock.now();
    let key = order.key.as_ref().map(|key| marked(ctx, portal, key, now));
    if let Some(told) = replay(ctx, portal, key.as_ref(), now).await? {
        return told;
    }
    let (code, properties) = robot(ctx, &order)?;
    let document = match &order.to {
        To::Document(id) => Some(id.as_str()),
        To::Phone(_) | To::Bsuid(_) => order.document.as_deref(),
    };
    let call = call_row(ctx, portal, (&code, document, order.user.clone()), Value::Object(properties), now)?;
    let key = key.map(|key| api_send::Model { call_id: call.id.clone(), ..key });
    let mut desk = desk(ctx, portal).await?;
    let mut case = Case::new(None, row_of(&call));
    case.birth = Some(Birth { call, key: key.clone(), resend: None });
    let Some((case, ending)) = super::decide(ctx, &mut desk, vec![case]).await.map_err(later)?.pop() else {
        return Err(OrderError::Later("nothing decided".to_owned()));
    };
    finish(ctx, &desk, case, ending.map_err(later)?, key).await
}

/// Sends a failed or unknown message once more, as it was: a person's explicit act; `user` = who, when a page asks.
///
/// # Errors
/// [`OrderError`].
pub async fn resend(
    ctx: &Ctx,
    portal: &str,
    message_id: &str,
    (user, key): (Option<String>, Option<Key>),
) -> Result<Vec<message::Model>, OrderError> {
    let now = ctx.clock.now();
    let key = key.map(|key| marked(ctx, portal, &key, now));
    if let Some(told) = replay(ctx, portal, key.as_ref(), now).await? {
        return told;
    }
    let db = ctx.db.read();
    let old = messages::find(db, portal, message_id).await?.ok_or(OrderError::NotFound)?;
    if old.direction != "out" || !matches!(Status::parse(&old.status), Some(Status::Failed | Status::Unknown)) {
        return Err(OrderError::NotResendable(old.status));
    }
    if let Some(order) = orders::resent(db, portal, message_id).await? {
        return Err(OrderError::AlreadyResent(order.call_id));
    }
    let origin = match &old.call_id {
        Some(id) => call::find(db, portal, id).await?,
        None => None,
    };
    let code = origin.as_ref().map_or_else(|| format!("send_{}", old.kind), |call| call.code.clone());
    let call = call_row(ctx, portal, (&code, old.document_id.as_deref(), user), json!({"resend_of": old.id}), now)?;
    let key = key.map(|key| api_send::Model { call_id: call.id.clone(), ..key });
    let desk = desk(ctx, portal).await?;
    let mut case = Case::new(None, row_of(&call));
    case.operation = origin.and_then(|call| serde_json::from_str(call.operation.as_deref()?).ok()).map(at_once);
    let letter = again(ctx, &desk, &mut case, &old).await;
    let order = resend::Model { message_id: old.id.clone(), portal: portal.to_owned(), call_id: call.id.clone(), created_at: now };
    let resend = letter.is_ok().then_some(order);
    case.birth = Some(Birth { call, key: key.clone(), resend });
    let ending = match letter {
        Ok(letter) => Ending::Send(vec![letter]),
        Err(OrderError::Refused(refusal)) => Ending::Refused(*refusal),
        Err(other) => return Err(other),
    };
    let told = finish(ctx, &desk, case, ending, key).await;
    match (told, orders::resent(ctx.db.read(), portal, message_id).await?) {
        // Somebody pressed twice.
        (Err(OrderError::Db(_) | OrderError::Later(_)), Some(order)) => Err(OrderError::AlreadyResent(order.call_id)),
        (told, _) => told,
    }
}

/// Nobody waits for a repeated message.
fn at_once(mut operation: Operation) -> Operation {
    if let Some(send) = operation.send_mut() {
        send.wait_for = WaitFor::None;
    }
    operation
}

/// The stored message as a new one, past the gate.
async fn again(ctx: &Ctx, desk: &Desk, case: &mut Case, old: &message::Model) -> Result<Letter, OrderError> {
    let unreadable = || OrderError::NotResendable("erased".to_owned());
    let content: Content = serde_json::from_str(&old.content).map_err(|_| unreadable())?;
    let who: Identity = serde_json::from_str(&old.identity).map_err(|_| unreadable())?;
    if who.keys().is_empty() {
        return Err(unreadable());
    }
    let sender = desk.sender(&old.channel_id).ok_or_else(|| {
        Refusal::new(Code::ChannelUnavailable, "the channel was deleted").with("name", old.channel_id.clone()).with("value", "deleted")
    })?;
    let talk = conversations::list(ctx.db.read(), &desk.portal.id, std::slice::from_ref(&old.conversation_id)).await?.pop();
    let standings = Standings::read(ctx, ctx.db.read(), &desk.portal.id, &[(who.clone(), talk.as_ref())]).await?;
    let window = WindowView::of(sender.capabilities().official, talk.as_ref());
    let standing = standings.of(&who, talk.as_ref());
    // A person presses it now, at whatever hour that is.
    let on_closed = OnClosedWindow::Fail;
    let question = Question { portal: &desk.portal, sender: &sender, content: &content, window, standing, on_closed, quiet: None };
    let verdict = gate::check(&question, ctx.clock.now())?;
    case.window = Some(window);
    case.sender = Some(sender);
    Ok(Letter { who, content, text: old.rendered_text.clone(), window, degraded: None, verdict: Ok(verdict) })
}

/// One commit; what the caller is told.
async fn finish(
    ctx: &Ctx,
    desk: &Desk,
    case: Case,
    ending: Ending,
    key: Option<api_send::Model>,
) -> Result<Vec<message::Model>, OrderError> {
    let portal = desk.portal.id.as_str();
    let call_id = case.call.id.clone();
    let decided = (case, ending);
    let stored = keep::attempt(ctx, Some(&desk.portal), &[&decided], &[]).await;
    ctx.wake.notify_waiters();
    match stored {
        Ok(()) => told(ctx, portal, &call_id).await,
        // The same request came twice at once: what the other one did is told.
        Err(error) => match replay(ctx, portal, key.as_ref(), ctx.clock.now()).await? {
            Some(told) => told,
            None => Err(later(error)),
        },
    }
}

fn later(error: JobError) -> OrderError {
    OrderError::Later(match error {
        JobError::Defer { why, .. } | JobError::Retry { why, .. } | JobError::Fail { why } => why,
        JobError::LeaseLost => "lease lost".to_owned(),
    })
}

async fn desk(ctx: &Ctx, portal: &str) -> Result<Desk, OrderError> {
    let desk = Desk::open(&ctx.db, portal).await?;
    desk.filter(|desk| desk.portal.status != PortalStatus::Uninstalled).ok_or(OrderError::PortalGone)
}

/// Key and request are kept as keyed hashes: both are the caller's own words.
fn marked(ctx: &Ctx, portal: &str, key: &Key, now: Ms) -> api_send::Model {
    let hash = |purpose, text: &str| ctx.sealer.hash(purpose, &format!("{portal}\n{text}"), true);
    api_send::Model {
        portal: portal.to_owned(),
        idem_key: hash("idempotency-key", &key.key),
        body_hash: hash("idempotency-body", &key.request),
        call_id: String::new(),
        created_at: now,
    }
}

type Told = Result<Vec<message::Model>, OrderError>;

/// What was told to the same request before, if it came before.
async fn replay(ctx: &Ctx, portal: &str, key: Option<&api_send::Model>, now: Ms) -> Result<Option<Told>, OrderError> {
    let Some(key) = key else { return Ok(None) };
    Ok(match orders::find(ctx.db.read(), portal, &key.idem_key, now).await? {
        None => None,
        Some(known) if known.body_hash != key.body_hash => Some(Err(OrderError::Conflict)),
        Some(known) => Some(told(ctx, portal, &known.call_id).await),
    })
}

async fn told(ctx: &Ctx, portal: &str, call_id: &str) -> Told {
    let rows = messages::list_of_calls(ctx.db.read(), portal, &[call_id.to_owned()]).await?;
    if !rows.is_empty() {
        return Ok(rows);
    }
    let call = call::find(ctx.db.read(), portal, call_id).await?;
    let decision: Value = call.and_then(|call| serde_json::from_str(call.decision.as_deref()?).ok()).unwrap_or_default();
    let code = decision.get("code").cloned().and_then(|code| serde_json::from_value::<Code>(code).ok());
    let rule = decision.get("rule").and_then(Value::as_str).unwrap_or_default();
    let mut refusal = Refusal::new(code.unwrap_or(Code::PropertyInvalid), rule);
    refusal.args = decision.get("args").cloned().and_then(|args| serde_json::from_value(args).ok()).unwrap_or_default();
    Err(refusal.into())
}

/// The robot that sends this kind, with its properties.
fn robot(ctx: &Ctx, order: &Order) -> Result<(String, Map<String, Value>), OrderError> {
    let invalid = |field: &str, reason| OrderError::Invalid { field: field.to_owned(), reason };
    let known = KINDS.iter().find(|(word, _)| *word == order.kind).map(|(_, code)| *code);
    let spec = ctx.catalog.find(known.unwrap_or(&order.kind)).filter(|spec| spec.sends).ok_or_else(|| invalid("kind", "unknown kind"))?;
    let mut properties = order.properties.clone();
    if let Some(unknown) = properties.keys().find(|name| spec.property(name).is_none()) {
        return Err(invalid(unknown, "no such property of this kind"));
    }
    if spec.code == "send_file" && !properties.contains_key("kind") {
        let file = if matches!(order.kind.as_str(), "file" | "send_file") { "auto" } else { order.kind.as_str() };
        properties.insert("kind".to_owned(), json!(file));
    }
    match &order.to {
        To::Phone(phone) => drop(properties.insert("phone".to_owned(), json!([phone]))),
        To::Bsuid(bsuid) => drop(properties.insert("phone".to_owned(), json!([format!("{BSUID}{bsuid}")]))),
        To::Document(_) => drop(properties.shift_remove("phone")),
    }
    properties.insert("wait_for".to_owned(), json!("none"));
    if !matches!(order.to, To::Document(_)) && order.document.is_none() {
        // There is no document to write to.
        properties.insert("to_timeline".to_owned(), json!("N"));
        properties.shift_remove("write_fields");
    }
    Ok((spec.code.clone(), properties))
}

fn call_row(
    ctx: &Ctx,
    portal: &str,
    (code, document, user_id): (&str, Option<&str>, Option<String>),
    input: Value,
    now: Ms,
) -> Result<NewCall, OrderError> {
    let document = match document {
        None => [String::new(), String::new(), String::new()],
        Some(id) => {
            let entity = entity(id).ok_or_else(|| OrderError::Invalid { field: "to.document".to_owned(), reason: "no CRM document" })?;
            ["crm".to_owned(), entity.to_owned(), id.to_owned()]
        }
    };
    let id = ctx.ids.id("call", now);
    Ok(NewCall {
        event_token: format!("api:{id}"),
        id,
        portal: portal.to_owned(),
        code: code.to_owned(),
        workflow_id: String::new(),
        document,
        user_id,
        use_subscription: false,
        timeout_seconds: 0,
        portal_ts: None,
        input: input.to_string(),
        request_id: None,
        accepted_at: now,
    })
}

/// The document type of an id such as `DEAL_512` (reference/bitrix24.md C.2).
fn entity(id: &str) -> Option<&'static str> {
    CrmItem::parse(id)?;
    Some(match id.split('_').next()? {
        "DEAL" => "CCrmDocumentDeal",
        "LEAD" => "CCrmDocumentLead",
        "CONTACT" => "CCrmDocumentContact",
        "COMPANY" => "CCrmDocumentCompany",
        "DYNAMIC" => r"Bitrix\Crm\Integration\BizProc\Document\Dynamic",
        _ => return None,
    })
}

fn row_of(call: &NewCall) -> robot_call::Model {
    let [document_module, document_entity, document_id] = call.document.clone();
    robot_call::Model {
        id: call.id.clone(),
        portal: call.portal.clone(),
        event_token: call.event_token.clone(),
        code: call.code.clone(),
        workflow_id: call.workflow_id.clone(),
        document_module,
        document_entity,
        document_id,
        user_id: call.user_id.clone(),
        use_subscription: "N".to_owned(),
        timeout_seconds: 0,
        portal_ts: None,
        input: call.input.clone(),
        request_id: None,
        state: call::state::ACCEPTED.to_owned(),
        operation: None,
        facts: None,
        rendered: None,
        decision: None,
        wait_for: None,
        deadline_at: None,
        accepted_at: call.accepted_at,
        decided_at: None,
        finished_at: None,
    }
}
