//! `write_fields`: which result goes into which CRM field (ROBOTS.md, common properties).
//!
//! Canonical form `UF_CRM_X = status`. Double or single braces around the item or either side are read as well, since people
//! write them by habit and Bitrix24's form rewrites `{{Title}}` when a field has that title.

use super::spec::ResultField;

/// Why an item is no assignment: word of the locales (`hint-<word>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) item: String,
    pub(super) word: &'static str,
}

/// Reads all items; several may stand in one, separated by line breaks or semicolons.
pub(super) fn parse(items: &[String], results: &[ResultField]) -> Result<Vec<(String, String)>, Mistake> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for item in items.iter().flat_map(|item| item.split(['\n', ';'])).map(str::trim).filter(|item| !item.is_empty()) {
        let mistake = |word| Mistake { item: item.chars().take(80).collect(), word };
        let (field, result) = unbraced(item).split_once('=').ok_or_else(|| mistake("assignment"))?;
        let (field, result) = (unbraced(field), unbraced(result));
        if !is_field(field) {
            return Err(mistake("assignment"));
        }
        let known = results.iter().find(|known| known.id.eq_ignore_ascii_case(result)).ok_or_else(|| mistake("assignment-result"))?;
        if pairs.iter().any(|(other, _)| other.eq_ignore_ascii_case(field)) {
            return Err(mistake("assignment-twice"));
        }
        pairs.push((field.to_owned(), known.id.clone()));
    }
    Ok(pairs)
}

/// The assignments among the items, whatever else stands there: for a call that is refused before it is read as a whole.
pub(super) fn legible(items: &[String], results: &[ResultField]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for item in items.iter().flat_map(|item| item.split(['\n', ';'])) {
        for (field, result) in parse(&[item.to_owned()], results).unwrap_or_default() {
            if !pairs.iter().any(|(other, _)| other.eq_ignore_ascii_case(&field)) {
                pairs.push((field, result));
            }
        }
    }
    pairs
}

/// `UF_CRM_1`, `ufCrm7_12`, `comments`.
fn is_field(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Without blanks and without one pair of `{{ }}` or `{ }` around the whole.
fn unbraced(text: &str) -> &str {
    let text = text.trim();
    for (open, close) in [("{{", "}}"), ("{", "}")] {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close))
            && !inner.contains(['{', '}'])
        {
            return inner.trim();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::spec::Type;
    use super::*;

    fn read(items: &[&str]) -> Result<Vec<(String, String)>, &'static str> {
        let results = ["status", "message_id"].map(|id| ResultField { id: id.to_owned(), kind: Type::String, multiple: false });
        let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
        parse(&items, &results).map_err(|mistake| mistake.word)
    }

    #[test]
    fn every_written_form_is_read() {
        let expected = Ok(vec![("UF_CRM_X".to_owned(), "status".to_owned())]);
        for item in [
            "UF_CRM_X = status",
            "UF_CRM_X=status",
            "  UF_CRM_X =  Status ",
            "{{UF_CRM_X}} = {{status}}",
            "UF_CRM_X = {{ status }}",
            "{{UF_CRM_X = status}}",
            "{UF_CRM_X} = {status}",
        ] {
            assert_eq!(read(&[item, ""]), expected, "{item}");
        }
        assert_eq!(read(&["A=status\nB=message_id"]).unwrap().len(), 2);
        assert_eq!(read(&[]), Ok(vec![]));
    }

    #[test]
    fn what_can_be_read_is_read_among_mistakes() {
        let results = ["status", "error_code"].map(|id| ResultField { id: id.to_owned(), kind: Type::String, multiple: false });
        let items = ["A = nonsense; {{B}} = status", "B = error_code", "=", "C=error_code"].map(str::to_owned);
        let pairs = legible(&items, &results);
        assert_eq!(pairs, [("B", "status"), ("C", "error_code")].map(|(field, result)| (field.to_owned(), result.to_owned())));
    }

    #[test]
    fn mistakes_are_named() {
        for (item, word) in [
            ("UF_CRM_X", "assignment"),
            ("= status", "assignment"),
            ("1X = status", "assignment"),
            ("Поле = status", "assignment"),
            ("{{A = {{status}}", "assignment"),
            ("A = nothing", "assignment-result"),
            ("A = ", "assignment-result"),
            ("A = status; a = message_id", "assignment-twice"),
        ] {
            assert_eq!(read(&[item]), Err(word), "{item}");
        }
    }
}
