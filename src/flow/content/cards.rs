//! `send_contact`: cards of CRM contacts, of a user of the portal, or typed. CRM is asked once, in one batch.

use super::words::Form;
use super::{Scene, given};
use crate::bitrix::{BitrixError, Command, RestError, crm, form as wire};
use crate::domain::content::{Card, CardEmail, CardName, CardPhone};
use crate::domain::document::{COMPANY, CONTACT};
use crate::domain::phone;
use crate::domain::refusal::Refusal;
use crate::flow::facts;
use crate::flow::template_choice::Fault;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Most cards of one message (reference/whatsapp.md 5.3), and of one call.
const MOST: usize = 5;

/// What the author asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    /// CRM contacts.
    pub(super) contact_ids: &'a [String],
    /// User of the portal.
    pub(super) user: &'a str,
    /// Typed name.
    pub(super) name: &'a str,
    /// Typed company.
    pub(super) company: &'a str,
    /// Typed numbers.
    pub(super) phones: &'a [String],
    /// Typed addresses.
    pub(super) emails: &'a [String],
}

/// All cards: contacts first, then the user, then the typed one.
pub(super) async fn all(scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Vec<Card>, Fault> {
    let form = scene.form();
    let region = &scene.desk.portal.region;
    let ids = contact_ids(&form, ask.contact_ids)?;
    let user = user_id(&form, ask.user)?;
    let typed = typed(&form, ask, region)?;
    let count = ids.len() + usize::from(user.is_some()) + usize::from(typed.is_some());
    if count == 0 {
        return Err(form.invalid("contact_ids", "", "hint-card-none").into());
    }
    if count > MOST {
        return Err(form.invalid("contact_ids", &count.to_string(), "hint-card-many").with("limit", MOST.to_string()).into());
    }
    let mut cards = Vec::new();
    if !ids.is_empty() || user.is_some() {
        scene.may_leave()?;
        let known = read(scene, &ids, user).await?;
        for id in &ids {
            let item = known.item(&format!("c{id}")).ok_or_else(|| form.invalid("contact_ids", &id.to_string(), "hint-contact-none"))?;
            cards.push(of_contact(item, known.item(&format!("o{id}")), region));
        }
        if let Some(id) = user {
            let row = known.user(id).ok_or_else(|| form.invalid("user", &id.to_string(), "hint-user-none"))?;
            cards.push(of_user(row, region));
        }
    }
    cards.extend(typed);
    Ok(cards)
}

/// `84`, `CONTACT_84`, `C_84`; several may stand in one item.
fn contact_ids(form: &Form<'_>, items: &[String]) -> Result<Vec<i64>, Refusal> {
    let mut ids: Vec<i64> = Vec::new();
    for item in items.iter().flat_map(|item| item.split([',', ';', '\n'])).map(str::trim).filter(|item| !item.is_empty()) {
        let digits = ["CONTACT_", "C_"].iter().find_map(|prefix| item.strip_prefix(prefix)).unwrap_or(item);
        let id = digits.parse::<i64>().ok().filter(|id| *id > 0);
        let id = id.ok_or_else(|| form.invalid("contact_ids", item, "hint-contact-id"))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// `user_4` or `4`; a department or a role is nobody's card.
fn user_id(form: &Form<'_>, text: &str) -> Result<Option<i64>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix("user_").unwrap_or(text);
    match digits.parse::<i64>().ok().filter(|id| *id > 0) {
        Some(id) => Ok(Some(id)),
        None => Err(form.invalid("user", text, "hint-user")),
    }
}

fn typed(form: &Form<'_>, ask: &Ask<'_>, region: &str) -> Result<Option<Card>, Refusal> {
    let phones = items(ask.phones);
    let emails = items(ask.emails);
    if let Some(wrong) = phones.iter().find(|text| wa_id(text, region).is_none()) {
        return Err(form.invalid("phones", wrong, "hint-card-phone"));
    }
    if let Some(wrong) = emails.iter().find(|text| !is_email(text)) {
        return Err(form.invalid("emails", wrong, "hint-card-email"));
    }
    let Some(name) = given(ask.name).or_else(|| given(ask.company)) else {
        return if phones.is_empty() && emails.is_empty() { Ok(None) } else { Err(form.invalid("name", "", "hint-card-name")) };
    };
    Ok(Some(Card {
        name: CardName { first: Some(name.clone()), formatted: name, ..CardName::default() },
        company: given(ask.company),
        position: None,
        phones: phones.iter().map(|text| number(text, region)).collect(),
        emails: emails.into_iter().map(work_email).collect(),
    }))
}

fn items(items: &[String]) -> Vec<String> {
    items.iter().flat_map(|item| item.split([',', ';', '\n'])).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !text.contains(char::is_whitespace) && !host.contains('@'))
}

fn wa_id(text: &str, region: &str) -> Option<String> {
    phone::normalise_all(text, region).into_iter().find_map(Result::ok)
}

fn number(text: &str, region: &str) -> CardPhone {
    CardPhone { phone: text.to_owned(), kind: "WORK".to_owned(), wa_id: wa_id(text, region) }
}

fn work_email(email: String) -> CardEmail {
    CardEmail { email, kind: "WORK".to_owned() }
}

/// What the portal told.
struct Known(BTreeMap<String, Result<Value, RestError>>);

impl Known {
    fn item(&self, key: &str) -> Option<&Map<String, Value>> {
        crm::read_item(self.0.get(key)?.as_ref().ok()?)
    }

    fn user(&self, id: i64) -> Option<&Map<String, Value>> {
        let rows = self.0.get("user")?.as_ref().ok()?.as_array()?;
        // A filter that a portal ignores would show everybody.
        rows.iter().filter_map(Value::as_object).find(|row| wire::text(row, "ID") == id.to_string())
    }
}

async fn read(scene: &Scene<'_>, ids: &[i64], user: Option<i64>) -> Result<Known, Fault> {
    let get = |key: String, entity_type_id: i64, id: Value| Command {
        key,
        method: "crm.item.get".to_owned(),
        params: json!({"entityTypeId": entity_type_id, "id": id, "useOriginalUfNames": "Y"}),
    };
    let mut commands: Vec<Command> = Vec::new();
    for id in ids {
        commands.push(get(format!("c{id}"), CONTACT, json!(id)));
        // A contact without a company makes this one fail alone.
        commands.push(get(format!("o{id}"), COMPANY, json!(format!("$result[c{id}][item][companyId]"))));
    }
    commands.extend(user.map(|id| crm::user_get("user", id)));
    match scene.ctx.bitrix.batch("content.cards", &scene.desk.portal.id, &commands).await {
        Ok(answers) => {
            if let Some(error) = answers.iter().filter_map(|answer| answer.as_ref().err()).find_map(facts::passing) {
                return Err(Fault::Later(error));
            }
            Ok(Known(commands.into_iter().map(|command| command.key).zip(answers).collect()))
        }
        // Refused as a whole: these cards do not exist for us, and the caller says which one is missing first.
        Err(BitrixError::Refused(_)) => Ok(Known(BTreeMap::new())),
        Err(error) => Err(Fault::Later(facts::later(scene.ctx, &error))),
    }
}

fn of_contact(item: &Map<String, Value>, company: Option<&Map<String, Value>>, region: &str) -> Card {
    let part = |name: &str| given(&wire::text(item, name));
    let linked = crm::link(item, "companyId").and(company);
    let name = name(part("name"), part("secondName"), part("lastName"));
    Card {
        name: name.unwrap_or_else(|| whole(format!("№ {}", wire::text(item, "id")))),
        company: linked.and_then(|company| given(&wire::text(company, "title"))),
        position: part("post"),
        phones: crm::phones(item).iter().map(|text| number(text, region)).collect(),
        emails: crm::emails(item).into_iter().map(work_email).collect(),
    }
}

fn of_user(row: &Map<String, Value>, region: &str) -> Card {
    let part = |name: &str| given(&wire::text(row, name));
    let mut phones: Vec<String> = Vec::new();
    for phone in ["PERSONAL_MOBILE", "WORK_PHONE", "PERSONAL_PHONE"].into_iter().filter_map(part) {
        if !phones.contains(&phone) {
            phones.push(phone);
        }
    }
    let name = name(part("NAME"), part("SECOND_NAME"), part("LAST_NAME"));
    Card {
        name: name.unwrap_or_else(|| whole(part("EMAIL").unwrap_or_else(|| format!("№ {}", wire::text(row, "ID"))))),
        company: part("WORK_COMPANY"),
        position: part("WORK_POSITION"),
        phones: phones.iter().map(|text| number(text, region)).collect(),
        emails: part("EMAIL").into_iter().map(work_email).collect(),
    }
}

fn name(first: Option<String>, middle: Option<String>, last: Option<String>) -> Option<CardName> {
    let formatted = [&first, &middle, &last].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    (!formatted.is_empty()).then_some(CardName { formatted, first, middle, last })
}

fn whole(formatted: String) -> CardName {
    CardName { first: Some(formatted.clone()), formatted, ..CardName::default() }
}
