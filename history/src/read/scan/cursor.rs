//! The words of a line of JSON, one after the other, where they are plain: what the scanner is made of.

use crate::EventType;

/// What is left of the bytes. A function that answers `None` may have taken some.
pub struct Cursor<'a> {
    pub rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    pub fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    #[inline]
    pub fn byte(&mut self, byte: u8) -> Option<()> {
        (self.take()? == byte).then_some(())
    }

    #[inline]
    pub fn space(&mut self) {
        if let [b' ', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    #[inline]
    pub fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    #[inline]
    pub fn kind(&mut self) -> Option<EventType> {
        self.byte(b'"')?;
        match self.rest.first()? {
            b'o' => self.literal(b"ok\"").map(|()| EventType::Ok),
            b'f' => self.literal(b"fail\"").map(|()| EventType::Fail),
            _ if self.literal(b"invoke\"").is_some() => Some(EventType::Invoke),
            _ => self.literal(b"info\"").map(|()| EventType::Info),
        }
    }

    /// A number that ends here: a fraction or an exponent is not for us.
    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let number = self.digits()?;
        matches!(self.rest.first(), Some(b',' | b'}' | b']')).then_some(number)
    }

    /// A number of at most eighteen digits, as JSON writes it (no leading zero), which may go on as a fraction.
    #[inline]
    pub fn digits(&mut self) -> Option<u64> {
        let mut number: u64 = 0;
        let mut digits = 0;
        while let Some(byte) = self.rest.get(digits) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            digits += 1;
        }
        if digits == 0 || digits > 18 || (digits > 1 && self.rest[0] == b'0') {
            return None;
        }
        self.rest = &self.rest[digits..];
        Some(number)
    }

    /// What is between two quotes, if it has neither escapes nor control characters. It may not be UTF-8.
    #[inline]
    pub fn plain_string(&mut self) -> Option<&'a [u8]> {
        let inner = self.rest.strip_prefix(b"\"")?;
        let end = inner
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        if inner[end] != b'"' {
            return None;
        }
        self.rest = &inner[end + 1..];
        Some(&inner[..end])
    }

    /// Null, a truth value, a string or an integer: its text, which is normal already, and the integer's value.
    #[inline]
    pub fn scalar(&mut self) -> Option<(&'a [u8], Option<i64>)> {
        let whole = self.rest;
        let mut integer = None;
        match whole.first()? {
            b'n' => self.literal(b"null")?,
            b't' => self.literal(b"true")?,
            b'f' => self.literal(b"false")?,
            b'"' => _ = self.plain_string()?,
            b'-' => {
                self.byte(b'-')?;
                // Minus zero is a float to a JSON library.
                integer = Some(-(self.number().filter(|number| *number != 0)? as i64));
            }
            _ => integer = Some(self.number()? as i64),
        }
        Some((&whole[..whole.len() - self.rest.len()], integer))
    }
}
