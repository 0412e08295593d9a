//! A document as the viewer of a page sees it: read with the viewer's own token, so that CRM's rights decide (reference/ui.md 4).
//!
//! One request: the item, its contact and its company. What a page shows of a client never goes further than this card's numbers.

use super::Ctx;
use super::portal_cache::PortalFacts;
use super::portal_view::PortalView;
use crate::bitrix::{BitrixError, Command, RestError, crm, form};
use crate::db::store::conversation::Key;
use crate::domain::document::{COMPANY, CONTACT, CrmItem, LEAD};
use crate::domain::phone;
use crate::domain::secret::Secret;
use serde_json::{Map, Value, json};

/// Why there is no card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoCard {
    /// CRM does not show it to this viewer.
    Hidden,
    /// There is no such item.
    Gone,
    /// The viewer's token is over: the page renews it.
    TokenOver,
    /// The portal did not answer; try again.
    Later,
}

/// A number of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardPhone {
    /// E.164 digits.
    pub digits: String,
    /// As CRM has it.
    pub shown: String,
    /// `lead`, `contact` or `company`.
    pub owner: &'static str,
    /// Name of the owner.
    pub name: String,
}

/// The card.
#[derive(Debug, Clone)]
pub struct Card {
    /// `DEAL_512`.
    pub document_id: String,
    /// The item's title, or the person's name.
    pub title: String,
    /// Numbers, best first.
    pub phones: Vec<CardPhone>,
    /// Items by root: the document's own, `contact`, `company`.
    pub items: Map<String, Value>,
    /// Root of the document.
    pub own: &'static str,
}

impl Card {
    /// Keys under which the conversations of this card's numbers may be known on a channel.
    pub fn keys(&self, channel_id: &str) -> Vec<Key> {
        let spellings = self.phones.iter().flat_map(|phone| phone::variants(&phone.digits));
        spellings.map(|value| Key { channel_id: channel_id.to_owned(), kind: "phone".to_owned(), value }).collect()
    }

    /// Whether a number is one of this card's, however spelled.
    pub fn has_phone(&self, digits: &str) -> bool {
        self.phones.iter().any(|phone| phone.digits == digits || phone::variants(&phone.digits).iter().any(|other| other == digits))
    }

    /// The value that a robot would put for `{=Document:FIELD}`; `None` for what this card does not know.
    pub fn field(&self, name: &str) -> Option<String> {
        let (root, field) = match name.split_once('.') {
            Some((root, field)) => (root.to_lowercase(), field),
            None => (self.own.to_owned(), name),
        };
        let item = self.items.get(&root)?.as_object()?;
        let value = item.get(field).or_else(|| item.get(&camel(field)))?;
        match value {
            Value::Null => Some(String::new()),
            Value::Array(_) | Value::Object(_) => None,
            other => Some(form::scalar(other)),
        }
    }
}

/// `LAST_NAME` → `lastName`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (index, part) in name.split('_').filter(|part| !part.is_empty()).enumerate() {
        let lower = part.to_lowercase();
        let mut letters = lower.chars();
        match letters.next() {
            Some(first) if index > 0 => out.extend(first.to_uppercase().chain(letters)),
            Some(first) => out.extend(std::iter::once(first).chain(letters)),
            None => {}
        }
    }
    out
}

/// Root of an item by its type.
fn root_of(item: CrmItem) -> &'static str {
    match item.entity_type_id {
        LEAD => "lead",
        CONTACT => "contact",
        COMPANY => "company",
        crate::domain::document::DEAL => "deal",
        _ => "item",
    }
}

/// Reads a card with the viewer's token.
///
/// # Errors
/// [`NoCard`].
pub async fn read(ctx: &Ctx, portal: &PortalFacts, access: &Secret, document_id: &str) -> Result<Card, NoCard> {
    let item = CrmItem::parse(document_id).ok_or(NoCard::Gone)?;
    let own = root_of(item);
    let view = PortalView::find(ctx.db.read(), &portal.member_id).await.map_err(|_| NoCard::Later)?.ok_or(NoCard::Gone)?;
    let get = |key: &str, kind: i64, id: Value| Command {
        key: key.to_owned(),
        method: "crm.item.get".to_owned(),
        params: json!({"entityTypeId": kind, "id": id, "useOriginalUfNames": "Y"}),
    };
    let mut commands = vec![get(own, item.entity_type_id, json!(item.id))];
    if !matches!(own, "contact" | "company") {
        commands.push(get("contact", CONTACT, json!(format!("$result[{own}][item][contactId]"))));
    }
    if own != "company" {
        commands.push(get("company", COMPANY, json!(format!("$result[{own}][item][companyId]"))));
    }
    let address = (portal.client_endpoint.as_str(), access);
    let told = ctx.bitrix.batch_with("card.read", &portal.member_id, address, &commands).await;
    let told = told.map_err(|error| refused(&error))?;
    let mut items = Map::new();
    for (command, answer) in commands.iter().zip(told) {
        match answer {
            Ok(answer) => {
                if let Some(found) = answer.get("item").filter(|item| item.is_object()) {
                    items.insert(command.key.clone(), found.clone());
                }
            }
            // An unset link is no error of the card; the document itself has to be readable.
            Err(error) if command.key == own => return Err(of_rest(&error)),
            Err(_) => {}
        }
    }
    let main = items.get(own).and_then(Value::as_object).ok_or(NoCard::Gone)?;
    let title = Some(form::text(main, "title")).filter(|title| !title.is_empty()).unwrap_or_else(|| person(main));
    let phones = numbers(own, &items, &view.region);
    Ok(Card { document_id: document_id.to_owned(), title, phones, items, own })
}

fn person(item: &Map<String, Value>) -> String {
    let name = format!("{} {}", form::text(item, "name"), form::text(item, "lastName"));
    let name = name.trim().to_owned();
    if name.is_empty() { form::text(item, "title") } else { name }
}

fn numbers(own: &str, items: &Map<String, Value>, region: &str) -> Vec<CardPhone> {
    let roots: &[&'static str] = match own {
        "lead" => &["lead"],
        "contact" => &["contact"],
        "company" => &["company"],
        _ => &["contact", "company"],
    };
    let mut phones: Vec<CardPhone> = Vec::new();
    for (owner, item) in roots.iter().filter_map(|root| Some((*root, items.get(*root)?.as_object()?))) {
        for shown in crm::phones(item) {
            for digits in phone::normalise_all(&shown, region).into_iter().flatten() {
                if phones.iter().all(|have| have.digits != digits) {
                    phones.push(CardPhone { digits, shown: shown.clone(), owner, name: person(item) });
                }
            }
        }
    }
    phones
}

fn refused(error: &BitrixError) -> NoCard {
    match error {
        BitrixError::Refused(told) => of_rest(told),
        BitrixError::Budget { .. } | BitrixError::Later { .. } | BitrixError::Unknown { .. } | BitrixError::Token(_) => NoCard::Later,
    }
}

fn of_rest(error: &RestError) -> NoCard {
    let code = error.code.to_ascii_lowercase();
    match code.as_str() {
        "expired_token" | "invalid_token" | "no_auth_found" | "authorization_error" => NoCard::TokenOver,
        "access_denied" | "insufficient_scope" | "user_access_error" => NoCard::Hidden,
        "not_found" | "100" => NoCard::Gone,
        _ if error.temporary() => NoCard::Later,
        _ => NoCard::Hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_under_the_names_of_robots() {
        let items = json!({
            "deal": {"title": "Заказ 118", "opportunity": 4500, "UF_CRM_CITY": "Тверь", "contactId": 7, "tags": []},
            "contact": {"name": "Анна", "lastName": "Тестова"},
        });
        let Value::Object(items) = items else { panic!("a map") };
        let card = Card { document_id: "DEAL_1".into(), title: String::new(), phones: Vec::new(), items, own: "deal" };
        let table = [
            ("TITLE", Some("Заказ 118")),
            ("OPPORTUNITY", Some("4500")),
            ("UF_CRM_CITY", Some("Тверь")),
            ("CONTACT.NAME", Some("Анна")),
            ("CONTACT.LAST_NAME", Some("Тестова")),
            ("COMPANY.TITLE", None),
            ("TAGS", None),
            ("NOTHING", None),
        ];
        for (name, value) in table {
            assert_eq!(card.field(name).as_deref(), value, "{name}");
        }
    }
}
