//! CRM facts that robot calls need, for all calls of a group in as few requests as possible (promise 5: a batch counts as one).
//!
//! A linked item (deal → contact, company, responsible) rides in the same batch through `$result[…]`, and a document that several
//! calls share is read once. The company is asked for separately, and only when the contact has no phone. Nothing is decided here.

use super::JobError;
use super::portal_view::PortalView;
use crate::bitrix::{BitrixError, Command, RestError, TokenError, crm};
use crate::domain::clock::{MINUTE, SECOND};
use crate::domain::document::{COMPANY, CONTACT, CrmItem, DEAL, LEAD};
use crate::flow::Ctx;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Commands of a batch (reference/bitrix24.md F.1).
const BATCH: usize = 50;

/// What one call has to know.
#[derive(Debug, Clone, Default)]
pub(super) struct Need {
    /// The document, when it is a CRM item.
    pub(super) document: Option<CrmItem>,
    /// Roots that patterns name, and the document's own.
    pub(super) roots: BTreeSet<&'static str>,
    /// The phone comes from the document.
    pub(super) phone: bool,
}

impl Need {
    /// Of a pattern that stands by itself: what it names, and the document through which that is found.
    pub(super) fn of_pattern(document: Option<CrmItem>, mut roots: BTreeSet<&'static str>) -> Self {
        let linked = ["item", "contact", "company", "responsible"].iter().any(|root| roots.contains(root));
        let mut need = Self { document, ..Self::default() };
        if linked {
            roots.remove("item");
            roots.insert(need.own());
        }
        need.roots = roots;
        need
    }

    /// Nothing has to be asked.
    pub(super) fn is_empty(&self) -> bool {
        self.document.is_none() || self.wanted().is_empty()
    }

    /// The facts of a call that needs none.
    pub(super) fn nothing(&self) -> Facts {
        Facts { own: self.own(), ..Facts::default() }
    }

    fn wanted(&self) -> BTreeSet<&'static str> {
        let mut wanted = self.roots.clone();
        wanted.remove("portal");
        if self.phone {
            wanted.insert(self.own());
            // The company's turn comes only when the contact has no number.
            if !matches!(self.own(), "lead" | "contact" | "company") {
                wanted.insert("contact");
            }
        }
        wanted
    }

    /// Root of the document itself.
    pub(super) fn own(&self) -> &'static str {
        self.document.map_or("item", |item| match item.entity_type_id {
            LEAD => "lead",
            DEAL => "deal",
            CONTACT => "contact",
            COMPANY => "company",
            _ => "item",
        })
    }
}

/// What was read for one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Root of the document itself.
    pub(super) own: &'static str,
    /// Items by root.
    pub(super) roots: Map<String, Value>,
    /// Roots that could not be read, with the portal's words.
    pub(super) missing: BTreeMap<String, String>,
}

impl Facts {
    /// An item by root.
    pub(super) fn item(&self, root: &str) -> Option<&Map<String, Value>> {
        self.roots.get(root).and_then(Value::as_object)
    }

    /// For the journal: what has a value, and what could not be read.
    pub(super) fn journal(&self) -> Option<Value> {
        if self.roots.is_empty() && self.missing.is_empty() {
            return None;
        }
        let mut out = self.roots.clone();
        for item in out.values_mut().filter_map(Value::as_object_mut) {
            item.retain(|_, value| !blank(value));
        }
        if !self.missing.is_empty() {
            out.insert("not_read".to_owned(), json!(self.missing));
        }
        Some(Value::Object(out))
    }
}

fn blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Reads the facts of all calls, in the order given. An error is that call's alone: it comes again.
pub(super) async fn read(ctx: &Ctx, portal: &PortalView, needs: &[Need]) -> Vec<Result<Facts, JobError>> {
    let mut reader = Reader { ctx, portal: &portal.id, answers: BTreeMap::new() };
    let first: Vec<Vec<Wanted>> =
        needs.iter().map(|need| need.wanted().into_iter().filter_map(|root| wanted(need, root)).collect()).collect();
    let mut errors = reader.batches(&first).await;
    let mut facts: Vec<Facts> = needs.iter().zip(&first).map(|(need, wanted)| reader.collect(need, wanted)).collect();
    let second: Vec<Vec<Wanted>> =
        needs.iter().zip(&facts).zip(&errors).map(|((need, facts), error)| company(need, facts, error)).collect();
    for (error, later) in errors.iter_mut().zip(reader.batches(&second).await) {
        *error = error.take().or(later);
    }
    for (facts, (need, wanted)) in facts.iter_mut().zip(needs.iter().zip(&second)) {
        let more = reader.collect(need, wanted);
        facts.roots.extend(more.roots);
        facts.missing.extend(more.missing);
    }
    facts.into_iter().zip(errors).map(|(facts, error)| error.map_or(Ok(facts), Err)).collect()
}

/// One thing to read: its key in batches, and how to ask for it.
#[derive(Debug, Clone)]
struct Wanted {
    root: &'static str,
    key: String,
    ask: Ask,
}

#[derive(Debug, Clone)]
enum Ask {
    /// An item by its id.
    Item(CrmItem),
    /// An item of this type, named by a field of the document.
    Linked { document: CrmItem, field: &'static str, entity_type_id: i64 },
    /// The user in `assignedById` of the document.
    Responsible { document: CrmItem },
}

fn key_of(item: CrmItem) -> String {
    format!("i{}_{}", item.entity_type_id, item.id)
}

fn wanted(need: &Need, root: &'static str) -> Option<Wanted> {
    let document = need.document?;
    let own = key_of(document);
    if root == need.own() || root == "item" {
        return Some(Wanted { root: need.own(), key: own, ask: Ask::Item(document) });
    }
    let linked =
        |field, entity_type_id| Wanted { root, key: format!("{own}_{root}"), ask: Ask::Linked { document, field, entity_type_id } };
    match root {
        "contact" => Some(linked("contactId", CONTACT)),
        "company" => Some(linked("companyId", COMPANY)),
        "lead" => Some(linked("leadId", LEAD)),
        "deal" => Some(linked("parentId2", DEAL)),
        "responsible" => Some(Wanted { root, key: format!("{own}_responsible"), ask: Ask::Responsible { document } }),
        _ => None,
    }
}

/// The company behind a deal or smart process whose contact has no phone.
fn company(need: &Need, facts: &Facts, error: &Option<JobError>) -> Vec<Wanted> {
    let wants = need.phone && error.is_none() && !matches!(need.own(), "lead" | "contact" | "company");
    if !wants || facts.roots.contains_key("company") || facts.item("contact").is_some_and(|contact| !crm::phones(contact).is_empty()) {
        return Vec::new();
    }
    let id = facts.item(need.own()).and_then(|item| crm::link(item, "companyId"));
    let item = id.map(|id| CrmItem { entity_type_id: COMPANY, id });
    item.map(|item| Wanted { root: "company", key: key_of(item), ask: Ask::Item(item) }).into_iter().collect()
}

struct Reader<'a> {
    ctx: &'a Ctx,
    portal: &'a str,
    answers: BTreeMap<String, Result<Value, RestError>>,
}

impl Reader<'_> {
    /// Asks for everything not known yet; returns what keeps each call from being decided.
    async fn batches(&mut self, calls: &[Vec<Wanted>]) -> Vec<Option<JobError>> {
        let mut errors: Vec<Option<JobError>> = vec![None; calls.len()];
        let mut at = 0;
        while at < calls.len() {
            let (commands, next) = self.fill(calls, at);
            if let Err(error) = self.ask(&commands).await {
                // The portal's budget is one for all: what follows would only be told the same.
                for (error_of, wanted) in errors.iter_mut().zip(calls).skip(at) {
                    *error_of = wanted.iter().any(|one| !self.answers.contains_key(&one.key)).then(|| error.clone());
                }
                return errors;
            }
            for (index, wanted) in calls.iter().enumerate().take(next).skip(at) {
                if let Some(slot) = errors.get_mut(index) {
                    *slot = wanted.iter().find_map(|one| self.passing(&one.key));
                }
            }
            at = next;
        }
        errors
    }

    /// Commands for as many calls from `at` as fit into one batch, and the first call left out.
    fn fill(&self, calls: &[Vec<Wanted>], at: usize) -> (Vec<Command>, usize) {
        let mut commands: Vec<Command> = Vec::new();
        let mut next = at;
        for wanted in calls.iter().skip(at) {
            let known = |key: &str, commands: &[Command]| self.answers.contains_key(key) || commands.iter().any(|c| c.key == key);
            let mut own: Vec<Command> = Vec::new();
            // The document first: links refer to it.
            let (items, links): (Vec<&Wanted>, Vec<&Wanted>) = wanted.iter().partition(|one| matches!(one.ask, Ask::Item(_)));
            for one in items.into_iter().chain(links) {
                if !known(&one.key, &commands) && !known(&one.key, &own) {
                    own.extend(self.command(one));
                }
            }
            if !commands.is_empty() && commands.len() + own.len() > BATCH {
                break;
            }
            commands.extend(own);
            next += 1;
        }
        (commands, next.max(at + 1))
    }

    /// The command; `None` when the document is known and has no such link.
    fn command(&self, wanted: &Wanted) -> Option<Command> {
        let reference = |document: &CrmItem, field: &str| match self.answers.get(&key_of(*document)) {
            None => Some(json!(format!("$result[{}][item][{field}]", key_of(*document)))),
            Some(Ok(answer)) => answer.get("item").and_then(Value::as_object).and_then(|item| crm::link(item, field)).map(|id| json!(id)),
            Some(Err(_)) => None,
        };
        let item_get = |entity_type_id: i64, id: Value| json!({"entityTypeId": entity_type_id, "id": id, "useOriginalUfNames": "Y"});
        let (method, params) = match &wanted.ask {
            Ask::Item(item) => ("crm.item.get", item_get(item.entity_type_id, json!(item.id))),
            Ask::Linked { document, field, entity_type_id } => ("crm.item.get", item_get(*entity_type_id, reference(document, field)?)),
            Ask::Responsible { document } => ("user.get", json!({"ID": reference(document, "assignedById")?})),
        };
        Some(Command { key: wanted.key.clone(), method: method.to_owned(), params })
    }

    async fn ask(&mut self, commands: &[Command]) -> Result<(), JobError> {
        if commands.is_empty() {
            return Ok(());
        }
        match self.ctx.bitrix.batch("run_call.facts", self.portal, commands).await {
            Ok(answers) => {
                self.answers.extend(commands.iter().map(|command| command.key.clone()).zip(answers));
                Ok(())
            }
            // The whole request refused: these facts do not exist for us.
            Err(BitrixError::Refused(error)) => {
                self.answers.extend(commands.iter().map(|command| (command.key.clone(), Err(error.clone()))));
                Ok(())
            }
            Err(error) => Err(later(self.ctx, &error)),
        }
    }

    /// An error inside the batch that says nothing about the item.
    fn passing(&self, key: &str) -> Option<JobError> {
        self.answers.get(key)?.as_ref().err().and_then(passing)
    }

    /// The facts of one call out of the answers.
    fn collect(&self, need: &Need, wanted: &[Wanted]) -> Facts {
        let mut facts = Facts { own: need.own(), ..Facts::default() };
        for one in wanted {
            match self.answers.get(&one.key) {
                Some(Ok(answer)) => {
                    if let Some(item) = self.found(one, answer) {
                        facts.roots.insert(one.root.to_owned(), item);
                    }
                }
                Some(Err(error)) if self.was_linked(one) => {
                    facts.missing.insert(one.root.to_owned(), format!("{} {}", error.code, error.text).trim().to_owned());
                }
                Some(Err(_)) | None => {}
            }
        }
        // Patterns may say `item` of any document.
        if need.roots.contains("item")
            && let Some(own) = facts.roots.get(need.own()).cloned()
        {
            facts.roots.entry("item").or_insert(own);
        }
        facts
    }

    fn found(&self, wanted: &Wanted, answer: &Value) -> Option<Value> {
        match &wanted.ask {
            Ask::Responsible { document } => {
                let id = self.link_of(*document, "assignedById")?;
                // An empty reference would have asked for every user.
                let users = answer.as_array()?;
                users.iter().find(|user| user.get("ID").is_some_and(|have| text(have) == id.to_string())).cloned()
            }
            Ask::Linked { document, field, .. } => {
                self.link_of(*document, field)?;
                answer.get("item").filter(|item| item.is_object()).cloned()
            }
            Ask::Item(_) => answer.get("item").filter(|item| item.is_object()).cloned(),
        }
    }

    /// Whether there was anything to be found: an unset link is no error.
    fn was_linked(&self, wanted: &Wanted) -> bool {
        match &wanted.ask {
            Ask::Item(_) => true,
            Ask::Linked { document, field, .. } => self.link_of(*document, field).is_some(),
            Ask::Responsible { document } => self.link_of(*document, "assignedById").is_some(),
        }
    }

    fn link_of(&self, document: CrmItem, field: &str) -> Option<i64> {
        let answer = self.answers.get(&key_of(document))?.as_ref().ok()?;
        crm::link(answer.get("item")?.as_object()?, field)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An error of one command of a batch that says nothing about what was asked for: it is asked again.
pub(super) fn passing(error: &RestError) -> Option<JobError> {
    let limit = ["QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", "INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"];
    let passing = limit.iter().any(|code| error.code.eq_ignore_ascii_case(code));
    passing.then(|| JobError::Retry { after_ms: Some(10 * SECOND), why: format!("facts: {} {}", error.code, error.text) })
}

/// How long a call waits for an administrator, a payment or an upgrade before it looks again; a recovered portal calls it earlier.
const PAUSE: i64 = 15 * MINUTE;

/// When a call whose facts cannot be read comes again.
pub(super) fn later(ctx: &Ctx, error: &BitrixError) -> JobError {
    let why = format!("facts: {error}");
    match error {
        BitrixError::Budget { at } | BitrixError::Later { at, .. } => JobError::Defer { at: *at, why },
        BitrixError::Token(TokenError::AuthLost | TokenError::Paused(_) | TokenError::NotInstalled) => {
            JobError::Defer { at: ctx.clock.now() + PAUSE, why }
        }
        // Reading has no effect there: it may be repeated freely.
        BitrixError::Unknown { .. } | BitrixError::Token(TokenError::Unavailable(_)) | BitrixError::Refused(_) => {
            JobError::Retry { after_ms: Some(5 * SECOND), why }
        }
    }
}
