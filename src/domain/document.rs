//! A Bitrix24 document as a robot call names it, and the CRM item behind it (reference/bitrix24.md C.2).

use serde::{Deserialize, Serialize};

/// A CRM item: `entityTypeId` and `id` of `crm.item.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CrmItem {
    /// 1 lead, 2 deal, 3 contact, 4 company, 7 quote, 31 smart invoice, 128… smart process.
    pub entity_type_id: i64,
    /// Item id.
    pub id: i64,
}

/// Lead.
pub const LEAD: i64 = 1;
/// Deal.
pub const DEAL: i64 = 2;
/// Contact.
pub const CONTACT: i64 = 3;
/// Company.
pub const COMPANY: i64 = 4;

impl CrmItem {
    /// Reads the third part of `document_id` (`DEAL_512`, `DYNAMIC_1046_25`, …).
    ///
    /// `None` for what is no CRM item: Drive files and list elements are bare numbers.
    pub fn parse(document_id: &str) -> Option<Self> {
        let (prefix, id) = document_id.rsplit_once('_')?;
        let id = digits(id)?;
        let entity_type_id = match prefix {
            "LEAD" => LEAD,
            "DEAL" => DEAL,
            "CONTACT" => CONTACT,
            "COMPANY" => COMPANY,
            "QUOTE" => 7,
            "ORDER" => 14,
            "SMART_INVOICE" => 31,
            _ => digits(prefix.strip_prefix("DYNAMIC_")?)?,
        };
        Some(Self { entity_type_id, id })
    }

    /// `ENTITY_TYPE` of timeline comments: `deal`, `lead`, …, `dynamic_1046`.
    pub fn timeline_type(self) -> String {
        match self.entity_type_id {
            LEAD => "lead".to_owned(),
            DEAL => "deal".to_owned(),
            CONTACT => "contact".to_owned(),
            COMPANY => "company".to_owned(),
            14 => "order".to_owned(),
            other => format!("dynamic_{other}"),
        }
    }
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_a_document_id_names_its_item() {
        let table = [
            ("DEAL_512", Some((2, 512))),
            ("LEAD_77", Some((1, 77))),
            ("CONTACT_9", Some((3, 9))),
            ("SMART_INVOICE_18", Some((31, 18))),
            ("DYNAMIC_1046_25", Some((1046, 25))),
            ("346", None),
            ("DEAL_", None),
            ("DYNAMIC_x_1", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(CrmItem::parse(text).map(|item| (item.entity_type_id, item.id)), expected, "{text}");
        }
    }
}
