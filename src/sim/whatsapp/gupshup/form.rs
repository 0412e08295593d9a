//! Reading a vendor's form strictly, and refusing in the vendor's shape.

use super::super::server::{Answer, Call};
use serde_json::{Map, Value, json};

/// A refused request: status and message of `{"status":"error","message"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim::whatsapp) struct Refusal {
    status: u16,
    message: String,
}

impl Refusal {
    pub(in crate::sim::whatsapp) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// 400 with that message.
    pub(in crate::sim::whatsapp) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// Status and words, for dialects with an error shape of their own.
    pub(in crate::sim::whatsapp) fn told(&self) -> (u16, &str) {
        (self.status, &self.message)
    }

    pub(in crate::sim::whatsapp) fn answer(&self) -> Answer {
        Answer::json(self.status, &json!({"status": "error", "message": self.message}))
    }
}

/// A form body; the first value of a name counts.
#[derive(Debug)]
pub(in crate::sim::whatsapp) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form body.
    ///
    /// # Errors
    /// 415 for any other content type.
    pub(in crate::sim::whatsapp) fn read(call: &Call) -> Result<Self, Refusal> {
        let kind = call.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/x-www-form-urlencoded" {
            return Err(Refusal::new(415, "Unsupported Media Type"));
        }
        Ok(Self(form_urlencoded::parse(&call.body).into_owned().collect()))
    }

    /// A field, empty when absent.
    pub(in crate::sim::whatsapp) fn text(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// A field.
    pub(in crate::sim::whatsapp) fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A field that holds a JSON object as a string.
    pub(in crate::sim::whatsapp) fn object(&self, name: &str) -> Result<Map<String, Value>, Refusal> {
        let raw = self.find(name).filter(|raw| !raw.is_empty()).ok_or_else(|| Refusal::bad(format!("Missing parameter: {name}")))?;
        match serde_json::from_str(raw) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(Refusal::bad(format!("Invalid {name} JSON"))),
        }
    }
}

/// A JSON object read strictly; every refusal names the field.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim::whatsapp) struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: &'a str,
}

impl<'a> Fields<'a> {
    pub(in crate::sim::whatsapp) fn new(object: &'a Map<String, Value>, place: &'a str) -> Self {
        Self { object, place }
    }

    /// A nested object.
    pub(in crate::sim::whatsapp) fn object(&self, name: &'a str) -> Result<Fields<'a>, Refusal> {
        let nested = self.object.get(name).and_then(Value::as_object).ok_or_else(|| self.wrong(name, "object expected"))?;
        Ok(Fields::new(nested, name))
    }

    /// A nested array of objects with a number of items within the bounds.
    pub(in crate::sim::whatsapp) fn objects(&self, name: &'a str, least: usize, most: usize) -> Result<Vec<Fields<'a>>, Refusal> {
        let items = self.object.get(name).and_then(Value::as_array).ok_or_else(|| self.wrong(name, "array expected"))?;
        if items.len() < least || items.len() > most {
            return Err(self.wrong(name, &format!("{least} to {most} items expected")));
        }
        items
            .iter()
            .map(|item| item.as_object().map(|item| Fields::new(item, name)).ok_or_else(|| self.wrong(name, "objects expected")))
            .collect()
    }

    /// A required text of 1 to `most` scalar values.
    pub(in crate::sim::whatsapp) fn text(&self, name: &str, most: usize) -> Result<&'a str, Refusal> {
        let text = self.optional(name, most)?.ok_or_else(|| self.wrong(name, "missing"))?;
        if text.trim().is_empty() { Err(self.wrong(name, "empty")) } else { Ok(text) }
    }

    /// A text that may be absent, but never null or another type.
    pub(in crate::sim::whatsapp) fn optional(&self, name: &str, most: usize) -> Result<Option<&'a str>, Refusal> {
        match self.object.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() > most => Err(self.wrong(name, &format!("longer than {most} characters"))),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "string expected")),
        }
    }

    /// A number, or a text that is one.
    pub(in crate::sim::whatsapp) fn degrees(&self, name: &str, bound: f64) -> Result<f64, Refusal> {
        let value = match self.object.get(name) {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.parse::<f64>().ok(),
            _ => None,
        };
        value.filter(|value| value.abs() <= bound).ok_or_else(|| self.wrong(name, "not a coordinate"))
    }

    /// An http(s) address.
    pub(in crate::sim::whatsapp) fn url(&self, name: &str) -> Result<&'a str, Refusal> {
        let text = self.text(name, 2_000)?;
        let good = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if good { Ok(text) } else { Err(self.wrong(name, "not a URL")) }
    }

    /// The raw value.
    pub(in crate::sim::whatsapp) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    /// A refusal that names the field.
    pub(in crate::sim::whatsapp) fn wrong(&self, name: &str, why: &str) -> Refusal {
        Refusal::bad(format!("Invalid {}: {name} {why}", self.place))
    }
}
