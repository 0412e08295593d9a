//! Free-form phones → canonical digits with country code, no plus (reference/whatsapp.md 3.1), and the spellings that match.
//!
//! CRM cards hold numbers as people type them: trunk prefixes, extensions, words around, two numbers in one field. The own
//! rules below are WhatsApp's and Russia's; the numbering-plan tables of `phonenumber` only settle what is national and what
//! is international. A number is never refused because those tables do not know it.

mod split;
mod variants;

pub use split::split;
pub use variants::variants;

use phonenumber::country;

/// Fewest digits of a number with its country code.
pub const MIN_DIGITS: usize = 7;
/// Most digits of a number with its country code (E.164).
pub const MAX_DIGITS: usize = 15;

/// Why a text is not a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Blank.
    #[error("empty")]
    Empty,
    /// Words, but no digit.
    #[error("no digits")]
    NoDigits,
    /// Letters between the digits.
    #[error("letters inside the number")]
    Letters,
    /// Under [`MIN_DIGITS`].
    #[error("too short")]
    TooShort,
    /// Over [`MAX_DIGITS`].
    #[error("too long")]
    TooLong,
}

/// The first number of a text as digits with country code. `region` is an ISO country for national spellings (`RU`).
///
/// # Errors
/// [`PhoneError`] when the text holds no usable number.
pub fn normalise(text: &str, region: &str) -> Result<String, PhoneError> {
    normalise_all(text, region).into_iter().next().unwrap_or(Err(PhoneError::Empty))
}

/// Every number of a text, in order, each on its own merits.
pub fn normalise_all(text: &str, region: &str) -> Vec<Result<String, PhoneError>> {
    if text.trim().is_empty() {
        return vec![Err(PhoneError::Empty)];
    }
    split(text).iter().map(|part| normalise_one(part, region)).collect()
}

fn normalise_one(part: &str, region: &str) -> Result<String, PhoneError> {
    let raw = Raw::read(part)?;
    let digits = raw.canonical(region);
    match digits.len() {
        length if length < MIN_DIGITS => Err(PhoneError::TooShort),
        length if length > MAX_DIGITS => Err(PhoneError::TooLong),
        _ => Ok(digits),
    }
}

/// Digits as typed, and whether a `+` or `00` says that the country code is there.
struct Raw {
    digits: String,
    international: bool,
}

impl Raw {
    fn read(part: &str) -> Result<Self, PhoneError> {
        let body = split::without_extension(part);
        let mut digits = String::new();
        let mut plus = false;
        let mut letters_after_digits = false;
        for symbol in body.chars() {
            if let Some(digit) = split::digit(symbol) {
                if letters_after_digits {
                    return Err(PhoneError::Letters);
                }
                digits.push(digit);
            } else if symbol == '+' && digits.is_empty() {
                plus = true;
            } else if symbol == '@' {
                // `79160000001@c.us`: what follows is a chat server, not a number.
                break;
            } else if symbol.is_alphabetic() && !digits.is_empty() {
                letters_after_digits = true;
            }
        }
        if digits.is_empty() {
            return Err(PhoneError::NoDigits);
        }
        // `+49 (0) 151 …`: the bracketed trunk zero is not dialled after a country code.
        if plus && body.contains("(0)") {
            digits = digits.replacen('0', "", 1);
        }
        if !plus && let Some(rest) = digits.strip_prefix("00") {
            return Ok(Self { digits: rest.to_owned(), international: true });
        }
        Ok(Self { digits, international: plus })
    }

    fn canonical(self, region: &str) -> String {
        if let Some(russian) = russian(&self.digits, self.international, region) {
            return russian;
        }
        if self.international {
            return self.digits;
        }
        let national = by_plan(region, &self.digits);
        national.unwrap_or(self.digits)
    }
}

/// The +7 rules: 11 digits starting 8 → 7; 10 digits without a code → 7 in front.
fn russian(digits: &str, international: bool, region: &str) -> Option<String> {
    let home = matches!(region, "RU" | "KZ");
    let mut symbols = digits.chars();
    let (first, second) = (symbols.next()?, symbols.next()?);
    if digits.len() == 11 && first == '8' {
        // +84 (Vietnam), +86 (China) and their neighbours are real codes; +89 is none, so `+8 9…` is a trunk 8 with a stray plus.
        let trunk = if international {
            second == '9'
        } else {
            home || second == '9' || (matches!(second, '3' | '4' | '8') && region != "VN" && !plan_knows(digits))
        };
        return trunk.then(|| format!("7{}", digits.get(1..).unwrap_or_default()));
    }
    if digits.len() == 10 && !international {
        let candidate = format!("7{digits}");
        let taken = if home { first == '9' || plan_knows(&candidate) } else { first == '9' && by_plan(region, digits).is_none() };
        return taken.then_some(candidate);
    }
    None
}

/// The numbering plan's reading of a national spelling, if it is a valid one.
fn by_plan(region: &str, digits: &str) -> Option<String> {
    let region: country::Id = region.parse().ok()?;
    let number = phonenumber::parse(Some(region), digits).ok()?;
    phonenumber::is_valid(&number).then(|| number.format().mode(phonenumber::Mode::E164).to_string().trim_start_matches('+').to_owned())
}

/// Whether some country's plan has this number, read with its country code.
fn plan_knows(digits: &str) -> bool {
    phonenumber::parse(None, format!("+{digits}")).is_ok_and(|number| phonenumber::is_valid(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_digits_with_a_country_code() {
        let table = [
            ("RU", "+7 (916) 000-00-01", "79160000001"),
            ("RU", "8 916 000-00-01", "79160000001"),
            ("RU", "8(495)123-45-67", "74951234567"),
            ("RU", "8 800 555-35-35", "78005553535"),
            ("RU", "9160000001", "79160000001"),
            ("RU", "4951234567", "74951234567"),
            ("RU", "79160000001", "79160000001"),
            ("RU", "+8 916 000 00 01", "79160000001"),
            ("RU", "007 916 000 00 01", "79160000001"),
            ("RU", "тел. 8-916-000-00-01", "79160000001"),
            ("RU", "8 916 000 00 01 Иван", "79160000001"),
            ("RU", "8 495 123-45-67 доб. 123", "74951234567"),
            ("RU", "8 495 123-45-67, 123", "74951234567"),
            ("RU", "+74951234567;ext=12", "74951234567"),
            ("RU", "+7 495 123 45 67 ext 12", "74951234567"),
            ("RU", "+7 495 123 45 67 #12", "74951234567"),
            ("RU", "tel:+79160000001", "79160000001"),
            ("RU", "79160000001@c.us", "79160000001"),
            ("RU", "https://wa.me/79160000001", "79160000001"),
            ("RU", "８９１６００００００１", "79160000001"),
            ("KZ", "8 701 234 56 78", "77012345678"),
            ("KZ", "7012345678", "77012345678"),
            // Kazakhstan is +7 as well; its numbers begin 76 and 77.
            ("RU", "8 777 123 45 67", "77771234567"),
            ("RU", "+7 701 234-56-78", "77012345678"),
            // `00` in front, blanks of every width, marks that set the direction of a text, dashes that do not break.
            ("RU", "0049 151 23456789", "4915123456789"),
            ("RU", "7\u{a0}916\u{2009}000\u{202f}00 01", "79160000001"),
            ("RU", "\u{202a}+7 (916) 000\u{2011}00\u{2011}01\u{202c}", "79160000001"),
            ("RU", "٧٩١٦٠٠٠٠٠٠١", "79160000001"),
            // Countries whose codes begin with 8: only eleven digits are a trunk 8 at home.
            ("RU", "8613912345678", "8613912345678"),
            ("RU", "819012345678", "819012345678"),
            ("CN", "8613912345678", "8613912345678"),
            ("JP", "090-1234-5678", "819012345678"),
            // Nobody's ninth digit is added or taken here: that is for matching (`variants`).
            ("BR", "+55 31 8765-4321", "553187654321"),
            ("MX", "+52 1 55 1234 5678", "5215512345678"),
            ("AR", "+54 9 11 2345-6789", "5491123456789"),
            ("RU", "+229 01 97 00 00 00", "2290197000000"),
            ("RU", "+225 07 08 09 10 11", "2250708091011"),
            // Vietnam, China and Estonia keep their codes.
            ("RU", "+84 91 234 56 78", "84912345678"),
            ("VN", "84912345678", "84912345678"),
            ("US", "8613912345678", "8613912345678"),
            ("RU", "3725123456", "3725123456"),
            ("RU", "375291234567", "375291234567"),
            ("DE", "0151 23456789", "4915123456789"),
            ("RU", "+49 (0) 151 23456789", "4915123456789"),
            ("US", "(415) 555-2671", "14155552671"),
            ("US", "8 916 000-00-01", "79160000001"),
            ("IN", "9876543210", "919876543210"),
            ("BR", "11 98765-4321", "5511987654321"),
            ("US", "+1 555 000 1234", "15550001234"),
        ];
        for (region, typed, digits) in table {
            assert_eq!(normalise(typed, region).as_deref(), Ok(digits), "{typed} in {region}");
        }
    }

    #[test]
    fn what_is_no_number_is_named() {
        let table = [
            ("", PhoneError::Empty),
            ("  ", PhoneError::Empty),
            ("нет телефона", PhoneError::NoDigits),
            ("8800FLOWERS1", PhoneError::Letters),
            ("8916abc4567", PhoneError::Letters),
            ("12345", PhoneError::TooShort),
            ("123456", PhoneError::TooShort),
            ("+7916000000112345", PhoneError::TooLong),
            ("+1234567890123456", PhoneError::TooLong),
        ];
        for (typed, error) in table {
            assert_eq!(normalise(typed, "RU"), Err(error), "{typed}");
        }
    }

    #[test]
    fn seven_and_fifteen_digits_are_the_ends() {
        assert_eq!(normalise("+1234567", "RU").as_deref(), Ok("1234567"));
        assert_eq!(normalise("+123456789012345", "RU").as_deref(), Ok("123456789012345"));
    }

    #[test]
    fn several_numbers_in_one_field_are_split() {
        let read = |text| normalise_all(text, "RU").into_iter().flatten().collect::<Vec<_>>();
        let both = vec!["79160000001".to_owned(), "74951234567".to_owned()];
        assert_eq!(read("8 916 000-00-01, 8 495 123-45-67"), both);
        assert_eq!(read("8 916 000-00-01; 8 495 123-45-67 доб. 12"), both);
        assert_eq!(read("8 916 000-00-01 / 8 495 123-45-67"), both);
        assert_eq!(read("+79160000001 +74951234567"), both);
        assert_eq!(read("8 916 000-00-01\n8 495 123-45-67,105"), both);
        assert_eq!(read("8 916 000-00-01 или 8 495 123-45-67"), both);
    }
}
