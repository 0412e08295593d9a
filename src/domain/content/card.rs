//! Contact cards, and the same as a vCard for channels that take only files.

use serde::{Deserialize, Serialize};

/// One contact card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// How the person is called.
    pub name: CardName,
    /// Where the person works.
    #[serde(default)]
    pub company: Option<String>,
    /// As what.
    #[serde(default)]
    pub position: Option<String>,
    /// Numbers.
    #[serde(default)]
    pub phones: Vec<CardPhone>,
    /// E-mail addresses.
    #[serde(default)]
    pub emails: Vec<CardEmail>,
}

/// Parts of a name; WhatsApp wants the whole and at least one part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardName {
    /// The whole name, never blank.
    pub formatted: String,
    /// First name; the whole name where the parts are not known.
    #[serde(default)]
    pub first: Option<String>,
    /// Middle name.
    #[serde(default)]
    pub middle: Option<String>,
    /// Last name.
    #[serde(default)]
    pub last: Option<String>,
}

/// One number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardPhone {
    /// As people write it: `+7 916 000-00-01`.
    pub phone: String,
    /// `WORK` or `HOME`.
    pub kind: String,
    /// Digits under which the number may be on WhatsApp: the card then offers to write.
    #[serde(default)]
    pub wa_id: Option<String>,
}

/// One e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardEmail {
    /// The address.
    pub email: String,
    /// `WORK` or `HOME`.
    pub kind: String,
}

impl Card {
    /// vCard 3.0 (RFC 2426), lines ended by CR LF; `waid` is what WhatsApp itself writes into shared cards.
    pub fn vcard(&self) -> String {
        let part = |part: &Option<String>| escaped(part.as_deref().unwrap_or_default());
        let mut lines = vec!["BEGIN:VCARD".to_owned(), "VERSION:3.0".to_owned()];
        lines.push(format!("N:{};{};{};;", part(&self.name.last), part(&self.name.first), part(&self.name.middle)));
        lines.push(format!("FN:{}", escaped(&self.name.formatted)));
        lines.extend(self.company.as_deref().map(|company| format!("ORG:{}", escaped(company))));
        lines.extend(self.position.as_deref().map(|position| format!("TITLE:{}", escaped(position))));
        for phone in &self.phones {
            let waid = phone.wa_id.as_deref().map(|id| format!(";waid={id}")).unwrap_or_default();
            lines.push(format!("TEL;type={}{waid}:{}", phone.kind, escaped(&phone.phone)));
        }
        lines.extend(self.emails.iter().map(|email| format!("EMAIL;type={}:{}", email.kind, escaped(&email.email))));
        lines.push("END:VCARD".to_owned());
        lines.join("\r\n") + "\r\n"
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for symbol in text.chars().filter(|symbol| *symbol != '\r') {
        match symbol {
            '\\' | ',' | ';' => out.extend(['\\', symbol]),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_a_vcard_whatever_stands_in_it() {
        let card = Card {
            name: CardName {
                formatted: "Ким, Инна; \"Опт\"\nx".to_owned(),
                first: Some("Инна".to_owned()),
                middle: None,
                last: Some("Ким".to_owned()),
            },
            company: Some("ООО \\ Пример".to_owned()),
            position: None,
            phones: vec![CardPhone {
                phone: "+7 916 000-00-01".to_owned(),
                kind: "WORK".to_owned(),
                wa_id: Some("79160000001".to_owned()),
            }],
            emails: vec![CardEmail { email: "i@example.org".to_owned(), kind: "HOME".to_owned() }],
        };
        assert_eq!(
            card.vcard(),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Ким;Инна;;;\r\nFN:Ким\\, Инна\\; \"Опт\"\\nx\r\nORG:ООО \\\\ Пример\r\n\
             TEL;type=WORK;waid=79160000001:+7 916 000-00-01\r\nEMAIL;type=HOME:i@example.org\r\nEND:VCARD\r\n"
        );
    }
}
