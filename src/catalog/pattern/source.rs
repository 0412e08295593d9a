//! The look at a pattern before the parser: size, depth, and Bitrix24's own double braces.
//!
//! The parser is recursive, so a hostile pattern could exhaust the stack there; this scan reads mustaches exactly as the
//! grammar does (escapes, strings) and refuses what would nest too deep. It also hides `{{=` and `{{~`, which are
//! Bitrix24's and stay text, behind a stand-in of equal length, so that positions in error texts remain true.

use super::{Fault, PATTERN_BYTES};

/// Deepest nesting of blocks or of parentheses.
const DEPTH: usize = 12;
/// Most `else` in one pattern: a chain of them nests in the tree.
const ELSES: usize = 40;

/// So many backslashes in a row are refused: the grammar looks ahead from each of them.
const BACKSLASHES: usize = 33;

/// A pattern that may be parsed.
#[derive(Debug)]
pub(super) struct Proven {
    /// Text for the parser.
    pub(super) text: String,
    /// Stands for one `{` of a literal `{{`; a noncharacter that the pattern does not contain.
    pub(super) stand_in: char,
}

/// Checks size, depth and forbidden constructs.
pub(super) fn prove(text: &str) -> Result<Proven, Fault> {
    if text.len() > PATTERN_BYTES {
        return Err(Fault::invalid("too_large", PATTERN_BYTES.to_string()));
    }
    if text.contains(&"\\".repeat(BACKSLASHES)) {
        return Err(Fault::invalid("construct", "\\\\…"));
    }
    let free = ('\u{fdd0}'..='\u{fdef}').find(|c| !text.contains(*c));
    let stand_in = free.ok_or_else(|| Fault::invalid("construct", "U+FDD0"))?;
    let mut scan = Scan { text, at: 0, out: String::with_capacity(text.len() + 16), blocks: 0, elses: 0, stand_in };
    while scan.step().map_err(|fault| fault.located(Some(position(text, scan.at))))? {}
    Ok(Proven { text: scan.out, stand_in })
}

/// Line and column of a byte offset, from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

struct Scan<'a> {
    text: &'a str,
    /// Byte offset of what is not read yet.
    at: usize,
    out: String,
    blocks: usize,
    elses: usize,
    stand_in: char,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn copy(&mut self, bytes: usize) {
        self.out.push_str(self.rest().get(..bytes).unwrap_or_default());
        self.at += bytes;
    }

    /// Reads up to and including the next mustache; `false` at the end.
    fn step(&mut self) -> Result<bool, Fault> {
        let Some(plain) = self.rest().find("{{") else {
            self.copy(self.rest().len());
            return Ok(false);
        };
        let escaped = self.rest().get(..plain).is_some_and(|before| before.ends_with('\\') && !before.ends_with("\\\\"));
        self.copy(plain);
        let body = self.rest().get(2..).unwrap_or_default();
        if escaped {
            // The grammar takes `\{{{{` as one escape.
            self.copy(if body.starts_with("{{") { 4 } else { 2 });
        } else if body.starts_with(['=', '~']) {
            self.out.push(self.stand_in);
            self.out.push(self.stand_in);
            self.at += 2;
        } else if body.starts_with("{=") || body.starts_with("{~") {
            self.copy(1);
        } else {
            self.mustache(body)?;
        }
        Ok(true)
    }

    fn mustache(&mut self, body: &str) -> Result<(), Fault> {
        if body.starts_with("{{") {
            return Err(Fault::invalid("construct", "{{{{"));
        }
        let inner = body.trim_start();
        let forbidden = [("!", "{{!"), (">", "{{>"), ("*", "{{*"), ("#*", "{{#*"), ("#>", "{{#>")];
        if let Some((_, shown)) = forbidden.iter().find(|(sign, _)| inner.starts_with(sign)) {
            return Err(Fault::invalid("construct", *shown));
        }
        if inner.starts_with('#') {
            self.blocks += 1;
        } else if inner.starts_with('/') {
            self.blocks = self.blocks.saturating_sub(1);
        } else if inner.starts_with("else") || inner.starts_with('^') {
            self.elses += 1;
        }
        if self.blocks > DEPTH || self.elses > ELSES {
            return Err(Fault::invalid("too_deep", ""));
        }
        let skip = if body.starts_with('{') { 1 } else { 0 };
        let length = inside(body.get(skip..).unwrap_or_default())?;
        self.copy(2 + skip + length);
        Ok(())
    }
}

/// Bytes up to the closing braces (excluded), counting parentheses outside of strings.
fn inside(body: &str) -> Result<usize, Fault> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut chars = body.char_indices();
    while let Some((index, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '}') => return Ok(index),
            (None, '(') => {
                depth += 1;
                if depth > DEPTH {
                    return Err(Fault::invalid("too_deep", ""));
                }
            }
            (None, ')') => depth = depth.saturating_sub(1),
            // Array and object literals and bracketed names nest in the parser and are needed for nothing.
            (None, '[' | ']' | '{') => return Err(Fault::invalid("construct", c)),
            (None, _) => {}
        }
    }
    Ok(body.len())
}
