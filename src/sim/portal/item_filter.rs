//! Filters and orders of list methods (reference/bitrix24.md E.2): prefixes, `logic`, comparison of numbers and texts.

use super::params::{as_list, as_text};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Longest first, so that `>=` is not read as `>`.
const PREFIXES: [&str; 15] = ["!=%", "!%=", "!%", "!@", "!=", ">=", "<=", "=%", "%=", "!", ">", "<", "@", "=", "%"];

/// Whether a row passes.
pub(crate) fn fits(row: &Map<String, Value>, filter: &Map<String, Value>) -> bool {
    let any = filter.get("logic").or_else(|| filter.get("LOGIC")).and_then(as_text).is_some_and(|logic| logic.eq_ignore_ascii_case("OR"));
    let mut conditions = filter.iter().filter(|(key, _)| !key.eq_ignore_ascii_case("logic"));
    let holds = |(key, value): (&String, &Value)| match value {
        Value::Object(nested) if key.parse::<u32>().is_ok() => fits(row, nested),
        _ => condition(row, key, value),
    };
    if any { conditions.any(holds) } else { conditions.all(holds) }
}

fn condition(row: &Map<String, Value>, key: &str, expected: &Value) -> bool {
    let prefix = PREFIXES.iter().find(|prefix| key.starts_with(**prefix)).copied().unwrap_or_default();
    let name = key.strip_prefix(prefix).unwrap_or(key);
    let actual = row.get(name).unwrap_or(&Value::Null);
    match prefix {
        ">" => compare(actual, expected) == Some(Ordering::Greater),
        "<" => compare(actual, expected) == Some(Ordering::Less),
        ">=" => matches!(compare(actual, expected), Some(Ordering::Greater | Ordering::Equal)),
        "<=" => matches!(compare(actual, expected), Some(Ordering::Less | Ordering::Equal)),
        "!" | "!=" | "!@" => !among(actual, expected),
        "%" | "=%" | "%=" => contains(actual, expected),
        "!%" | "!=%" | "!%=" => !contains(actual, expected),
        _ => among(actual, expected),
    }
}

/// Equal, or one of a list; a multiple field is equal when one of its values is.
fn among(actual: &Value, expected: &Value) -> bool {
    let wanted = match expected {
        Value::Array(_) | Value::Object(_) => as_list(expected).unwrap_or_default(),
        single => vec![single.clone()],
    };
    match actual {
        Value::Array(values) => values.iter().any(|value| wanted.iter().any(|one| compare(value, one) == Some(Ordering::Equal))),
        value => wanted.iter().any(|one| compare(value, one) == Some(Ordering::Equal)),
    }
}

fn contains(actual: &Value, expected: &Value) -> bool {
    let needle = as_text(expected).unwrap_or_default().replace('%', "").to_lowercase();
    as_text(actual).unwrap_or_default().to_lowercase().contains(&needle)
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return left.partial_cmp(&right);
    }
    let text = |value: &Value| if value.is_null() { Some(String::new()) } else { as_text(value) };
    Some(text(left)?.cmp(&text(right)?))
}

/// Sorts by the first key of `order`, `ASC` unless told otherwise.
pub(crate) fn sort(rows: &mut [Map<String, Value>], order: &Map<String, Value>) {
    let Some((name, direction)) = order.iter().next() else { return };
    let descending = as_text(direction).is_some_and(|direction| direction.eq_ignore_ascii_case("DESC"));
    rows.sort_by(|left, right| {
        let ordering = compare(left.get(name).unwrap_or(&Value::Null), right.get(name).unwrap_or(&Value::Null)).unwrap_or(Ordering::Equal);
        if descending { ordering.reverse() } else { ordering }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prefixes_mean_what_the_contract_says() {
        let row = json!({"id": 12, "title": "Order 15", "tags": ["a", "b"], "empty": null}).as_object().cloned().unwrap();
        let cases = [
            (json!({"id": "12"}), true),
            (json!({">id": 12}), false),
            (json!({">=id": 12, "<id": "13"}), true),
            (json!({"@id": [1, 12]}), true),
            (json!({"!@id": [1, 12]}), false),
            (json!({"%title": "order"}), true),
            (json!({"tags": "b"}), true),
            (json!({"empty": ""}), true),
            (json!({"logic": "OR", "0": {"id": 1}, "1": {"title": "Order 15"}}), true),
        ];
        for (filter, expected) in cases {
            assert_eq!(fits(&row, filter.as_object().unwrap()), expected, "{filter}");
        }
    }
}
