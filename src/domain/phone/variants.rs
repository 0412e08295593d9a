//! Spellings of one subscriber that WhatsApp and CRM cards use side by side (reference/whatsapp.md 3.1).

/// All digit strings that may name the same user, the given one first, without repeats.
pub fn variants(digits: &str) -> Vec<String> {
    let mut all = vec![digits.to_owned()];
    for other in others(digits) {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

fn others(digits: &str) -> Vec<String> {
    match (digits.len(), digits) {
        // Russia and Kazakhstan: cards keep the trunk 8.
        (11, d) if d.starts_with('7') => replaced(d, "7", "8"),
        (11, d) if d.starts_with('8') => replaced(d, "8", "7"),
        // Brazil: the ninth digit came later than many accounts.
        (13, d) if d.starts_with("55") && d.get(4..5) == Some("9") => cut(d, 4, 1),
        (12, d) if d.starts_with("55") && d.get(4..5).is_some_and(|first| first >= "6") => inserted(d, 4, "9"),
        // Mexico: 521 was dialled for mobiles until 2019. Argentina has the same length, see below.
        (13, d) if d.starts_with("521") => cut(d, 2, 1),
        (12, d) if d.starts_with("52") => inserted(d, 2, "1"),
        (length, d) if d.starts_with("54") && (12..=15).contains(&length) => argentina(d),
        _ => Vec::new(),
    }
}

/// Argentina: `54 9 area number`, `54 area number`, `54 area 15 number`; area codes have 2 to 4 digits.
fn argentina(digits: &str) -> Vec<String> {
    let Some(rest) = digits.get(2..) else { return Vec::new() };
    let plain = match rest.len() {
        11 => rest.strip_prefix('9').map(str::to_owned).into_iter().collect::<Vec<_>>(),
        10 => vec![rest.to_owned()],
        12 => without_fifteen(rest),
        _ => Vec::new(),
    };
    plain.iter().flat_map(|national| [format!("549{national}"), format!("54{national}")]).collect()
}

fn without_fifteen(rest: &str) -> Vec<String> {
    (2..=4_usize)
        .filter_map(|area| {
            let (code, number) = rest.split_at_checked(area)?;
            Some(format!("{code}{}", number.strip_prefix("15")?))
        })
        .collect()
}

fn replaced(digits: &str, from: &str, to: &str) -> Vec<String> {
    digits.strip_prefix(from).map(|rest| format!("{to}{rest}")).into_iter().collect()
}

fn cut(digits: &str, at: usize, count: usize) -> Vec<String> {
    match (digits.get(..at), digits.get(at + count..)) {
        (Some(head), Some(tail)) => vec![format!("{head}{tail}")],
        _ => Vec::new(),
    }
}

fn inserted(digits: &str, at: usize, what: &str) -> Vec<String> {
    digits.split_at_checked(at).map(|(head, tail)| format!("{head}{what}{tail}")).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::variants;

    #[test]
    fn one_user_is_found_by_every_spelling() {
        let groups: [&[&str]; 5] = [
            &["79160000001", "89160000001"],
            &["5511987654321", "551187654321"],
            &["525512345678", "5215512345678"],
            &["5491123456789", "541123456789"],
            &["5492211234567", "542211234567"],
        ];
        for group in groups {
            for given in group {
                for wanted in group {
                    assert!(variants(given).iter().any(|v| v == wanted), "{given} does not lead to {wanted}");
                }
            }
        }
        assert!(variants("54111523456789").contains(&"5491123456789".to_owned()));
    }

    #[test]
    fn other_numbers_stay_alone() {
        for digits in ["14155552671", "4915123456789", "551134567890", "380501234567"] {
            assert_eq!(variants(digits), vec![digits.to_owned()]);
        }
    }
}
