//! Names of other scripts as DNS has them: Punycode, RFC 3492, label by label.
//!
//! Enough of IDNA for a `Domain` attribute: letters become small and labels are encoded. A name is taken to
//! be composed already (NFC), as keyboards and editors write it; nothing here maps look-alikes, or judges
//! whether anybody could register the name.

/// The parameters of section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// The longest label that is encoded, in characters: DNS has room for 63 bytes.
const LONGEST: usize = 63;

/// A name in lower-case ASCII, or `None` where a label is too long for that.
pub fn to_ascii(name: &str) -> Option<String> {
    let labels: Option<Vec<String>> = name.split('.').map(label).collect();
    Some(labels?.join("."))
}

fn label(label: &str) -> Option<String> {
    let small: Vec<char> = label.chars().flat_map(char::to_lowercase).collect();
    if small.iter().all(char::is_ascii) {
        return Some(small.into_iter().collect());
    }
    (small.len() <= LONGEST).then(|| encode(&small)).flatten().map(|encoded| format!("xn--{encoded}"))
}

/// Section 6.3.
fn encode(label: &[char]) -> Option<String> {
    let mut output: String = label.iter().filter(|character| character.is_ascii()).collect();
    let basic = u32::try_from(output.len()).ok()?;
    if basic > 0 {
        output.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (INITIAL_N, 0_u32, INITIAL_BIAS, basic);
    while usize::try_from(handled).ok()? < label.len() {
        let next = label.iter().map(|&character| u32::from(character)).filter(|&code| code >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for code in label.iter().map(|&character| u32::from(character)) {
            if code < n {
                delta = delta.checked_add(1)?;
            }
            if code == n {
                write_integer(delta, bias, &mut output);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(output)
}

/// Section 3.3.
fn write_integer(mut rest: u32, bias: u32, output: &mut String) {
    let mut k = BASE;
    loop {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if rest < threshold {
            output.push(digit(rest));
            return;
        }
        output.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
        rest = (rest - threshold) / (BASE - threshold);
        k += BASE;
    }
}

/// Section 6.1.
fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (((BASE - T_MIN + 1) * delta) / (delta + SKEW))
}

/// Section 5: the letters, then the digits.
fn digit(value: u32) -> char {
    char::from_digit((value + 10) % BASE, BASE).expect("a value below 36 is a digit of base 36")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_encoded_and_the_others_made_small() {
        for (name, ascii) in [
            ("Example.COM", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("www.日本語.jp", "www.xn--wgv71a119e.jp"),
            // RFC 3492, section 7.1 (A), (L).
            ("ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn"),
            ("3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Some(ascii), "{name}");
        }
    }

    #[test]
    fn a_label_that_no_name_has_room_for_is_refused() {
        assert_eq!(to_ascii(&"ü".repeat(1000)), None);
    }
}
