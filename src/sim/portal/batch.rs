//! `batch`: up to fifty commands in order, references to earlier results, errors inside a 200 (reference/bitrix24.md F.1).

use super::call::Reply;
use super::error::Refusal;
use super::form;
use super::log::CommandRecord;
use super::params::{Params, as_flag, as_map, as_text};
use super::rest::{self, Outcome};
use super::rights::Caller;
use super::simulation::Portal;
use crate::domain::clock::Ms;
use serde_json::{Map, Value, json};

const MAX_COMMANDS: usize = 50;

/// Methods inside, for fault rules.
pub(crate) fn methods(params: &Params) -> Vec<String> {
    let commands = params.any_case("cmd").and_then(as_map).unwrap_or_default();
    commands.values().filter_map(as_text).map(|command| split(&command).0).collect()
}

/// `method?query` → method and query.
fn split(command: &str) -> (String, String) {
    let (method, query) = command.split_once('?').unwrap_or((command, ""));
    (method.trim().trim_end_matches(".json").to_lowercase(), query.to_owned())
}

#[derive(Default)]
struct Collected {
    result: Map<String, Value>,
    error: Map<String, Value>,
    total: Map<String, Value>,
    next: Map<String, Value>,
    time: Map<String, Value>,
}

/// Runs the commands one by one.
pub(crate) async fn run(portal: &Portal, params: &Params, caller: &Caller, now: Ms) -> (Outcome, Vec<CommandRecord>) {
    let Some(commands) = params.any_case("cmd").and_then(as_map) else {
        return (Err(Refusal::argument(400, "cmd")), Vec::new());
    };
    let halt = params.any_case("halt").and_then(as_flag).unwrap_or(false);
    let mut collected = Collected::default();
    let mut records = Vec::with_capacity(commands.len());
    for (place, (key, told)) in commands.iter().enumerate() {
        let (method, query) = split(&as_text(told).unwrap_or_default());
        let mut inner = form::decode(query.as_bytes());
        resolve(&mut inner, &collected.result);
        let outcome = one(portal, &method, place, Params(inner.clone()), caller, now).await;
        records.push(rest::command(&method, &inner, outcome.as_ref().err()));
        let failed = outcome.is_err();
        collect(&mut collected, key, outcome);
        if failed && halt {
            break;
        }
    }
    let reply = Reply::of(json!({
        "result": php(collected.result), "result_error": php(collected.error), "result_total": php(collected.total),
        "result_next": php(collected.next), "result_time": php(collected.time),
    }));
    let mut state = portal.core.state();
    let time = rest::time_block(&mut state, caller.budget(), "batch", now, 0);
    (Ok((reply, time)), records)
}

async fn one(portal: &Portal, method: &str, place: usize, params: Params, caller: &Caller, now: Ms) -> Outcome {
    if place >= MAX_COMMANDS {
        return Err(Refusal::bad("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded"));
    }
    if method == "batch" || method == "disk.folder.uploadfile" || method == "disk.storage.uploadfile" {
        return Err(Refusal::new(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage"));
    }
    let found = {
        let mut state = portal.core.state();
        if let Some(refusal) = state.faults.for_command(method) {
            return Err(refusal);
        }
        rest::find(&state, method)?
    };
    rest::run(portal, found, params, caller, now).await
}

fn collect(collected: &mut Collected, key: &str, outcome: Outcome) {
    match outcome {
        Ok((reply, time)) => {
            collected.result.insert(key.to_owned(), reply.result);
            if let Some(total) = reply.total {
                collected.total.insert(key.to_owned(), json!(total));
            }
            if let Some(next) = reply.next {
                collected.next.insert(key.to_owned(), json!(next));
            }
            collected.time.insert(key.to_owned(), time);
        }
        Err(refusal) => drop(collected.error.insert(key.to_owned(), Value::Object(refusal.body()))),
    }
}

/// PHP's JSON: an array whose keys are 0, 1, 2 … is a list, and the empty one as well.
fn php(map: Map<String, Value>) -> Value {
    let is_list = map.keys().enumerate().all(|(index, key)| *key == index.to_string());
    if is_list { Value::Array(map.into_iter().map(|(_, value)| value).collect()) } else { Value::Object(map) }
}

/// Replaces `$result[key][field][0]` in all texts; a text that is nothing else becomes the value itself.
fn resolve(params: &mut Map<String, Value>, results: &Map<String, Value>) {
    params.values_mut().for_each(|value| resolve_value(value, results));
}

fn resolve_value(value: &mut Value, results: &Map<String, Value>) {
    match value {
        Value::Object(map) => resolve(map, results),
        Value::Array(list) => list.iter_mut().for_each(|item| resolve_value(item, results)),
        Value::String(text) => {
            if let Some(resolved) = resolve_text(text, results) {
                *value = resolved;
            }
        }
        _ => {}
    }
}

const MARK: &str = "$result[";

fn resolve_text(text: &str, results: &Map<String, Value>) -> Option<Value> {
    let first = text.find(MARK)?;
    let mut out = String::new();
    let mut rest = text;
    let mut whole = None;
    while let Some(at) = rest.find(MARK) {
        let (before, reference) = rest.split_at(at);
        let (path, tail) = read_path(reference.strip_prefix("$result").unwrap_or_default());
        let found = walk(results, &path);
        out.push_str(before);
        out.push_str(&as_text(&found).unwrap_or_default());
        if first == 0 && tail.is_empty() && whole.is_none() && rest.len() == text.len() {
            whole = Some(found);
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(whole.unwrap_or(Value::String(out)))
}

/// `[a][b]tail` → a, b and the tail.
fn read_path(text: &str) -> (Vec<&str>, &str) {
    let mut path = Vec::new();
    let mut rest = text;
    while let Some((segment, tail)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        path.push(segment);
        rest = tail;
    }
    (path, rest)
}

fn walk(results: &Map<String, Value>, path: &[&str]) -> Value {
    let Some((first, rest)) = path.split_first() else { return Value::Null };
    let mut current = results.get(*first);
    for segment in rest {
        current = current.and_then(|value| match value {
            Value::Object(map) => map.get(*segment),
            Value::Array(list) => segment.parse::<usize>().ok().and_then(|index| list.get(index)),
            _ => None,
        });
    }
    current.cloned().unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_reach_into_earlier_results() {
        let results = json!({"d": {"item": {"contactId": 9, "title": "A"}}, "l": [[7, 8]]}).as_object().cloned().unwrap();
        let cases = [
            ("$result[d][item][contactId]", json!(9)),
            ("id $result[d][item][contactId]!", json!("id 9!")),
            ("$result[d][item][contactId]/$result[d][item][title]", json!("9/A")),
            ("$result[l][0]", json!([7, 8])),
            ("$result[x][y]", Value::Null),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve_text(text, &results), Some(expected), "{text}");
        }
        assert_eq!(resolve_text("plain", &results), None);
    }
}
