//! Values that look random and are not: session ids, tokens, keys.
//!
//! A scenario runs in two worlds at once, and both must hand out the same ids. So a value follows from
//! the scenario's text, the origin, the request line, how often it was asked, and how many values this
//! request has taken: not from anything that differs between two runs of one scenario. Nobody outside a
//! rehearsal should ever trust such a value.

use sha2::{Digest, Sha256};

/// Where one request's values come from.
#[derive(Debug)]
pub(super) struct Random {
    seed: [u8; 32],
    block: u64,
    left: Vec<u8>,
}

impl Random {
    /// The values of one request: `nth` tells those of the same request line apart.
    pub(super) fn new(world: &[u8; 32], request: &str, nth: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(world);
        hash.update(nth.to_be_bytes());
        hash.update(request.as_bytes());
        Self { seed: hash.finalize().into(), block: 0, left: Vec::new() }
    }

    /// The next byte.
    fn byte(&mut self) -> u8 {
        loop {
            if let Some(byte) = self.left.pop() {
                return byte;
            }
            let mut hash = Sha256::new();
            hash.update(self.seed);
            hash.update(self.block.to_be_bytes());
            self.block += 1;
            self.left = hash.finalize().to_vec();
        }
    }

    /// Fills a buffer.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) {
        buffer.iter_mut().for_each(|byte| *byte = self.byte());
    }

    /// A text over an alphabet of at most 256 characters.
    pub(super) fn text(&mut self, alphabet: &[u8], count: usize) -> String {
        // The last part of a byte's range would favour the first characters.
        let fair = 256 - 256 % alphabet.len();
        let mut text = String::with_capacity(count);
        while text.len() < count {
            let byte = usize::from(self.byte());
            if byte < fair {
                text.push(char::from(alphabet[byte % alphabet.len()]));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_its_own_values_and_always_the_same() {
        let value = |request: &str, nth| Random::new(&[7; 32], request, nth).text(b"0123456789abcdef", 32);
        assert_eq!(value("POST /login", 0), value("POST /login", 0));
        assert_ne!(value("POST /login", 0), value("POST /login", 1));
        assert_ne!(value("POST /login", 0), value("POST /logout", 0));
    }
}
