//! Texts from cameras, scanners and fingers: a code that is accepted is one as it is printed, and every single mistake in it is noticed.
#![no_main]

use floorline_domain::label::{CODE_LENGTH, Code, Kind, Read, Resolved, check_characters, draw, read, registered_as};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(code) = look(text) {
        assert_eq!(
            look(&format!("https://elsewhere.example/a/Q/{code}?x=1#y")),
            Some(code.clone()),
            "and as an address"
        );
        assert_eq!(look(&code.as_str().to_lowercase()), Some(code.clone()), "and typed in small letters");
        mistaken(&code, bytes);
    }
    let mut random = bytes.iter().cycle().map(|byte| u64::from(*byte)).collect_bits();
    for kind in Kind::ALL {
        let code = draw(*kind, &mut random);
        assert_eq!(Code::parse(code.as_str()), Ok(code.clone()), "what is drawn is sound");
    }
});

/// What a text says; its code if it is one.
fn look(text: &str) -> Option<Code> {
    let meant = read(text);
    assert_eq!(read(&format!("  {text}\n")), meant, "blanks around it mean nothing");
    assert_eq!(registered_as(&format!(" {text}\t")), registered_as(text));
    // What cannot be resolved by itself is told all the same.
    let _ = Resolved::unaided(text);
    match meant {
        Read::Code(code) => {
            assert_eq!(code.as_str().len(), CODE_LENGTH);
            assert_eq!(code.as_str().chars().next(), Some(code.kind().letter()));
            let (checked, check) = code.as_str().split_at(CODE_LENGTH - 2);
            assert_eq!(check_characters(checked).map(String::from_iter).as_deref(), Some(check));
            Some(code)
        }
        Read::Unsound { code, .. } => {
            assert!(Code::parse(&code).is_err());
            None
        }
        Read::Text(kept) => {
            assert_eq!(kept, text.trim(), "a text is kept as it came");
            None
        }
        Read::Item(_) | Read::Location(_) | Read::User(_) | Read::Action(_) => None,
    }
}

/// One wrong character, or two that changed places.
fn mistaken(code: &Code, bytes: &[u8]) {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let (at, other) = (usize::from(bytes[0]) % (CODE_LENGTH - 1) + 1, ALPHABET[bytes.len() % ALPHABET.len()]);
    let mut wrong = code.as_str().as_bytes().to_vec();
    wrong[at] = other;
    let mut turned = code.as_str().as_bytes().to_vec();
    turned.swap(at, if at + 1 < CODE_LENGTH { at + 1 } else { at - 1 });
    for mistake in [wrong, turned] {
        let mistake = String::from_utf8(mistake).expect("ASCII");
        assert!(mistake == code.as_str() || Code::parse(&mistake).is_err(), "{mistake} is taken for {code}");
    }
}

/// Numbers out of the input, for drawing codes.
trait Bits: Iterator<Item = u64> + Sized {
    fn collect_bits(mut self) -> impl FnMut() -> u64 {
        move || (0..8).fold(0, |bits, _| bits << 8 | self.next().unwrap_or(7))
    }
}

impl<I: Iterator<Item = u64>> Bits for I {}
