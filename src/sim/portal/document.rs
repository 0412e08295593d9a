//! Documents of processes and their three-part names (reference/bitrix24.md B.1, C.2).

use serde_json::{Value, json};

/// A document a process runs on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Document {
    /// Module such as `crm`.
    pub module: String,
    /// Class such as `CCrmDocumentDeal`.
    pub entity: String,
    /// Type such as `DEAL`.
    pub kind: String,
    /// Id such as `DEAL_512`.
    pub id: String,
}

impl Document {
    /// A CRM item by `entityTypeId` and id.
    pub fn item(type_id: i64, id: i64) -> Self {
        let (entity, kind) = match type_id {
            1 => ("CCrmDocumentLead", "LEAD".to_owned()),
            2 => ("CCrmDocumentDeal", "DEAL".to_owned()),
            3 => ("CCrmDocumentContact", "CONTACT".to_owned()),
            4 => ("CCrmDocumentCompany", "COMPANY".to_owned()),
            7 => ("Bitrix\\Crm\\Integration\\BizProc\\Document\\Quote", "QUOTE".to_owned()),
            31 => ("Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice", "SMART_INVOICE".to_owned()),
            other => ("Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic", format!("DYNAMIC_{other}")),
        };
        Self { module: "crm".into(), entity: entity.into(), id: format!("{kind}_{id}"), kind }
    }

    /// A deal.
    pub fn deal(id: i64) -> Self {
        Self::item(2, id)
    }

    /// An element of a feed process; its id is a bare number.
    pub fn list_element(block: i64, id: i64) -> Self {
        Self { module: "lists".into(), entity: "BizprocDocument".into(), kind: format!("iblock_{block}"), id: id.to_string() }
    }

    /// `entityTypeId` and id of a CRM item.
    pub fn item_key(&self) -> Option<(i64, i64)> {
        if self.module != "crm" {
            return None;
        }
        let (kind, id) = self.id.rsplit_once('_')?;
        let type_id = match kind {
            "LEAD" => 1,
            "DEAL" => 2,
            "CONTACT" => 3,
            "COMPANY" => 4,
            "QUOTE" => 7,
            "SMART_INVOICE" => 31,
            other => other.strip_prefix("DYNAMIC_")?.parse().ok()?,
        };
        Some((type_id, id.parse().ok()?))
    }

    /// From `DEAL_512` and the like; bare numbers are list elements.
    pub fn parse(id: &str) -> Option<Self> {
        let probe = Self { module: "crm".into(), entity: String::new(), kind: String::new(), id: id.to_owned() };
        match probe.item_key() {
            Some((type_id, id)) => Some(Self::item(type_id, id)),
            None => id.parse().ok().map(|id| Self::list_element(1, id)),
        }
    }

    /// `document_id` as a triple.
    pub(crate) fn id_triple(&self) -> Value {
        json!([self.module, self.entity, self.id])
    }

    /// `document_type` as a triple.
    pub(crate) fn type_triple(&self) -> Value {
        json!([self.module, self.entity, self.kind])
    }
}

impl From<&Document> for Document {
    fn from(document: &Document) -> Self {
        document.clone()
    }
}
