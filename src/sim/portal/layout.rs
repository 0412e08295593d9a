//! LayoutDto of configurable activities: every key known, every required one there (reference/bitrix24.md E.5).

use super::error::Refusal;
use super::params::{as_map, as_text, is_empty};
use serde_json::{Map, Value};

const MAX_TAGS: usize = 2;
const MAX_BUTTONS: usize = 2;
const MAX_BLOCKS: usize = 20;

/// Checks a whole layout; `languages` are those the portal knows.
pub(crate) fn check(value: &Value, languages: &[String]) -> Result<(), Refusal> {
    let layout = as_map(value).filter(|map| !map.is_empty()).ok_or_else(|| Refusal::bad("ERROR_EMPTY_LAYOUT", "Empty layout"))?;
    let checker = Checker { languages };
    checker.keys(&layout, "layout", &["icon", "header", "body"], &["footer"])?;
    checker.part(&layout, "icon", |icon| {
        checker.keys(icon, "icon", &["code"], &[])?;
        checker.word(icon, "icon", "code")
    })?;
    checker.part(&layout, "header", |header| checker.header(header))?;
    checker.part(&layout, "body", |body| checker.body(body))?;
    checker.part(&layout, "footer", |footer| checker.footer(footer))
}

struct Checker<'a> {
    languages: &'a [String],
}

type Check = Result<(), Refusal>;
type Fields = Map<String, Value>;

fn redundant(path: &str, key: &str) -> Refusal {
    Refusal::bad("FIELD_IS_REDUNDANT", format!("Field {path}.{key} is redundant"))
}

fn required(path: &str, key: &str) -> Refusal {
    Refusal::bad("FIELD_IS_REQUIRED", format!("Field {path}.{key} is required"))
}

fn not_in_enum(path: &str, key: &str) -> Refusal {
    Refusal::bad("ENUM_FIELD", format!("Field {path}.{key} has a value that is not in the list"))
}

fn wrong(path: &str, key: &str) -> Refusal {
    Refusal::bad("WRONG_FIELD_VALUE", format!("Field {path}.{key} has wrong value"))
}

impl Checker<'_> {
    /// Required keys are there and not empty, no others than those and the optional ones.
    fn keys(&self, map: &Fields, path: &str, needed: &[&str], optional: &[&str]) -> Check {
        if let Some(key) = map.keys().find(|key| !needed.contains(&key.as_str()) && !optional.contains(&key.as_str())) {
            return Err(redundant(path, key));
        }
        match needed.iter().find(|key| map.get(**key).is_none_or(|value| value.is_null() || value.as_str() == Some(""))) {
            Some(key) => Err(required(path, key)),
            None => Ok(()),
        }
    }

    /// A nested object, if told.
    fn part(&self, map: &Fields, key: &str, check: impl FnOnce(&Fields) -> Check) -> Check {
        match map.get(key).filter(|value| !value.is_null()) {
            None => Ok(()),
            Some(value) => check(&as_map(value).ok_or_else(|| wrong("layout", key))?),
        }
    }

    fn word(&self, map: &Fields, path: &str, key: &str) -> Check {
        match map.get(key) {
            None => Ok(()),
            Some(value) if value.is_string() || value.is_number() => Ok(()),
            Some(_) => Err(wrong(path, key)),
        }
    }

    /// A text or a map of languages the portal knows.
    fn text(&self, map: &Fields, path: &str, key: &str) -> Check {
        match map.get(key) {
            Some(Value::Object(texts)) => match texts.keys().find(|language| !self.languages.contains(language)) {
                Some(language) => Err(Refusal::bad("WRONG_LANG", format!("Language {language} is not supported"))),
                None if texts.is_empty() => Err(required(path, key)),
                None => Ok(()),
            },
            _ => self.word(map, path, key),
        }
    }

    fn choice(&self, map: &Fields, path: &str, key: &str, values: &[&str]) -> Check {
        match map.get(key) {
            None => Ok(()),
            Some(value) => match as_text(value) {
                Some(text) if values.contains(&text.as_str()) => Ok(()),
                _ => Err(not_in_enum(path, key)),
            },
        }
    }

    /// A map of named things: count and characters of the names.
    fn named(&self, map: &Fields, key: &str, most: usize, check: impl Fn(&str, &Fields) -> Check) -> Check {
        let Some(value) = map.get(key).filter(|value| !value.is_null()) else { return Ok(()) };
        let things = as_map(value).ok_or_else(|| wrong("layout", key))?;
        if things.len() > most {
            return Err(Refusal::bad("TOO_MANY_ITEMS", format!("Field {key} has too many items: at most {most}")));
        }
        for (name, thing) in &things {
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
                return Err(Refusal::bad("KEY_CONTAIN_WRONG_SYMBOLS", format!("Key {name} of {key} contains wrong symbols")));
            }
            check(&format!("{key}.{name}"), &as_map(thing).ok_or_else(|| wrong(key, name))?)?;
        }
        Ok(())
    }

    fn header(&self, header: &Fields) -> Check {
        self.keys(header, "header", &["title"], &["titleAction", "tags"])?;
        self.text(header, "header", "title")?;
        self.part(header, "titleAction", |action| self.action("header.titleAction", action))?;
        self.named(header, "tags", MAX_TAGS, |path, tag| {
            self.keys(tag, path, &["title", "type"], &["action", "scope", "hideIfReadonly"])?;
            self.text(tag, path, "title")?;
            self.choice(tag, path, "type", &["warning", "success", "failure", "primary", "secondary"])?;
            self.scope(tag, path)?;
            self.part(tag, "action", |action| self.action(path, action))
        })
    }

    fn scope(&self, map: &Fields, path: &str) -> Check {
        self.choice(map, path, "scope", &["web", "mobile"])
    }

    fn body(&self, body: &Fields) -> Check {
        self.keys(body, "body", &["logo"], &["blocks"])?;
        self.part(body, "logo", |logo| {
            self.keys(logo, "body.logo", &["code"], &["action"])?;
            self.word(logo, "body.logo", "code")?;
            self.part(logo, "action", |action| self.action("body.logo.action", action))
        })?;
        if body.get("blocks").is_some_and(is_empty) {
            return Err(required("body", "blocks"));
        }
        self.named(body, "blocks", MAX_BLOCKS, |path, block| self.block(path, block, BLOCKS))
    }

    fn block(&self, path: &str, block: &Fields, allowed: &[&str]) -> Check {
        self.keys(block, path, &["type"], &["properties"])?;
        self.choice(block, path, "type", allowed)?;
        let kind = block.get("type").and_then(as_text).unwrap_or_default();
        let properties = block.get("properties").and_then(as_map).unwrap_or_default();
        self.properties(&format!("{path}.properties"), &kind, &properties)
    }

    fn properties(&self, path: &str, kind: &str, map: &Fields) -> Check {
        match kind {
            "text" => {
                self.keys(map, path, &["value"], &["multiline", "title", "bold", "size", "color", "scope"])?;
                self.text(map, path, "value")?;
                self.text(map, path, "title")?;
                self.choice(map, path, "size", &["xs", "sm", "md"])?;
            }
            "largeText" => {
                self.keys(map, path, &["value"], &["scope"])?;
                self.text(map, path, "value")?;
            }
            "link" => {
                self.keys(map, path, &["text", "action"], &["bold", "scope"])?;
                self.text(map, path, "text")?;
                self.part(map, "action", |action| self.action(path, action))?;
            }
            "withTitle" => {
                self.keys(map, path, &["title", "block"], &["inline", "scope"])?;
                self.text(map, path, "title")?;
                self.part(map, "block", |block| self.block(path, block, &["text", "link", "deadline"]))?;
            }
            "lineOfBlocks" => {
                self.keys(map, path, &["blocks"], &["scope"])?;
                self.named(map, "blocks", MAX_BLOCKS, |inner, block| self.block(inner, block, &["text", "link", "deadline"]))?;
            }
            _ => self.keys(map, path, &[], &["readonly", "scope"])?,
        }
        self.scope(map, path)
    }

    fn footer(&self, footer: &Fields) -> Check {
        self.keys(footer, "footer", &[], &["buttons", "menu"])?;
        self.named(footer, "buttons", MAX_BUTTONS, |path, button| {
            self.keys(button, path, &["title", "type", "action"], &["scope", "hideIfReadonly"])?;
            self.choice(button, path, "type", &["primary", "secondary"])?;
            self.entry(path, button)
        })?;
        self.part(footer, "menu", |menu| {
            self.keys(menu, "footer.menu", &[], &["showPinItem", "showPostponeItem", "showDeleteItem", "items"])?;
            self.named(menu, "items", MAX_BLOCKS, |path, item| {
                self.keys(item, path, &["title", "action"], &["scope", "hideIfReadonly"])?;
                self.entry(path, item)
            })
        })
    }

    fn entry(&self, path: &str, entry: &Fields) -> Check {
        self.text(entry, path, "title")?;
        self.scope(entry, path)?;
        self.part(entry, "action", |action| self.action(path, action))
    }

    fn action(&self, path: &str, action: &Fields) -> Check {
        let path = format!("{path}.action");
        let kind = action.get("type").and_then(as_text).ok_or_else(|| required(&path, "type"))?;
        match kind.as_str() {
            "redirect" => {
                self.keys(action, &path, &["type", "uri"], &[])?;
                self.word(action, &path, "uri")
            }
            "restEvent" => {
                self.keys(action, &path, &["type", "id"], &["actionParams", "animationType"])?;
                self.choice(action, &path, "animationType", &["loader", "disable"])
            }
            "openRestApp" => self.keys(action, &path, &["type"], &["actionParams", "sliderParams"]),
            _ => Err(not_in_enum(&path, "type")),
        }
    }
}

const BLOCKS: &[&str] = &["text", "largeText", "link", "withTitle", "lineOfBlocks", "deadline"];
