//! Building CRM items the way a story tells them: `portal.deal("512").title("Roof").contact(9)`.

use super::crm::{self, COMPANY, CONTACT, DEAL, FILE_KEY, Item, LEAD};
use super::document::Document;
use super::simulation::Portal;
use super::state::DriveFile;
use super::{engine, events};
use crate::domain::clock::iso;
use serde_json::{Value, json};

/// One item of the portal; every verb changes it at once.
#[derive(Debug, Clone)]
pub struct ItemRef {
    portal: Portal,
    /// `entityTypeId`.
    pub type_id: i64,
    /// Id.
    pub id: i64,
}

impl Portal {
    /// A deal, made when it does not exist.
    pub fn deal(&self, id: impl std::fmt::Display) -> ItemRef {
        self.item(DEAL, id)
    }

    /// A lead, made when it does not exist.
    pub fn lead(&self, id: impl std::fmt::Display) -> ItemRef {
        self.item(LEAD, id)
    }

    /// A contact, made when it does not exist.
    pub fn contact(&self, id: impl std::fmt::Display) -> ItemRef {
        self.item(CONTACT, id)
    }

    /// A company, made when it does not exist.
    pub fn company(&self, id: impl std::fmt::Display) -> ItemRef {
        self.item(COMPANY, id)
    }

    /// An item of any type (smart processes from 128 on), made when it does not exist. An id that is no number is 0.
    pub fn item(&self, type_id: i64, id: impl std::fmt::Display) -> ItemRef {
        let id = id.to_string().parse().unwrap_or(0);
        let created = iso(self.core.clock.now());
        self.core.state().crm.items.entry((type_id, id)).or_insert_with(|| Item::new(type_id, id, &created));
        ItemRef { portal: self.clone(), type_id, id }
    }

    /// Declares a user field of a type (`string`, `file`, …); only declared ones exist and can be written.
    pub fn user_field(&self, type_id: i64, name: &str, kind: &str) {
        self.core.state().crm.user_fields.insert((type_id, name.to_owned()), kind.to_owned());
    }

    /// Adds a stage of the portal's own to a funnel: `semantics` is `P`, `S` or `F`. Returns its whole id.
    pub fn own_stage(&self, type_id: i64, category: i64, code: &str, semantics: &'static str) -> String {
        let id = crm::stage_id(type_id, category, code);
        self.core.state().crm.own_stages.push(crm::OwnStage { type_id, category, id: id.clone(), semantics });
        id
    }

    /// A person deletes an item: its processes end, bound handlers hear of it. Returns when they have answered.
    pub async fn deletes(&self, document: impl Into<Document>) {
        let document = document.into();
        let Some((type_id, id)) = document.item_key() else { return };
        let now = self.core.clock.now();
        let posts = {
            let mut state = self.core.state();
            let state = &mut *state;
            state.crm.items.remove(&(type_id, id));
            engine::terminate(state, now, |_, workflow| workflow.document == document);
            events::item_changed(&self.core, state, type_id, id, "DELETE", Some(1), now)
        };
        for delivery in self.dispatch(posts) {
            delivery.await.ok();
        }
    }

    /// Removes an item, and nobody is told.
    pub fn delete_item(&self, document: impl Into<Document>) {
        if let Some(key) = document.into().item_key() {
            self.core.state().crm.items.remove(&key);
        }
    }

    /// Puts a file on Drive under this number.
    pub fn file(&self, id: i64, name: &str, bytes: impl Into<bytes::Bytes>) {
        self.core.state().files.insert(id, DriveFile { name: name.to_owned(), bytes: bytes.into() });
    }
}

impl ItemRef {
    fn change(self, change: impl FnOnce(&mut Item)) -> Self {
        if let Some(item) = self.portal.core.state().crm.items.get_mut(&(self.type_id, self.id)) {
            change(item);
        }
        self
    }

    /// Title.
    pub fn title(self, title: &str) -> Self {
        self.set("title", title)
    }

    /// First and last name.
    pub fn name(self, first: &str, last: &str) -> Self {
        self.set("name", first).set("lastName", last)
    }

    /// Links a contact; the first one linked is the primary one. The contact is made when it does not exist.
    pub fn contact(self, contact: i64) -> Self {
        self.portal.item(CONTACT, contact);
        self.change(|item| {
            let mut ids = item.contacts();
            if !ids.contains(&contact) {
                ids.push(contact);
            }
            item.fields.insert("contactId".into(), json!(ids.first()));
            item.fields.insert("contactIds".into(), json!(ids));
        })
    }

    /// Links a company, made when it does not exist.
    pub fn company(self, company: i64) -> Self {
        self.portal.item(COMPANY, company);
        self.set("companyId", company)
    }

    /// Responsible employee.
    pub fn responsible(self, user: i64) -> Self {
        self.set("assignedById", user)
    }

    /// Amount and currency.
    pub fn amount(self, amount: f64, currency: &str) -> Self {
        self.set("opportunity", amount).set("currencyId", currency)
    }

    /// Stage, without firing anything (see `Portal::move_item`).
    pub fn stage(self, stage: &str) -> Self {
        let semantics = self.portal.core.state().crm.semantics(self.type_id, stage);
        let placed = self.set("stageId", stage);
        // Smart processes tell a stage's id only.
        placed.change(|item| {
            if let Some(shown) = item.fields.get_mut("stageSemanticId") {
                *shown = json!(semantics);
            }
        })
    }

    /// The funnel that it stands in.
    pub fn funnel(self, category: i64) -> Self {
        self.set("categoryId", category)
    }

    /// A mobile number, as people type it.
    pub fn phone(self, value: &str) -> Self {
        self.comm("PHONE", "MOBILE", value)
    }

    /// A work e-mail address.
    pub fn email(self, value: &str) -> Self {
        self.comm("EMAIL", "WORK", value)
    }

    /// Any multi-field value.
    pub fn comm(self, type_id: &str, value_type: &str, value: &str) -> Self {
        let id = self.portal.core.state().next_id();
        self.change(|item| item.add_fm(id, type_id, value_type, value))
    }

    /// A standard field (camelCase) or a user field (`UF_CRM_…`, declared by this if needed).
    pub fn set(self, name: &str, value: impl Into<Value>) -> Self {
        if name.starts_with("UF_") {
            self.portal.core.state().crm.user_fields.entry((self.type_id, name.to_owned())).or_insert_with(|| "string".into());
        }
        let value = value.into();
        self.change(|item| drop(item.fields.insert(name.to_owned(), value)))
    }

    /// A file field with a file of Drive in it.
    pub fn file_field(self, name: &str, file: i64) -> Self {
        self.portal.user_field(self.type_id, name, "file");
        self.change(|item| drop(item.fields.insert(name.to_owned(), json!({ FILE_KEY: file }))))
    }

    /// The document of processes on this item.
    pub fn document(&self) -> Document {
        Document::item(self.type_id, self.id)
    }

    /// A field now: standard name in camelCase, user field under its original name. Null when there is none.
    pub fn get(&self, name: &str) -> Value {
        self.portal.field(self.document(), name)
    }
}

impl From<ItemRef> for Document {
    fn from(item: ItemRef) -> Self {
        item.document()
    }
}

impl From<&ItemRef> for Document {
    fn from(item: &ItemRef) -> Self {
        item.document()
    }
}
