//! Decimal amounts as people read them, in Russian and English.
//!
//! Amounts stay decimal text from the CRM to the message: a binary float would turn 0.1 + 0.2 kopecks into a question.

/// No-break space: a number must not be torn apart at the end of a line.
const NBSP: char = '\u{a0}';

/// Code, symbol. Symbols of letters stand after the amount in every language.
const SYMBOLS: [(&str, &str); 23] = [
    ("RUB", "₽"),
    ("USD", "$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("KZT", "₸"),
    ("UAH", "₴"),
    ("BYN", "Br"),
    ("CNY", "¥"),
    ("JPY", "¥"),
    ("TRY", "₺"),
    ("GEL", "₾"),
    ("AMD", "֏"),
    ("AZN", "₼"),
    ("ILS", "₪"),
    ("INR", "₹"),
    ("KRW", "₩"),
    ("VND", "₫"),
    ("MNT", "₮"),
    ("BRL", "R$"),
    ("PLN", "zł"),
    ("CZK", "Kč"),
    ("KGS", "сом"),
    ("THB", "฿"),
];

/// A decimal number without size limit below 10^30: sign, whole digits, fraction digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    /// Reads `1500`, `-1 500,50`, `1,500.50`; `None` for anything that is not a number.
    ///
    /// The last of `.` and `,` is the decimal mark; spaces of all kinds and earlier marks are grouping.
    pub fn parse(text: &str) -> Option<Self> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (negative, digits) = match compact.strip_prefix(['-', '−']) {
            Some(rest) => (true, rest),
            None => (false, compact.strip_prefix('+').unwrap_or(&compact)),
        };
        let (whole, fraction) = digits.rsplit_once(['.', ',']).unwrap_or((digits, ""));
        let whole: String = whole.chars().filter(|c| !matches!(c, '.' | ',')).collect();
        let all_digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || whole.len() > 30 || !all_digits(&whole) || !all_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole }.to_owned();
        Some(Self { negative, whole, fraction: fraction.trim_end_matches('0').to_owned() })
    }

    /// Rounded half away from zero to so many fraction digits (kept, zeros included); `None` = as it is.
    #[must_use]
    pub fn rounded(&self, digits: Option<usize>) -> Self {
        let Some(digits) = digits else { return self.clone() };
        let mut kept: String = self.fraction.chars().take(digits).collect();
        let up = self.fraction.chars().nth(digits).is_some_and(|c| c >= '5');
        while kept.len() < digits {
            kept.push('0');
        }
        if !up {
            return Self { fraction: kept, ..self.clone() };
        }
        let raised = increment(&format!("{}{kept}", self.whole));
        let (whole, fraction) = raised.split_at_checked(raised.len().saturating_sub(digits)).unwrap_or((&raised, ""));
        Self { negative: self.negative, whole: whole.to_owned(), fraction: fraction.to_owned() }
    }

    /// Whether there is nothing after the decimal mark.
    pub fn is_whole(&self) -> bool {
        self.fraction.chars().all(|c| c == '0')
    }

    /// The last two whole digits, for plural rules.
    pub fn last_two(&self) -> u8 {
        let tail: String = self.whole.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
        tail.parse().unwrap_or(0)
    }

    /// Whether the number is exactly one.
    pub fn is_one(&self) -> bool {
        self.whole == "1" && self.is_whole()
    }

    /// Grouped by thousands: `1 500,5` in Russian (no-break spaces), `1,500.5` in English.
    pub fn grouped(&self, lang: &str) -> String {
        let (group, mark) = if lang == "ru" { (NBSP, ',') } else { (',', '.') };
        let mut out = String::new();
        if self.negative && !(self.whole == "0" && self.is_whole()) {
            out.push('-');
        }
        for (index, digit) in self.whole.chars().enumerate() {
            if index > 0 && (self.whole.len() - index).is_multiple_of(3) {
                out.push(group);
            }
            out.push(digit);
        }
        if !self.fraction.is_empty() {
            out.push(mark);
            out.push_str(&self.fraction);
        }
        out
    }

    /// Without grouping, with a dot: `-1500.5`.
    pub fn plain(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        if self.fraction.is_empty() { format!("{sign}{}", self.whole) } else { format!("{sign}{}.{}", self.whole, self.fraction) }
    }
}

/// An amount with its currency: `1 500 ₽`, `1 500,50 ₽`, `$1,500`, `1,500 PLN`.
///
/// Whole amounts are written without a fraction, others with two digits, unless `digits` says otherwise.
pub fn money(amount: &Decimal, currency: &str, lang: &str, digits: Option<usize>) -> String {
    let amount = amount.rounded(digits.or(Some(2)));
    let amount = if digits.is_none() && amount.is_whole() { amount.rounded(Some(0)) } else { amount };
    let number = amount.grouped(lang);
    let code = currency.trim().to_uppercase();
    let symbol = SYMBOLS.iter().find(|(known, _)| *known == code).map(|(_, symbol)| *symbol);
    match symbol {
        _ if code.is_empty() => number,
        Some(symbol) if lang == "ru" => format!("{number}{NBSP}{symbol}"),
        Some(symbol) if !symbol.chars().all(char::is_alphabetic) => match number.strip_prefix('-') {
            Some(positive) => format!("-{symbol}{positive}"),
            None => format!("{symbol}{number}"),
        },
        Some(_) | None => format!("{number}{NBSP}{code}"),
    }
}

/// Adds one to a string of decimal digits.
fn increment(digits: &str) -> String {
    let mut out: Vec<char> = Vec::with_capacity(digits.len() + 1);
    let mut carry = true;
    for digit in digits.chars().rev() {
        let value = digit.to_digit(10).unwrap_or(0) + u32::from(carry);
        carry = value > 9;
        out.push(char::from_digit(value % 10, 10).unwrap_or('0'));
    }
    if carry {
        out.push('1');
    }
    out.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, currency: &str, lang: &str) -> String {
        money(&Decimal::parse(text).unwrap(), currency, lang, None).replace(NBSP, " ")
    }

    #[test]
    fn money_in_both_languages() {
        for (amount, currency, ru, en) in [
            ("1500", "RUB", "1 500 ₽", "₽1,500"),
            ("1500.5", "RUB", "1 500,50 ₽", "₽1,500.50"),
            ("-1234567.899", "USD", "-1 234 567,90 $", "-$1,234,567.90"),
            ("999.999", "EUR", "1 000 €", "€1,000"),
            ("0.004", "PLN", "0 zł", "0 PLN"),
            ("12", "XAG", "12 XAG", "12 XAG"),
            ("12.30", "", "12,30", "12.30"),
            ("1 500,50", "KZT", "1 500,50 ₸", "₸1,500.50"),
        ] {
            assert_eq!(shown(amount, currency, "ru"), ru);
            assert_eq!(shown(amount, currency, "en"), en);
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", " ", "abc", "1e5", "1.2.x", "--1", "."] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse("1,500.50").unwrap().plain(), "1500.5");
        assert_eq!(Decimal::parse("-000").unwrap().grouped("en"), "0");
        assert_eq!(Decimal::parse("2.345").unwrap().rounded(Some(2)).plain(), "2.35");
        assert_eq!(Decimal::parse("9.5").unwrap().rounded(Some(0)).plain(), "10");
    }
}
