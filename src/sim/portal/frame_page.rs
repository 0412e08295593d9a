//! A page of the portal for real browsers: the named iframe, the form that fills it, and the parent half of the frame protocol
//! (reference/bitrix24.md J.3). Opened at `/_sim/page?placement=…&user=…&options={…}` or `?url=…`.
//!
//! The iframe gets its name before it is inserted; unknown commands meet silence; `setPropertyValue` is never answered.

use super::control::word;
use super::frame::Options;
use super::server::Outgoing;
use super::simulation::Portal;
use super::tokens::ACCESS_LIFE;
use serde_json::{Map, Value, json};

pub(crate) fn answer(portal: &Portal, query: &Map<String, Value>) -> Outgoing {
    let code = word(query, "placement").unwrap_or_else(|| "DEFAULT".into());
    let frame = match word(query, "url") {
        Some(url) => portal.frame(&url).in_placement(&code),
        None => match portal.placement(&code) {
            Ok(frame) => frame,
            Err(error) => return Outgoing::html(404, escape(&error.to_string())),
        },
    };
    let user = word(query, "user").and_then(|user| user.parse().ok()).unwrap_or(1);
    let options: Value = word(query, "options").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    let mut frame = frame.by(user);
    if options.is_object() {
        frame = frame.options(Options::Json(options.clone()));
    }
    let language = word(query, "lang").unwrap_or_else(|| portal.core.config.language.clone());
    let form = frame.language(&language).form();
    let admin = portal.core.state().users.get(&user).is_some_and(|user| user.admin);
    let installer = !portal.is_installed();
    let field = |name: &str| form.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let placement = if code.starts_with("BIZPROC_") { "BIZPROC_ACTIVITY_PROPERTIES_DIALOG" } else { &code };
    let data = json!({
        "frame": format!("{}|0|{}", portal.domain(), form.app_sid), "action": form.action, "fields": form.fields, "sid": form.app_sid, "user": user,
        "init": {
            "LANG": language, "DOMAIN": portal.domain(), "PROTOCOL": 0, "PATH": "/rest", "AUTH_ID": field("AUTH_ID"),
            "AUTH_EXPIRES": ACCESS_LIFE / 1_000, "REFRESH_ID": field("REFRESH_ID"), "MEMBER_ID": portal.member_id(), "FIRST_RUN": installer,
            "IS_ADMIN": admin, "INSTALL": installer, "USER_OPTIONS": {}, "APP_OPTIONS": {}, "PLACEMENT": placement,
            "PLACEMENT_OPTIONS": if options.is_object() { options } else { json!([]) },
        },
        "commands": if placement.starts_with("BIZPROC_") { json!(["setPropertyValue"]) } else { json!(["reloadData"]) },
    });
    // `<` must not end the script element.
    let page = PAGE.replace("__DATA__", &data.to_string().replace('<', "\\u003c")).replace("__TITLE__", &escape(placement));
    Outgoing::html(200, page)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated portal: __TITLE__</title>
<style>body{font:14px system-ui;margin:0;background:#eef2f4}header{padding:8px 16px;background:#2067b0;color:#fff}
main{padding:16px}iframe{width:100%;height:640px;border:1px solid #c6cdd3;background:#fff}pre{max-height:240px;overflow:auto;background:#fff;padding:8px}</style>
</head><body><header>Simulated portal (no real Bitrix24): __TITLE__</header>
<main><div id="place"></div><h2>Values received</h2><pre id="values">{}</pre><h2>Messages</h2><pre id="log"></pre></main>
<script type="application/json" id="data">__DATA__</script>
<script>
const data = JSON.parse(document.getElementById('data').textContent);
const appOrigin = new URL(data.action).origin;
const frame = document.createElement('iframe');
frame.name = data.frame;
frame.title = 'application';
document.getElementById('place').append(frame);
const form = document.createElement('form');
form.method = 'post'; form.action = data.action; form.target = data.frame; form.hidden = true;
for (const [name, value] of data.fields) {
  const input = document.createElement('input');
  input.type = 'hidden'; input.name = name; input.value = value; form.append(input);
}
document.body.append(form);
const values = {}, bound = [];
window.sim = { values, log: [], fire(event, payload) { bound.filter(b => b.event === event).forEach(b => reply(b.callback, payload)); } };
function note(direction, text) {
  window.sim.log.push(direction + ' ' + text);
  document.getElementById('log').textContent = window.sim.log.slice(-100).map(line => line.replace(/[0-9a-f]{64}/g, '(token)')).join('\n');
}
function reply(callback, value) {
  if (!callback) return;
  const text = callback + ':' + (value === undefined ? '' : JSON.stringify(value));
  note('>', text);
  frame.contentWindow.postMessage(text, appOrigin);
}
async function post(path, body) { return (await fetch('/_sim/' + path, { method: 'POST', body: JSON.stringify(body || {}) })).json(); }
const commands = {
  getInitData: (p, cb) => { reply(cb, data.init); data.init.FIRST_RUN = false; },
  getInterface: (p, cb) => reply(cb, { command: data.commands, event: [] }),
  refreshAuth: async (p, cb) => {
    const t = await post('tokens', { user: data.user });
    reply(cb, { AUTH_ID: t.access_token, AUTH_EXPIRES: 3600, REFRESH_ID: t.refresh_token });
  },
  setInstall: (p, cb) => reply(cb, p),
  setInstallFinish: async p => {
    if (data.init.INSTALL && !(p && p.value === false)) await post('install/finish');
    location.search += '&install_finished=' + (p && p.value === false ? 'N' : 'Y');
  },
  setUserOption: (p, cb) => reply(cb, p),
  setAppOption: (p, cb) => { if (data.init.IS_ADMIN) reply(cb, p); },
  resizeWindow: (p, cb) => { if (p && p.height) frame.style.height = parseInt(p.height, 10) + 'px'; reply(cb, p); },
  setTitle: (p, cb) => { document.title = p.title; reply(cb, p); },
  setScroll: (p, cb) => reply(cb, p),
  reloadWindow: () => location.reload(),
  placementBindEvent: (p, cb) => bound.push({ event: p.event, callback: cb }),
  openPath: (p, cb) => reply(cb, /^\/(crm\/(deal|lead|contact|company|type)|marketplace|company\/personal\/user|workgroups\/group)\//.test(p.path)
    ? { result: 'close' } : { result: 'error', errorCode: 'PATH_NOT_AVAILABLE' }),
  reloadData: (p, cb) => reply(cb),
  setPropertyValue: p => {
    for (const [name, value] of Object.entries(p || {})) if (name !== 'isRawValue') values['property_' + name.toLowerCase()] = value;
    document.getElementById('values').textContent = JSON.stringify(values, null, 1);
  },
};
addEventListener('message', event => {
  if (event.origin !== appOrigin || event.source !== frame.contentWindow) return;
  let command, params, callback, sid;
  if (typeof event.data === 'string') {
    const parts = event.data.split(':');
    command = parts[0]; sid = parts[parts.length - 1]; callback = parts[parts.length - 2];
    const json = parts.slice(1, -2).join(':');
    try { params = json ? JSON.parse(json) : undefined; } catch { params = json; }
  } else if (event.data && event.data.method) {
    ({ method: command, params, callback, appSid: sid } = event.data);
  } else return;
  if (sid !== data.sid) return;
  note('<', typeof event.data === 'string' ? event.data : JSON.stringify(event.data));
  const known = Object.prototype.hasOwnProperty.call(commands, command);
  const special = ['setPropertyValue', 'reloadData'].includes(command);
  if (known && (!special || data.commands.includes(command))) commands[command](params, callback);
});
form.submit();
</script></body></html>"#;
