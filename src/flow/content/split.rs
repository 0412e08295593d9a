//! Items of `buttons` and `rows`: `|` separates, `#` begins a section; `\|`, `\#`, `\=` are literal (ROBOTS.md, "Details"). Pure.

use crate::catalog::template_params::one_line;

/// Characters that a backslash makes literal; before any other a backslash is just one.
const ESCAPED: [char; 3] = ['|', '#', '='];

/// Up to the first separator, unescaped, and what follows it as it stands.
pub(super) fn cut(text: &str) -> (String, Option<&str>) {
    let mut head = String::new();
    let mut symbols = text.char_indices().peekable();
    while let Some((at, symbol)) = symbols.next() {
        match symbol {
            '\\' => match symbols.next_if(|(_, next)| ESCAPED.contains(next)) {
                Some((_, literal)) => head.push(literal),
                None => head.push('\\'),
            },
            '|' => return (head, text.get(at + 1..)),
            other => head.push(other),
        }
    }
    (head, None)
}

/// A whole text, unescaped; separators in it are just characters.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let (head, tail) = cut(rest);
        out.push_str(&head);
        match tail {
            Some(tail) => {
                out.push('|');
                rest = tail;
            }
            None => return out,
        }
    }
}

/// Items, one a line: people paste several into one.
pub(super) fn lines(items: &[String]) -> impl Iterator<Item = &str> {
    items.iter().flat_map(|item| item.lines()).map(str::trim).filter(|line| !line.is_empty())
}

/// `id|Title`; a title alone has no id.
pub(super) fn titled(line: &str) -> (Option<String>, String) {
    match cut(line) {
        (title, None) => (None, one_line(&title)),
        (id, Some(title)) => (Some(id.trim().to_owned()).filter(|id| !id.is_empty()), one_line(&plain(title))),
    }
}

/// `id|Title|Description`; a title alone has no id.
pub(super) fn described(line: &str) -> (Option<String>, String, Option<String>) {
    let (id, title, description) = match cut(line) {
        (title, None) => (None, title, None),
        (id, Some(rest)) => {
            let (title, description) = cut(rest);
            (Some(id.trim().to_owned()), title, description.map(plain))
        }
    };
    let description = description.map(|text| one_line(&text)).filter(|text| !text.is_empty());
    (id.filter(|id| !id.is_empty()), one_line(&title), description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_unescaped_separator_splits() {
        let own = |id: &str, title: &str| (Some(id.to_owned()), title.to_owned());
        for (line, expected) in [
            ("Да", (None, "Да".to_owned())),
            ("yes|Да", own("yes", "Да")),
            (" yes | Да | точно ", own("yes", "Да | точно")),
            ("Да\\|нет", (None, "Да|нет".to_owned())),
            ("a\\|b|Да\\=1", own("a|b", "Да=1")),
            ("\\#5|Пять", own("#5", "Пять")),
            ("|Да", (None, "Да".to_owned())),
            ("C:\\x|Путь \\n", own("C:\\x", "Путь \\n")),
            ("x|", own("x", "")),
        ] {
            assert_eq!(titled(line), expected, "{line}");
        }
        assert_eq!(described("1|Склад|ул. А|вход 2"), (Some("1".to_owned()), "Склад".to_owned(), Some("ул. А|вход 2".to_owned())));
        assert_eq!(described("1|A\\|B| "), (Some("1".to_owned()), "A|B".to_owned(), None));
        assert_eq!(described("Склад"), (None, "Склад".to_owned(), None));
        assert_eq!(lines(&["a\n\n b ".to_owned(), " ".to_owned()]).collect::<Vec<_>>(), ["a", "b"]);
    }
}
