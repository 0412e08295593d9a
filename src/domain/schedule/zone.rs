//! The zone a phone number tells: only where its country has one time everywhere. A guess would wake people, so Russia, the United
//! States and their like tell nothing, and the portal's own zone stands for them.

use chrono_tz::Tz;

/// Country and its one zone.
const ONE_ZONE: &[(&str, Tz)] = &[
    ("AE", Tz::Asia__Dubai),
    ("AM", Tz::Asia__Yerevan),
    ("AT", Tz::Europe__Vienna),
    ("AZ", Tz::Asia__Baku),
    ("BE", Tz::Europe__Brussels),
    ("BG", Tz::Europe__Sofia),
    ("BY", Tz::Europe__Minsk),
    ("CH", Tz::Europe__Zurich),
    ("CN", Tz::Asia__Shanghai),
    ("CO", Tz::America__Bogota),
    ("CZ", Tz::Europe__Prague),
    ("DE", Tz::Europe__Berlin),
    ("DK", Tz::Europe__Copenhagen),
    ("EE", Tz::Europe__Tallinn),
    ("EG", Tz::Africa__Cairo),
    ("FI", Tz::Europe__Helsinki),
    ("FR", Tz::Europe__Paris),
    ("GB", Tz::Europe__London),
    ("GE", Tz::Asia__Tbilisi),
    ("GR", Tz::Europe__Athens),
    ("HU", Tz::Europe__Budapest),
    ("IE", Tz::Europe__Dublin),
    ("IL", Tz::Asia__Jerusalem),
    ("IN", Tz::Asia__Kolkata),
    ("IT", Tz::Europe__Rome),
    ("JP", Tz::Asia__Tokyo),
    ("KG", Tz::Asia__Bishkek),
    ("KR", Tz::Asia__Seoul),
    ("KZ", Tz::Asia__Almaty),
    ("LT", Tz::Europe__Vilnius),
    ("LV", Tz::Europe__Riga),
    ("MD", Tz::Europe__Chisinau),
    ("NL", Tz::Europe__Amsterdam),
    ("NO", Tz::Europe__Oslo),
    ("PE", Tz::America__Lima),
    ("PL", Tz::Europe__Warsaw),
    ("RO", Tz::Europe__Bucharest),
    ("RS", Tz::Europe__Belgrade),
    ("SA", Tz::Asia__Riyadh),
    ("SE", Tz::Europe__Stockholm),
    ("SG", Tz::Asia__Singapore),
    ("SI", Tz::Europe__Ljubljana),
    ("SK", Tz::Europe__Bratislava),
    ("TH", Tz::Asia__Bangkok),
    ("TJ", Tz::Asia__Dushanbe),
    ("TM", Tz::Asia__Ashgabat),
    ("TR", Tz::Europe__Istanbul),
    ("UA", Tz::Europe__Kyiv),
    ("UZ", Tz::Asia__Tashkent),
    ("VN", Tz::Asia__Ho_Chi_Minh),
    ("ZA", Tz::Africa__Johannesburg),
];

/// The zone of a number given as digits with its country code; `None` = the country has several, or is not known.
pub fn zone_of_phone(digits: &str) -> Option<Tz> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = phonenumber::parse(None, format!("+{digits}")).ok()?;
    let country = number.country().id()?;
    let country = country.as_ref();
    ONE_ZONE.iter().find(|(known, _)| *known == country).map(|(_, zone)| *zone)
}
