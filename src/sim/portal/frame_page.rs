//! A page of the portal for real browsers: the named iframe, the form that fills it, and the parent half of the frame protocol
//! (reference/bitrix24.md J.3). Opened at `/_sim/page?placement=…&user=…&options={…}` or `?url=…`.
//!
//! The iframe gets its name before it is inserted; unknown and denied commands meet silence; `setPropertyValue` is never answered.
//! Around it stands what a newcomer needs: a menu of the pages there are, the robot's form with what it received, a protocol log.

use super::control::word;
use super::crm::DEAL;
use super::frame::Options;
use super::robots::{Kind, Robot};
use super::server::Outgoing;
use super::simulation::Portal;
use super::tokens::ACCESS_LIFE;
use serde_json::{Map, Value, json};

pub(crate) fn answer(portal: &Portal, query: &Map<String, Value>) -> Outgoing {
    let code = word(query, "placement").unwrap_or_else(|| "DEFAULT".into());
    if portal.application_token().is_none() && word(query, "url").is_some_and(|url| url.ends_with("/b24/install")) {
        // An administrator begins the installation: the application appears, not yet finished.
        portal.put_installation(portal.app_keys().0, false);
    }
    let frame = match word(query, "url") {
        Some(url) => portal.frame(&url).in_placement(&code),
        None => match portal.placement(&code) {
            Ok(frame) => frame,
            Err(error) => return Outgoing::html(404, escape(&error.to_string())),
        },
    };
    let user = word(query, "user").and_then(|user| user.parse().ok()).unwrap_or(1);
    let mut options: Value = word(query, "options").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    if let Some(robot) = code.strip_prefix("BIZPROC_ACTIVITY_PROPERTIES_DIALOG:").and_then(|code| portal.robot(code)) {
        options = dialog(&robot, &options);
    }
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
        "application": application(portal, query), "domain": portal.domain(), "code": code, "deals": deals(portal),
        "robots": portal.robots().iter().filter(|robot| robot.kind == Kind::Robot).map(|robot| robot.code.clone()).collect::<Vec<_>>(),
        "tabs": portal.placements().into_iter().map(|one| one.placement).filter(|one| one.ends_with("_DETAIL_TAB")).collect::<Vec<_>>(),
        "language": language,
        "commands": if placement.starts_with("BIZPROC_") { json!(["setPropertyValue"]) } else { json!(["reloadData"]) },
    });
    // `<` must not end the script element.
    let page = PAGE.replace("__DATA__", &data.to_string().replace('<', "\\u003c")).replace("__TITLE__", &escape(placement));
    Outgoing::html(200, page)
}

/// Where our application lives: told, or read off a robot's address.
fn application(portal: &Portal, query: &Map<String, Value>) -> String {
    let told = word(query, "url").or_else(|| portal.robots().first().map(|robot| robot.handler.clone())).unwrap_or_default();
    told.split("/b24/").next().unwrap_or_default().to_owned()
}

fn deals(portal: &Portal) -> Vec<i64> {
    let mut deals: Vec<i64> = portal.core.state().crm.items.keys().filter(|(kind, _)| *kind == DEAL).map(|(_, id)| *id).collect();
    deals.sort_unstable();
    deals
}

/// What the robot's form gives to its settings page (reference/bitrix24.md C.10).
fn dialog(robot: &Robot, told: &Value) -> Value {
    let properties: Map<String, Value> =
        robot.properties.iter().map(|one| (one.id.clone(), json!({"NAME": one.id, "TYPE": one.kind, "MULTIPLE": one.multiple}))).collect();
    let fields = [
        ("ID", "ID", "int"),
        ("TITLE", "Название", "string"),
        ("OPPORTUNITY", "Сумма", "double"),
        ("CURRENCY_ID", "Валюта", "string"),
        ("COMMENTS", "Комментарий", "text"),
        ("CONTACT.NAME", "Контакт: Имя", "string"),
        ("CONTACT.LAST_NAME", "Контакт: Фамилия", "string"),
    ];
    let fields: Map<String, Value> =
        fields.iter().map(|(id, name, kind)| ((*id).to_owned(), json!({"Name": name, "Type": kind}))).collect();
    json!({
        "code": robot.code, "activity_name": "A10000_20000_30000_40000", "properties": properties,
        "current_values": told.get("current_values").cloned().unwrap_or_else(|| json!({})),
        "document_type": ["crm", "CCrmDocumentDeal", "DEAL"], "document_fields": fields,
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated portal: __TITLE__</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:14px system-ui;margin:0;background:#eef2f4;color:#333}header{padding:8px 16px;background:#0b4f94;color:#fff}
#side{padding:8px 16px;display:flex;flex-wrap:wrap;gap:4px 16px;background:#fff;border-bottom:1px solid #dfe0e3}#side a{color:#0b4f94}
main{padding:16px}.dialog{max-width:760px}iframe{width:100%;height:640px;border:1px solid #c6cdd3;background:#fff;box-sizing:border-box}.dialog iframe{height:350px}
pre{max-height:240px;overflow:auto;background:#fff;padding:8px;white-space:pre-wrap;word-break:break-all}button{font:inherit;padding:6px 14px}h2{font-size:15px}</style>
</head><body><header>Simulated portal (no real Bitrix24): __TITLE__</header>
<nav id="side" aria-label="Portal"></nav>
<main><div id="place"></div><div id="form"></div><h2>Values received</h2><pre id="values">{}</pre><h2>Messages</h2><pre id="log" tabindex="0"></pre></main>
<script type="application/json" id="data">__DATA__</script>
<script>
const data = JSON.parse(document.getElementById('data').textContent);
const appOrigin = new URL(data.action).origin;
const here = new URLSearchParams(location.search);
const robotCode = data.code.startsWith('BIZPROC_') ? data.code.split(':')[1] : '';
function address(change) {
  const query = new URLSearchParams();
  for (const name of ['user', 'lang']) if (here.get(name)) query.set(name, here.get(name));
  for (const [name, value] of Object.entries(change)) query.set(name, value);
  return '/_sim/page?' + query;
}
function same(change) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) query.set(name, value);
  return '/_sim/page?' + query;
}
function saved(code) { try { return JSON.parse(sessionStorage.getItem('robot:' + code)) || {}; } catch { return {}; } }
const links = [['Application', address({ url: data.application + '/b24/app' })], ['Installer', address({ url: data.application + '/b24/install' })]];
for (const tab of data.tabs) if (tab === 'CRM_DEAL_DETAIL_TAB') for (const deal of data.deals) links.push(['Deal ' + deal + ': tab', address({ placement: tab, options: JSON.stringify({ ID: String(deal) }) })]);
for (const code of data.robots) links.push(['Robot ' + code, address({ placement: 'BIZPROC_ACTIVITY_PROPERTIES_DIALOG:' + code, options: JSON.stringify({ current_values: saved(code) }) })]);
links.push(['as administrator', same({ user: 1 })], ['as employee', same({ user: 5 })], ['ru', same({ lang: 'ru' })], ['en', same({ lang: 'en' })]);
for (const [name, href] of links) {
  const link = document.createElement('a');
  link.href = href; link.textContent = name;
  document.getElementById('side').append(link);
}
if (robotCode) {
  document.querySelector('main').classList.add('dialog');
  const button = (name, act) => { const one = document.createElement('button'); one.textContent = name; one.onclick = act; document.getElementById('form').append(one, ' '); };
  button('Save robot', () => { sessionStorage.setItem('robot:' + robotCode, JSON.stringify(plain())); note('=', 'robot saved'); });
  for (const deal of data.deals.slice(0, 3)) button('Run on deal ' + deal, async () => note('=', 'fired ' + JSON.stringify(await post('fire', { code: robotCode, document: 'DEAL_' + deal, properties: plain() }))));
}
function plain() { return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replace(/^property_/, ''), value])); }
// The portal's window to choose an item of CRM: the answer is in buckets by type, with the type's letter before the number.
function choose(types, done) {
  const box = document.createElement('div');
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-label', 'Choose an item');
  const one = (name, answer) => { const button = document.createElement('button'); button.textContent = name; button.onclick = () => { box.remove(); done(answer); }; box.append(button, ' '); };
  if (types.includes('deal')) for (const deal of data.deals) one('Choose deal ' + deal, { deal: { 0: { id: 'D_' + deal, title: 'Deal ' + deal, type: 'deal', place: 0 } } });
  one('Choose nothing', {});
  document.getElementById('form').append(box);
}
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
  selectCRM: (p, cb) => choose([].concat((p && p.entityType) || []), picked => reply(cb, picked)),
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
  if (here.get('silent')) return;
  note('<', typeof event.data === 'string' ? event.data : JSON.stringify(event.data));
  const known = Object.prototype.hasOwnProperty.call(commands, command);
  const special = ['setPropertyValue', 'reloadData'].includes(command);
  const denied = data.init.PLACEMENT !== 'DEFAULT' && ['setTitle', 'setScroll', 'reloadWindow'].includes(command);
  if (known && !denied && (!special || data.commands.includes(command))) commands[command](params, callback);
});
form.submit();
</script></body></html>"#;
