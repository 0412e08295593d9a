//! Files: `disk.file.get`, its signed download and the signed download of CRM file fields (reference/bitrix24.md K).

use super::call::{Call, Reply};
use super::error::Refusal;
use super::params::{Params, as_int, as_text};
use super::rights::{Proof, authorize};
use super::server::{Incoming, Outgoing};
use super::simulation::Portal;
use super::state::{DriveFile, State};
use serde_json::{Value, json};

pub(crate) fn file_get(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let id =
        call.params.any_case("id").and_then(as_int).ok_or_else(|| Refusal::bad("ERROR_ARGUMENT", "Invalid value of parameter {id}"))?;
    let file = state.files.get(&id).ok_or_else(|| Refusal::bad("ERROR_NOT_FOUND", "Could not find entity with id `X`."))?;
    Ok(Reply::of(json!({
        "ID": id.to_string(), "NAME": file.name, "CODE": null, "STORAGE_ID": "1", "TYPE": "file", "PARENT_ID": "1", "DELETED_TYPE": "0",
        "FILE_ID": (id + 1_000_000).to_string(), "SIZE": file.bytes.len().to_string(),
        "DOWNLOAD_URL": signed(&state.domain, "download", "disk", &call.caller.token, id),
        "DETAIL_URL": format!("http://{}/docs/file/{}", state.domain, file.name),
    })))
}

/// A link that works as long as the token in it.
pub(crate) fn signed(domain: &str, action: &str, family: &str, token: &str, id: i64) -> String {
    format!("http://{domain}/rest/{action}.json?auth={token}&token={family}%7C{}%7C{}", hex::encode(id.to_string()), id * 7_919 % 100_003)
}

/// The value of a CRM file field as REST shows it.
pub(crate) fn field_value(domain: &str, token: &str, id: i64) -> Value {
    json!({
        "id": id, "url": format!("http://{domain}/bitrix/services/main/ajax.php?action=crm.controller.item.getFile&fileId={id}"),
        "urlMachine": signed(domain, "crm.controller.item.getfile", "crm", token, id),
    })
}

/// Answers a download link; `None` when the request is something else.
pub(crate) fn download(portal: &Portal, method: &str, params: &Params, incoming: &Incoming) -> Option<Outgoing> {
    let family = match method {
        "download" => "disk|",
        "crm.controller.item.getfile" => "crm|",
        _ => return None,
    };
    let not_found = || Outgoing::html(404, "<html><body>404 Not Found</body></html>");
    // Without a real client's headers the vendor's front server plays dead.
    if incoming.header("user-agent").unwrap_or_default().is_empty() || incoming.header("accept").unwrap_or_default().is_empty() {
        return Some(not_found());
    }
    let proof = params.get("auth").and_then(as_text).map_or(Proof::None, Proof::Token);
    let state = portal.core.state();
    if let Err(refusal) = authorize(&portal.core, &state, &proof, portal.core.clock.now()) {
        return Some(Outgoing::json(refusal.status, &Value::Object(refusal.body())));
    }
    let token = params.get("token").and_then(as_text).unwrap_or_default();
    let mut parts = token.strip_prefix(family).unwrap_or_default().split('|');
    let id = parts
        .next()
        .and_then(|part| hex::decode(part).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.parse::<i64>().ok());
    let good = id.is_some_and(|id| parts.next() == Some((id * 7_919 % 100_003).to_string().as_str()));
    let Some(file) = id.filter(|_| good).and_then(|id| state.files.get(&id)) else { return Some(not_found()) };
    Some(send(file))
}

fn send(file: &DriveFile) -> Outgoing {
    let headers = vec![
        ("content-type".to_owned(), "application/octet-stream".to_owned()),
        (
            "content-disposition".to_owned(),
            format!("attachment; filename*=utf-8''{}", super::form::urlencode(&file.name).replace('+', "%20")),
        ),
    ];
    Outgoing::Reply { status: 200, headers, body: file.bytes.clone() }
}
