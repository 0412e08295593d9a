//! PHP's form encoding in both directions (reference/bitrix24.md C.1): brackets make trees, empty lists and nulls vanish.
//!
//! Percent and plus are `form_urlencoded`'s work; PHP additionally encodes `*`, which the browser's rules leave alone.

use serde_json::{Map, Value};

const MAX_DEPTH: usize = 32;

#[derive(Debug)]
enum Node {
    Leaf(String),
    Branch(Vec<(String, Node)>),
}

/// Reads a body or a query string into the tree PHP would see.
pub(crate) fn decode(encoded: &[u8]) -> Map<String, Value> {
    let mut root = Vec::new();
    for (key, value) in form_urlencoded::parse(encoded) {
        let path = split_key(&key);
        if path.len() <= MAX_DEPTH {
            insert(&mut root, &path, value.into_owned());
        }
    }
    root.into_iter().map(|(key, node)| (key, to_value(node))).collect()
}

/// `a[b][]` → `a`, `b`, ``. A bracket that never closes belongs to the name.
fn split_key(key: &str) -> Vec<String> {
    let Some(open) = key.find('[').filter(|at| *at > 0) else { return vec![key.to_owned()] };
    let (head, mut rest) = key.split_at(open);
    let mut path = vec![head.to_owned()];
    while let Some(inner) = rest.strip_prefix('[') {
        let Some(close) = inner.find(']') else { break };
        let (segment, tail) = inner.split_at(close);
        path.push(segment.to_owned());
        rest = tail.strip_prefix(']').unwrap_or_default();
    }
    path
}

fn insert(branch: &mut Vec<(String, Node)>, path: &[String], value: String) {
    let Some((head, rest)) = path.split_first() else { return };
    let key = if head.is_empty() { next_index(branch) } else { head.clone() };
    let position = branch.iter().position(|(name, _)| *name == key);
    if rest.is_empty() {
        match position.and_then(|at| branch.get_mut(at)) {
            Some(slot) => slot.1 = Node::Leaf(value),
            None => branch.push((key, Node::Leaf(value))),
        }
        return;
    }
    let at = position.unwrap_or_else(|| {
        branch.push((key, Node::Branch(Vec::new())));
        branch.len() - 1
    });
    let Some((_, node)) = branch.get_mut(at) else { return };
    if matches!(node, Node::Leaf(_)) {
        *node = Node::Branch(Vec::new());
    }
    if let Node::Branch(inner) = node {
        insert(inner, rest, value);
    }
}

fn next_index(branch: &[(String, Node)]) -> String {
    branch.iter().filter_map(|(key, _)| key.parse::<u64>().ok()).max().map_or(0, |highest| highest + 1).to_string()
}

fn to_value(node: Node) -> Value {
    match node {
        Node::Leaf(text) => Value::String(text),
        Node::Branch(entries) => {
            let is_list = entries.iter().enumerate().all(|(index, (key, _))| *key == index.to_string());
            if is_list {
                Value::Array(entries.into_iter().map(|(_, node)| to_value(node)).collect())
            } else {
                Value::Object(entries.into_iter().map(|(key, node)| (key, to_value(node))).collect())
            }
        }
    }
}

/// A tree as PHP's `http_build_query` pairs: nulls and empty arrays vanish, booleans become 1 and 0, indexes are explicit.
pub(crate) fn pairs(tree: &Map<String, Value>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (key, value) in tree {
        push(&mut out, key.clone(), value);
    }
    out
}

fn push(out: &mut Vec<(String, String)>, key: String, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(flag) => out.push((key, if *flag { "1" } else { "0" }.to_owned())),
        Value::Number(number) => out.push((key, number.to_string())),
        Value::String(text) => out.push((key, text.clone())),
        Value::Array(list) => list.iter().enumerate().for_each(|(index, item)| push(out, format!("{key}[{index}]"), item)),
        Value::Object(map) => map.iter().for_each(|(name, item)| push(out, format!("{key}[{name}]"), item)),
    }
}

/// PHP's `urlencode`: space is `+`, everything but letters, digits and `-_.` is a percent sequence.
pub(crate) fn urlencode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('*', "%2A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn body(value: Value) -> String {
        pairs(&tree(value)).iter().map(|(key, value)| format!("{}={}", urlencode(key), urlencode(value))).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn empty_lists_and_nulls_vanish_and_indexes_are_written_out() {
        let sent = body(json!({"a": [], "b": null, "c": {"x": [], "y": true}, "d": ["1 2", "*~"], "e": false}));
        assert_eq!(sent, "c%5By%5D=1&d%5B0%5D=1+2&d%5B1%5D=%2A%7E&e=0");
    }

    #[test]
    fn brackets_make_trees_as_php_reads_them() {
        let cases = [
            ("a=1&a=2", json!({"a": "2"})),
            ("a[]=1&a[]=2", json!({"a": ["1", "2"]})),
            ("a%5Bx%5D%5B0%5D=+1&a[y]=%2B7", json!({"a": {"x": [" 1"], "y": "+7"}})),
            ("a[5]=x&a[]=y", json!({"a": {"5": "x", "6": "y"}})),
            ("a=1&a[b]=2", json!({"a": {"b": "2"}})),
            ("[a]=1&b[=2", json!({"[a]": "1", "b": "2"})),
        ];
        for (encoded, expected) in cases {
            assert_eq!(Value::Object(decode(encoded.as_bytes())), expected, "{encoded}");
        }
    }

    #[test]
    fn decoding_takes_back_what_encoding_wrote() {
        let original = json!({"document_id": ["crm", "CCrmDocumentDeal", "DEAL_512"], "properties": {"phone": ["+7 999", "8(900)"], "text": "é 👋\r\n%"}});
        assert_eq!(Value::Object(decode(body(original.clone()).as_bytes())), original);
    }
}
