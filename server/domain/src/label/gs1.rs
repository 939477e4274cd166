//! Codes of GS1, as other makers print them: element strings and Digital Link addresses.
//!
//! Both name the same thing in different ways, so both are read to one text: the key that identifies the thing and the key's qualifiers, as
//! `(01)09506000134352(10)LOT7(21)A1`. What only describes it, such as a best-before date, is left out.
//!
//! GS1 General Specifications 25, sections 3 and 7; GS1 Digital Link 1.6.

use percent_encoding::percent_decode_str;

/// Between two elements of which the first has no fixed length.
const SEPARATOR: char = '\u{1d}';
/// What scanners put before the content of a symbol that follows GS1: GS1-128, GS1 DataBar, GS1 DataMatrix, GS1 QR.
const SYMBOLS: [&str; 4] = ["]C1", "]e0", "]d2", "]Q3"];
/// Longest value.
const LONGEST: usize = 90;

/// What identifies things, each with its qualifiers in their order.
const KEYS: [(&str, &[&str]); 13] = [
    ("01", &["22", "10", "21"]),
    ("00", &[]),
    ("8006", &["22", "10", "21"]),
    ("8003", &[]),
    ("8004", &["7040"]),
    ("8010", &["8011"]),
    ("8017", &["8019"]),
    ("8018", &["8019"]),
    ("253", &[]),
    ("255", &[]),
    ("401", &[]),
    ("402", &[]),
    ("414", &["254"]),
];

/// What a code of GS1 says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gs1 {
    /// The thing it names.
    Names(String),
    /// It is one, but this number's check digit does not fit.
    Misread(String),
}

/// An application identifier and its value.
type Element<'a> = (&'a str, String);

/// Reads an element string or a Digital Link; none: the text is neither.
pub(super) fn read(text: &str) -> Option<Gs1> {
    if let Some(path) = path_of_address(text) {
        return named(&of_path(path)?, true);
    }
    let marked = SYMBOLS.iter().find_map(|symbol| text.strip_prefix(symbol)).or_else(|| text.strip_prefix(SEPARATOR));
    if let Some(content) = marked {
        return named(&of_elements(content)?, true);
    }
    if text.starts_with('(') {
        return named(&of_brackets(text)?, true);
    }
    // Digits that nothing marks may be anybody's: a wrong check digit says that they are not GS1's.
    named(&of_elements(text)?, text.contains(SEPARATOR))
}

/// The key among the elements with its qualifiers; `sure`: a wrong check digit is a slip and no other kind of code.
fn named(elements: &[Element<'_>], sure: bool) -> Option<Gs1> {
    let value_of = |wanted: &str| elements.iter().find(|(id, _)| *id == wanted).map(|(_, value)| value.as_str());
    let (key, qualifiers) = KEYS.iter().find(|(key, _)| value_of(key).is_some())?;
    let number = value_of(key)?;
    let number = if *key == "01" { format!("{number:0>14}") } else { number.to_owned() };
    let digits = checked_digits(key);
    if digits > 0 && !number.get(..digits).is_some_and(check_digit_fits) {
        return if sure { value_of(key).map(|value| Gs1::Misread(value.to_owned())) } else { None };
    }
    let mut text = format!("({key}){number}");
    for qualifier in *qualifiers {
        if let Some(value) = value_of(qualifier) {
            text.extend(["(", qualifier, ")", value]);
        }
    }
    Some(Gs1::Names(text))
}

/// `(01)09506000134352(21)A1`, as it is printed below a symbol.
fn of_brackets(text: &str) -> Option<Vec<Element<'_>>> {
    let mut elements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (id, after) = opening(rest)?;
        let end = (1..after.len()).find(|at| after.get(*at..).and_then(opening).is_some()).unwrap_or(after.len());
        let (value, next) = after.split_at_checked(end)?;
        elements.push(element(id, value)?);
        rest = next;
    }
    Some(elements)
}

/// `(<identifier>)` at the beginning.
fn opening(text: &str) -> Option<(&str, &str)> {
    let (id, after) = text.strip_prefix('(')?.split_once(')')?;
    (identifier(id)? == id).then_some((id, after))
}

/// `0109506000134352` `21A1`, as scanners send them.
fn of_elements(text: &str) -> Option<Vec<Element<'_>>> {
    let mut elements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let id = identifier(rest)?;
        let after = rest.get(id.len()..)?;
        let end = match fixed_length(id) {
            Some(length) => length,
            None => after.find(SEPARATOR).unwrap_or(after.len()),
        };
        elements.push(element(id, after.get(..end)?)?);
        let next = after.get(end..)?;
        rest = next.strip_prefix(SEPARATOR).unwrap_or(next);
    }
    Some(elements)
}

/// `/01/09506000134352/21/A1`, wherever in the path it begins.
fn of_path(path: &str) -> Option<Vec<Element<'_>>> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_key = |part: &&str| KEYS.iter().any(|(key, _)| key == part);
    let first = parts.iter().position(is_key)?;
    let pairs = parts.get(first..)?.chunks(2);
    pairs.map(|pair| element(pair.first()?, &percent_decode_str(pair.get(1)?).decode_utf8().ok()?)).collect()
}

/// The path of a web address, without a slash at its end.
fn path_of_address(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let (_, path) = rest.split(['?', '#']).next()?.split_once('/')?;
    is_web.then_some(path.trim_end_matches('/'))
}

/// An element with a value that it may have.
fn element<'a>(id: &'a str, value: &str) -> Option<Element<'a>> {
    let id = identifier(id).filter(|whole| *whole == id)?;
    let is_key = KEYS.iter().any(|(key, _)| *key == id);
    let numeric = fixed_length(id).is_some() || (is_key && checked_digits(id) > 0);
    let checked = if id == "01" { value.len() } else { checked_digits(id).max(fixed_length(id).unwrap_or(0)) };
    let fits = (1..=LONGEST).contains(&value.len())
        && value.chars().all(|letter| letter.is_ascii_graphic())
        && (!numeric || value.get(..checked).is_some_and(|digits| digits.chars().all(|digit| digit.is_ascii_digit())))
        && match (id, fixed_length(id)) {
            ("01", _) => [8, 12, 13, 14].contains(&value.len()),
            (_, Some(length)) => value.len() == length,
            (_, None) => true,
        };
    fits.then(|| (id, value.to_owned()))
}

/// The application identifier at the beginning: how many digits it has follows from the first two.
fn identifier(text: &str) -> Option<&str> {
    let length = match text.get(..2)? {
        "00" | "01" | "02" | "03" | "04" | "10" | "11" | "12" | "13" | "15" | "16" | "17" | "20" | "21" | "22"
        | "30" | "37" | "90" | "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => 2,
        "23" | "24" | "25" | "40" | "41" | "42" => 3,
        "31" | "32" | "33" | "34" | "35" | "36" | "39" | "43" | "70" | "71" | "72" | "80" | "81" | "82" => 4,
        _ => return None,
    };
    text.get(..length).filter(|id| id.chars().all(|digit| digit.is_ascii_digit()))
}

/// Of values that need no separator after them.
fn fixed_length(id: &str) -> Option<usize> {
    match id.get(..2)? {
        "00" | "04" => Some(18),
        "01" | "02" | "03" => Some(14),
        "11" | "12" | "13" | "15" | "16" | "17" => Some(6),
        "20" => Some(2),
        "31" | "32" | "33" | "34" | "35" | "36" => Some(6),
        "41" => Some(13),
        _ => None,
    }
}

/// How many digits of a key's value stand under its check digit, that one included; 0: it has none.
fn checked_digits(key: &str) -> usize {
    match key {
        "00" | "8018" | "8017" => 18,
        "402" => 17,
        "01" | "8003" | "8006" => 14,
        "253" | "255" | "414" => 13,
        _ => 0,
    }
}

/// GS1's check digit: from the right the digits weigh 1 and 3 in turn, and the sum ends in 0.
fn check_digit_fits(digits: &str) -> bool {
    let weigh = |(at, digit): (usize, u32)| if at % 2 == 0 { digit } else { 3 * digit };
    let digits: Option<Vec<u32>> = digits.chars().rev().map(|digit| digit.to_digit(10)).collect();
    digits.is_some_and(|digits| digits.into_iter().enumerate().map(weigh).sum::<u32>() % 10 == 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "(01)09506000134352(10)LOT7(21)A1";

    fn names(text: &str) -> Option<Gs1> {
        Some(Gs1::Names(text.to_owned()))
    }

    #[test]
    fn one_thing_has_one_name_however_it_is_written() {
        for text in [
            "(01)09506000134352(10)LOT7(21)A1",
            "(01)09506000134352(17)271231(21)A1(10)LOT7",
            "]d201095060001343521727123110LOT7\u{1d}21A1",
            "]C1010950600013435221A1\u{1d}10LOT7",
            "\u{1d}010950600013435221A1\u{1d}10LOT7\u{1d}",
            "010950600013435210LOT7\u{1d}21A1",
            "https://id.gs1.org/01/09506000134352/10/LOT7/21/A1",
            "HTTP://brand.example/shop/01/9506000134352/10/LOT7/21/A1/?17=271231&linkType=gs1:pip#top",
            "https://id.gs1.org/01/09506000134352/10/LOT%37/21/A1",
        ] {
            assert_eq!(read(text), names(ONE), "{text}");
        }
    }

    #[test]
    fn every_key_with_a_check_digit_is_read_and_a_slip_is_noticed() {
        for (good, bad, name) in [
            ("(00)106141412345678908", "(00)106141412345678909", "(00)106141412345678908"),
            (
                "https://id.gs1.org/414/9520123456788/254/32a",
                "https://id.gs1.org/414/9520123456780/254/32a",
                "(414)9520123456788(254)32a",
            ),
            ("]d2010950600013435221x", "]d2010950600013435321x", "(01)09506000134352(21)x"),
        ] {
            assert_eq!(read(good), names(name), "{good}");
            assert!(matches!(read(bad), Some(Gs1::Misread(number)) if bad.contains(&number)), "{bad}");
        }
        assert_eq!(read("(8010)CUSTOMER1(8011)77"), names("(8010)CUSTOMER1(8011)77"));
    }

    #[test]
    fn other_texts_are_nobodys_key() {
        for text in [
            "",
            "(",
            "()",
            "(01)",
            "(01)12",
            "(99)inside",
            "0109506000134353",
            "12345",
            "CAP-0001",
            "https://mill.example/q/1",
            "https://mill.example/01/abc",
            "https://mill.example/01",
            "ftp://mill.example/01/09506000134352",
            "]d2",
            "]d2xx",
            "(01)095060001343é2",
            "https://mill.example/01/09506000134352/21/%FF",
            "0109506000134352 21",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn digits_that_nothing_marks_are_a_key_only_with_the_right_check_digit() {
        assert_eq!(read("0109506000134352"), names("(01)09506000134352"));
        assert_eq!(read("0109506000134353"), None);
    }

    proptest! {
        #[test]
        fn a_name_names_itself(text in ".{0,60}", number in "[0-9]{13}", serial in "[!-~&&[^()]]{1,20}") {
            let check = (0..10).find(|digit| check_digit_fits(&format!("{number}{digit}"))).expect("one of ten fits");
            let name = format!("(01){number}{check}(21){serial}");
            prop_assert_eq!(read(&name), names(&name));
            prop_assert_eq!(read(&format!("]d201{number}{check}21{serial}")), names(&name));
            if let Some(Gs1::Names(name)) = read(&text) {
                prop_assert_eq!(read(&name), names(&name));
            }
        }
    }
}
