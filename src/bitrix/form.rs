//! PHP bracket forms: folds `a[b][0]=x` into a JSON tree, and unfolds a JSON tree into the query of a batch command.
//!
//! Percent and plus decoding is `form_urlencoded`'s (invalid UTF-8 becomes U+FFFD); only PHP's rules of bracket keys live here
//! (reference/bitrix24.md C.1, reference/engine.md 3): `.` and space in a name become `_`, `[]` appends, the last value wins.
//! A folded PHP array is always a JSON object, since `{"0":…}` may have been a list or a map; [`list`] reads both.
//! The number of pairs and the depth are limited; the size of the body is limited by the web server.

use crate::domain::blank::without_nul;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// Most `key=value` pairs of one body.
pub const MAX_PAIRS: usize = 5_000;
/// Most bracket levels of one key.
pub const MAX_DEPTH: usize = 10;

/// Why a body is not a form we read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More than [`MAX_PAIRS`] pairs.
    #[error("more than {MAX_PAIRS} fields")]
    TooManyPairs,
    /// A key with more than [`MAX_DEPTH`] levels.
    #[error("a field is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// Arrays up to this length are searched from the first to the last; longer ones keep the position of each key, so that a hostile body
/// of thousands of keys costs no square of them.
const SHORT: usize = 32;

/// A PHP array under construction: ordered, with the next free index.
#[derive(Debug, Default)]
struct Array {
    items: Vec<(String, Node)>,
    /// Empty while the array is short.
    positions: HashMap<String, usize>,
    next_index: i64,
}

#[derive(Debug)]
enum Node {
    Text(String),
    Array(Array),
}

impl Array {
    fn slot(&mut self, key: String) -> Option<&mut Node> {
        let position = match self.position(&key) {
            Some(position) => position,
            None => {
                if let Some(index) = php_index(&key) {
                    self.next_index = self.next_index.max(index.saturating_add(1));
                }
                self.append(key)
            }
        };
        self.items.get_mut(position).map(|(_, node)| node)
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.positions.is_empty() {
            return self.items.iter().position(|(have, _)| have == key);
        }
        self.positions.get(key).copied()
    }

    fn append(&mut self, key: String) -> usize {
        let position = self.items.len();
        if position == SHORT {
            self.positions = self.items.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
        }
        if position >= SHORT {
            self.positions.insert(key.clone(), position);
        }
        self.items.push((key, Node::Text(String::new())));
        position
    }

    fn put(&mut self, path: &[Segment<'_>], text: String) {
        let Some((first, rest)) = path.split_first() else { return };
        let key = match first {
            Segment::Key(key) => (*key).to_owned(),
            Segment::Append => self.next_index.to_string(),
        };
        let Some(node) = self.slot(key) else { return };
        if rest.is_empty() {
            *node = Node::Text(text);
            return;
        }
        if let Node::Text(_) = node {
            *node = Node::Array(Self::default());
        }
        if let Node::Array(array) = node {
            array.put(rest, text);
        }
    }

    fn into_map(self) -> Map<String, Value> {
        self.items
            .into_iter()
            .map(|(key, node)| {
                let value = match node {
                    Node::Text(text) => Value::String(text),
                    Node::Array(array) => Value::Object(array.into_map()),
                };
                (key, value)
            })
            .collect()
    }
}

#[derive(Debug, PartialEq)]
enum Segment<'a> {
    Key(&'a str),
    Append,
}

/// A key that PHP keeps as an integer: canonical decimal.
fn php_index(key: &str) -> Option<i64> {
    // Most keys are names.
    if !key.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    let index: i64 = key.parse().ok()?;
    (index.to_string() == key).then_some(index)
}

/// The bracket part of a key. Text after a `]` that is not another `[` is ignored, as PHP does.
fn brackets(mut rest: &str) -> Result<Vec<Segment<'_>>, FormError> {
    let mut path = Vec::new();
    while let Some(inner) = rest.strip_prefix('[') {
        let Some((key, after)) = inner.split_once(']') else { break };
        path.push(if key.is_empty() { Segment::Append } else { Segment::Key(key) });
        // The name itself is a level too.
        if path.len() >= MAX_DEPTH {
            return Err(FormError::TooDeep);
        }
        rest = after;
    }
    Ok(path)
}

fn put_pair(root: &mut Array, key: &str, value: String) -> Result<(), FormError> {
    let key = key.trim_start_matches(' ');
    let (name, rest) = match key.find('[') {
        Some(at) if key.get(at..).is_some_and(|rest| rest.contains(']')) => key.split_at(at),
        _ => (key, ""),
    };
    if name.is_empty() {
        return Ok(());
    }
    let odd = ['.', ' ', '['];
    let name = if name.contains(odd) { Cow::from(name.replace(odd, "_")) } else { Cow::from(name) };
    let mut path = Vec::with_capacity(3);
    path.push(Segment::Key(&name));
    path.extend(brackets(rest)?);
    root.put(&path, value);
    Ok(())
}

/// Folds a form body (or query string). Pairs without a name are dropped.
///
/// # Errors
/// [`FormError`] when a limit is passed. Everything else folds to something, as in PHP.
pub fn fold(body: &[u8]) -> Result<Map<String, Value>, FormError> {
    let mut root = Array::default();
    for (count, (key, value)) in form_urlencoded::parse(body).enumerate() {
        if count >= MAX_PAIRS {
            return Err(FormError::TooManyPairs);
        }
        put_pair(&mut root, &without_nul(key.into_owned()), without_nul(value.into_owned()))?;
    }
    Ok(root.into_map())
}

/// The value at a key, exact first, else ignoring ASCII case (`member_id`, `MEMBER_ID`).
pub fn field<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).or_else(|| map.iter().find(|(have, _)| have.eq_ignore_ascii_case(key)).map(|(_, value)| value))
}

/// The text at a key; empty when absent or not text. Numbers and booleans of JSON answers are read as text too.
pub fn text(map: &Map<String, Value>, key: &str) -> String {
    field(map, key).map(scalar).unwrap_or_default()
}

/// A scalar as text: `true` is `1`, as PHP prints it; arrays are empty text.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "1".to_owned(),
        Value::Bool(false) | Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// The elements of a PHP list, whether it arrived as a JSON array, as a map of indexes in any order, or as a single value.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => {
            let mut items: Vec<(Option<i64>, &Value)> = map.iter().map(|(key, value)| (php_index(key), value)).collect();
            if items.iter().all(|(index, _)| index.is_some()) {
                items.sort_by_key(|(index, _)| *index);
            }
            items.into_iter().map(|(_, value)| value).collect()
        }
        Value::Null => Vec::new(),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => vec![value],
    }
}

/// `http_build_query` for one command of a batch: nested keys in brackets, `true`/`false` as `1`/`0`, `null` as empty text
/// (which clears a field); empty lists and maps vanish, as in PHP.
pub fn unfold(params: &Value) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    if let Value::Object(map) = params {
        for (key, value) in map {
            append(&mut out, key.clone(), value);
        }
    }
    out.finish()
}

fn append(out: &mut form_urlencoded::Serializer<'_, String>, key: String, value: &Value) {
    match value {
        Value::Null => {
            out.append_pair(&key, "");
        }
        Value::Bool(flag) => {
            out.append_pair(&key, if *flag { "1" } else { "0" });
        }
        Value::Number(number) => {
            out.append_pair(&key, &number.to_string());
        }
        Value::String(text) => {
            out.append_pair(&key, text);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                append(out, format!("{key}[{index}]"), item);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                append(out, format!("{key}[{name}]"), item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn folded(body: &str) -> Value {
        Value::Object(fold(body.as_bytes()).unwrap())
    }

    #[test]
    fn folds_as_php_does() {
        for (body, expected) in [
            ("a=1&a=2", json!({"a": "2"})),
            ("p%5B0%5D=x&p%5b1%5d=y", json!({"p": {"0": "x", "1": "y"}})),
            ("p[5]=x&p[]=y", json!({"p": {"5": "x", "6": "y"}})),
            ("p[]=x&p[name]=y", json!({"p": {"0": "x", "name": "y"}})),
            ("b[][t]=q&b[][t]=r", json!({"b": {"0": {"t": "q"}, "1": {"t": "r"}}})),
            ("p=x&p[a]=y", json!({"p": {"a": "y"}})),
            ("p[a]=y&p=x", json!({"p": "x"})),
            ("p[a=1", json!({"p_a": "1"})),
            ("a.b c=1", json!({"a_b_c": "1"})),
            ("a[b]tail=1", json!({"a": {"b": "1"}})),
            ("=1&[x]=2&&a", json!({"a": ""})),
            ("t=a+b%2Bc%0D%0A%F0%9F%98%80", json!({"t": "a b+c\r\n😀"})),
            ("t=%FFx", json!({"t": "\u{FFFD}x"})),
            ("data=12", json!({"data": "12"})),
        ] {
            assert_eq!(folded(body), expected, "{body}");
        }
    }

    #[test]
    fn limits_hold() {
        let many = "a=1&".repeat(MAX_PAIRS + 1);
        assert_eq!(fold(many.as_bytes()), Err(FormError::TooManyPairs));
        assert!(fold("a=1&".repeat(MAX_PAIRS).as_bytes()).is_ok());
        assert_eq!(fold(format!("a{}=1", "[x]".repeat(MAX_DEPTH)).as_bytes()), Err(FormError::TooDeep));
        assert!(fold(format!("a{}=1", "[x]".repeat(MAX_DEPTH - 1)).as_bytes()).is_ok());
    }

    #[test]
    fn a_list_is_read_in_index_order() {
        let value = folded("p[2]=c&p[0]=a&p[10]=k");
        assert_eq!(list(&value["p"]).into_iter().map(scalar).collect::<Vec<_>>(), ["a", "c", "k"]);
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = "[^\u{0}]{0,8}".prop_map(Value::String);
        leaf.prop_recursive(4, 24, 4, |inner| prop::collection::btree_map("[a-z][a-z0-9_]{0,5}", inner, 1..4).prop_map(|map| json!(map)))
    }

    proptest! {
        #[test]
        fn what_is_unfolded_folds_back(map in prop::collection::btree_map("[a-z][a-z0-9_]{0,5}", tree(), 0..5)) {
            let value = json!(map);
            prop_assert_eq!(folded(&unfold(&value)), value);
        }

        #[test]
        fn any_bytes_fold_without_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = fold(&body);
        }
    }
}
