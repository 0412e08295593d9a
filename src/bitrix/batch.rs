//! `batch`: many commands in one request, and its reply with maps that PHP may print as arrays (reference/bitrix24.md F.1).

use super::{Command, RestError, form};
use serde_json::{Map, Value, json};

/// Commands of one request.
pub const MAX_COMMANDS: usize = 50;
/// Our own code for a command that the reply does not mention.
pub const NO_RESULT: &str = "NO_RESULT";

/// Parameters of `batch`: values inside a command are URL-encoded once, since the body is JSON.
pub(super) fn params(commands: &[Command]) -> Value {
    let cmd: Map<String, Value> = commands
        .iter()
        .map(|command| {
            let query = form::unfold(&command.params);
            let line = if query.is_empty() { command.method.clone() } else { format!("{}?{query}", command.method) };
            (command.key.clone(), Value::String(line))
        })
        .collect();
    json!({"halt": 0, "cmd": cmd})
}

/// One command's entry in a map of the reply, be it a map, an array of numeric keys, or an empty array.
fn entry<'a>(envelope: &'a Value, part: &str, key: &str) -> Option<&'a Value> {
    match envelope.get("result")?.get(part)? {
        Value::Object(map) => map.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Results in the order of the commands. An error wins over a result of the same command.
pub(super) fn results(envelope: &Value, commands: &[Command]) -> Vec<Result<Value, RestError>> {
    commands
        .iter()
        .map(|command| {
            if let Some(told) = entry(envelope, "result_error", &command.key) {
                return Err(command_error(told));
            }
            match entry(envelope, "result", &command.key) {
                Some(result) => Ok(result.clone()),
                None => {
                    Err(RestError { status: 200, code: NO_RESULT.to_owned(), text: "the reply does not mention this command".to_owned() })
                }
            }
        })
        .collect()
}

fn command_error(told: &Value) -> RestError {
    RestError::read(200, told).unwrap_or_else(|| RestError { status: 200, code: String::new(), text: form::scalar(told) })
}

/// `time` of one command.
pub(super) fn time<'a>(envelope: &'a Value, command: &Command) -> Option<&'a Value> {
    entry(envelope, "result_time", &command.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(key: &str, params: Value) -> Command {
        Command { key: key.to_owned(), method: "crm.item.get".to_owned(), params }
    }

    #[test]
    fn commands_become_query_lines() {
        let params = params(&[command("a", json!({"id": 5, "select": ["*", "UF_X"]})), command("b", json!({}))]);
        assert_eq!(params, json!({"halt": 0, "cmd": {"a": "crm.item.get?id=5&select%5B0%5D=*&select%5B1%5D=UF_X", "b": "crm.item.get"}}));
    }

    #[test]
    fn empty_maps_may_be_arrays_and_errors_stay_with_their_command() {
        let commands = [command("a", json!({})), command("b", json!({})), command("c", json!({}))];
        let envelope = json!({"result": {"result": {"a": {"id": 1}}, "result_error": {"b": {"error": "not_found", "error_description": "no"}}, "result_time": []}});
        let results = results(&envelope, &commands);
        assert_eq!(results[0], Ok(json!({"id": 1})));
        assert_eq!(results[1], Err(RestError { status: 200, code: "NOT_FOUND".to_owned(), text: "no".to_owned() }));
        assert_eq!(results[2].as_ref().unwrap_err().code, NO_RESULT);
        let numeric = json!({"result": {"result": [7], "result_error": []}});
        assert_eq!(super::results(&numeric, &[command("0", json!({}))]), [Ok(json!(7))]);
    }
}
