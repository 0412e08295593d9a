//! Buttons of a template as Meta lists them → ours.

use crate::provider::json;
use serde_json::{Value, json as make};

/// In one shape, with `dynamic` where the address takes a suffix.
pub(in crate::provider) fn read(listed: &[Value]) -> Value {
    let read = |button: &Value| {
        let mut read = make!({
            "type": json::at(button, "type").unwrap_or_default().to_uppercase(),
            "text": json::at(button, "text").unwrap_or_default(),
        });
        if let Some(fields) = read.as_object_mut() {
            if let Some(url) = json::at(button, "url") {
                fields.insert("dynamic".to_owned(), Value::Bool(url.contains("{{")));
                fields.insert("url".to_owned(), Value::String(url));
            }
            for key in ["phone_number", "otp_type", "flow_id", "example"] {
                if let Some(value) = button.get(key).filter(|value| !value.is_null()) {
                    fields.insert(key.to_owned(), value.clone());
                }
            }
        }
        read
    };
    Value::Array(listed.iter().map(read).collect())
}
