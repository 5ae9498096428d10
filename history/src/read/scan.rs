//! The fast path: one line in exactly the layout that [`crate::Writer`] gives an operation's event.
//!
//! ```text
//! {"index":7,"time":31362000000,"process":0,"type":"invoke","f":"propose","key":147,"value":17,"node":"n1"}
//! ```
//!
//! Whatever differs in the least (another order, white space, an escape, a fraction, a note) is left to the
//! slow path, which accepts all JSON: this function either understands a line fully or says nothing.

use crate::{EventType, Value, Values};

/// An event, borrowed from its line.
#[derive(Debug)]
pub struct Scanned<'a> {
    pub time: u64,
    pub process: u64,
    pub kind: EventType,
    pub f: &'a [u8],
    pub key: Value,
    pub value: Value,
    pub node: Option<&'a [u8]>,
    pub error: Option<&'a str>,
}

/// The event of a line in our own layout.
#[inline]
pub fn event<'a>(line: &'a [u8], values: &mut Values) -> Option<Scanned<'a>> {
    let mut cursor = Cursor { rest: line };
    cursor.literal(b"{\"index\":")?;
    cursor.number()?;
    cursor.literal(b",\"time\":")?;
    let time = cursor.number()?;
    cursor.literal(b",\"process\":")?;
    let process = cursor.number()?;
    cursor.literal(b",\"type\":\"")?;
    let kind = match cursor.rest.first()? {
        b'o' => cursor.literal(b"ok\"").map(|()| EventType::Ok)?,
        b'f' => cursor.literal(b"fail\"").map(|()| EventType::Fail)?,
        _ if cursor.literal(b"invoke\"").is_some() => EventType::Invoke,
        _ => cursor.literal(b"info\"").map(|()| EventType::Info)?,
    };
    cursor.literal(b",\"f\":")?;
    let f = cursor.plain_string()?;
    let key = match cursor.literal(b",\"key\":") {
        Some(()) => cursor.value(values)?,
        None => Value::NULL,
    };
    cursor.literal(b",\"value\":")?;
    let value = cursor.value(values)?;
    let node = match cursor.literal(b",\"node\":") {
        Some(()) => Some(cursor.plain_string()?),
        None => None,
    };
    let error = match cursor.literal(b",\"error\":") {
        Some(()) => Some(std::str::from_utf8(cursor.plain_string()?).ok()?),
        None => None,
    };
    (cursor.rest == b"}").then_some(Scanned {
        time,
        process,
        kind,
        f,
        key,
        value,
        node,
        error,
    })
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// A number of at most eighteen digits, as JSON writes it (no leading zero).
    #[inline]
    fn number(&mut self) -> Option<u64> {
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
    fn plain_string(&mut self) -> Option<&'a [u8]> {
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

    #[inline]
    fn value(&mut self, values: &mut Values) -> Option<Value> {
        match self.rest.first()? {
            b'n' => self.literal(b"null").map(|()| Value::NULL),
            b'"' => {
                let whole = self.rest;
                let inner = self.plain_string()?;
                let quoted = std::str::from_utf8(&whole[..inner.len() + 2]).ok()?;
                Some(values.of_plain_string(quoted))
            }
            b'-' => {
                self.literal(b"-")?;
                let number = self.number()?;
                self.ends_here()?;
                // Minus zero is a float to a JSON library.
                (number != 0).then(|| Value::integer(-(number as i64)))?
            }
            _ => {
                let number = self.number()?;
                self.ends_here()?;
                Value::integer(number as i64)
            }
        }
    }

    /// A number that goes on (a fraction, an exponent) is not for us.
    #[inline]
    fn ends_here(&self) -> Option<()> {
        matches!(self.rest.first(), Some(b',' | b'}')).then_some(())
    }
}
