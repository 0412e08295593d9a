//! What a client chooses from: reply buttons and lists, read from their items and held to the limits of reference/whatsapp.md 5.3. Pure.

use super::split;
use super::words::Form;
use crate::domain::blank::is_blank;
use crate::domain::content::{Button, Row, Section};
use crate::domain::refusal::{Code, Refusal};
use std::collections::BTreeSet;

/// Most reply buttons of a message.
const MOST_BUTTONS: usize = 3;
/// Most rows of a list, whatever its sections.
const MOST_ROWS: usize = 10;

/// Limits of one kind of choice.
struct Limits {
    property: &'static str,
    id: usize,
    title: usize,
}

const BUTTON: Limits = Limits { property: "buttons", id: 256, title: 20 };
const ROW: Limits = Limits { property: "rows", id: 200, title: 24 };
const DESCRIPTION: usize = 72;
const SECTION: usize = 24;

/// Reads `buttons`.
///
/// # Errors
/// `too_many_buttons`, `property_invalid`, `text_empty`, `text_too_long`, `duplicate_ids`.
pub(super) fn buttons(form: &Form<'_>, items: &[String]) -> Result<Vec<Button>, Refusal> {
    let lines: Vec<&str> = split::lines(items).collect();
    if lines.len() > MOST_BUTTONS {
        return Err(form.too_many(Code::TooManyButtons, lines.len(), MOST_BUTTONS));
    }
    if lines.is_empty() {
        return Err(form.invalid(BUTTON.property, "", "hint-required"));
    }
    let mut seen = Seen::default();
    let read = lines.iter().enumerate().map(|(index, line)| {
        let (id, title) = split::titled(line);
        let id = id.unwrap_or_else(|| (index + 1).to_string());
        seen.take(form, &BUTTON, line, &id, &title)?;
        Ok(Button { id, title })
    });
    read.collect()
}

/// Reads `rows`.
///
/// # Errors
/// `too_many_rows`, `property_invalid`, `text_empty`, `text_too_long`, `duplicate_ids`.
pub(super) fn rows(form: &Form<'_>, items: &[String]) -> Result<Vec<Section>, Refusal> {
    let lines: Vec<&str> = split::lines(items).collect();
    let count = lines.iter().filter(|line| !line.starts_with('#')).count();
    if count > MOST_ROWS {
        return Err(form.too_many(Code::TooManyRows, count, MOST_ROWS));
    }
    if count == 0 {
        return Err(form.invalid(ROW.property, lines.first().copied().unwrap_or_default(), "hint-required"));
    }
    let (mut sections, mut seen, mut position): (Vec<Section>, Seen, usize) = (Vec::new(), Seen::default(), 0);
    for line in &lines {
        if let Some(title) = line.strip_prefix('#') {
            let title = split::plain(title).trim().to_owned();
            form.check(ROW.property, line, &title, SECTION)?;
            sections.push(Section { title: Some(title).filter(|title| !title.is_empty()), rows: Vec::new() });
            continue;
        }
        position += 1;
        let row = row(form, &mut seen, line, position)?;
        match sections.last_mut() {
            Some(section) => section.rows.push(row),
            None => sections.push(Section { title: None, rows: vec![row] }),
        }
    }
    if let Some(bare) = sections.iter().find(|section| section.rows.is_empty()) {
        return Err(form.invalid(ROW.property, &format!("#{}", bare.title.as_deref().unwrap_or_default()), "hint-section-empty"));
    }
    if sections.len() > 1
        && let Some(untitled) = sections.iter().find(|section| section.title.is_none())
    {
        let first = untitled.rows.first().map(|row| row.title.clone()).unwrap_or_default();
        return Err(form.invalid(ROW.property, &first, "hint-section-untitled"));
    }
    Ok(sections)
}

fn row(form: &Form<'_>, seen: &mut Seen, line: &str, position: usize) -> Result<Row, Refusal> {
    let (id, title, description) = split::described(line);
    let id = id.unwrap_or_else(|| position.to_string());
    seen.take(form, &ROW, line, &id, &title)?;
    form.check(ROW.property, &title, description.as_deref().unwrap_or_default(), DESCRIPTION)?;
    Ok(Row { id, title, description })
}

/// Ids and titles so far.
#[derive(Default)]
struct Seen {
    ids: BTreeSet<String>,
    titles: BTreeSet<String>,
}

impl Seen {
    fn take(&mut self, form: &Form<'_>, limits: &Limits, line: &str, id: &str, title: &str) -> Result<(), Refusal> {
        if is_blank(title) {
            return Err(form.empty(limits.property, line));
        }
        form.check(limits.property, title, title, limits.title)?;
        form.check(limits.property, id, id, limits.id)?;
        if !self.ids.insert(id.to_owned()) {
            return Err(form.twice(limits.property, id));
        }
        if !self.titles.insert(title.to_owned()) {
            return Err(form.twice(limits.property, title));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Title of a section with its rows.
    type Shown<'a> = (Option<&'a str>, Vec<(&'a str, &'a str, Option<&'a str>)>);

    const FORM: Form<'static> = Form { code: "send_list", lang: "ru" };

    fn of(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    fn code<T>(read: Result<T, Refusal>) -> Code {
        read.err().unwrap().code
    }

    #[test]
    fn buttons_are_held_to_the_vendors_limits() {
        let read = buttons(&FORM, &of(&["yes|Да", "Нет"])).unwrap();
        assert_eq!(read.iter().map(|b| (b.id.as_str(), b.title.as_str())).collect::<Vec<_>>(), [("yes", "Да"), ("2", "Нет")]);
        assert_eq!(buttons(&FORM, &of(&[&"😀".repeat(20)])).unwrap().len(), 1);
        for (items, wanted) in [
            (of(&["1", "2", "3", "4"]), Code::TooManyButtons),
            (of(&["a\nb\nc\nd"]), Code::TooManyButtons),
            (of(&["", " "]), Code::PropertyInvalid),
            (of(&["x|"]), Code::TextEmpty),
            (of(&[&"я".repeat(21)]), Code::TextTooLong),
            (vec![format!("{}|Да", "x".repeat(257))], Code::TextTooLong),
            (of(&["a|Да", "a|Нет"]), Code::DuplicateIds),
            (of(&["a|Да", "b|Да"]), Code::DuplicateIds),
            (of(&["2|Да", "Нет"]), Code::DuplicateIds),
        ] {
            assert_eq!(code(buttons(&FORM, &items)), wanted, "{items:?}");
        }
    }

    #[test]
    fn rows_are_held_to_the_vendors_limits() {
        let read = rows(&FORM, &of(&["#Центр", "wh1|Склад 1|ул. А", "Склад 2", "#Юг", "\\#3"])).unwrap();
        let shown: Vec<Shown<'_>> = read
            .iter()
            .map(|section| {
                let rows = section.rows.iter().map(|row| (row.id.as_str(), row.title.as_str(), row.description.as_deref())).collect();
                (section.title.as_deref(), rows)
            })
            .collect();
        let center = vec![("wh1", "Склад 1", Some("ул. А")), ("2", "Склад 2", None)];
        assert_eq!(shown, [(Some("Центр"), center), (Some("Юг"), vec![("3", "#3", None)])]);
        let many: Vec<String> = (0..11).map(|n| format!("Пункт {n}")).collect();
        let ten: Vec<String> = many.iter().take(10).cloned().collect();
        assert!(rows(&FORM, &ten).is_ok());
        for (items, wanted) in [
            (many, Code::TooManyRows),
            (of(&["#Раздел"]), Code::PropertyInvalid),
            (of(&["#A", "x", "#B"]), Code::PropertyInvalid),
            (of(&["x", "#B", "y"]), Code::PropertyInvalid),
            (of(&["#", "x", "#B", "y"]), Code::PropertyInvalid),
            (of(&["1||d"]), Code::TextEmpty),
            (of(&[&"я".repeat(25)]), Code::TextTooLong),
            (vec![format!("1|x|{}", "d".repeat(73))], Code::TextTooLong),
            (vec![format!("{}|x", "i".repeat(201))], Code::TextTooLong),
            (vec![format!("#{}", "s".repeat(25)), "x".to_owned()], Code::TextTooLong),
            (of(&["#A", "1|x", "#B", "1|y"]), Code::DuplicateIds),
            (of(&["#A", "1|x", "#B", "2|x"]), Code::DuplicateIds),
        ] {
            assert_eq!(code(rows(&FORM, &items)), wanted, "{items:?}");
        }
        let told = rows(&FORM, &of(&["#A", "x", "#B"])).unwrap_err();
        assert_eq!((told.args["value"].as_str(), told.args["hint_key"].as_str()), ("#B", "hint-section-empty"));
    }
}
