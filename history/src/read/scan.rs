//! The fast path of JSON Lines: one operation's event a line, its fields in any order.
//!
//! ```text
//! {"index":7,"time":31362000000,"process":0,"type":"invoke","f":"propose","key":147,"value":17,"node":"n1"}
//! {"process": 3, "type": "ok", "f": "cas", "value": [1, 2], "time": 10234}
//! ```
//!
//! Programs write their fields in the same order line after line, so the scanner remembers which field came after
//! which, and compares eight bytes to see that it is so again. At most one space is passed over where writers put one.
//!
//! Whatever differs (an escape, a fraction, an unknown field, a note) is left to the general path, which accepts all
//! JSON: the scanner either understands a line fully or says nothing.

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

/// A field's name with its closing quote, which is never more than eight bytes.
struct Name {
    word: u64,
    mask: u64,
    length: usize,
}

const fn name(quoted: &str) -> Name {
    let bytes = quoted.as_bytes();
    let (mut word, mut mask, mut place) = (0, 0, 0);
    while place < bytes.len() {
        word |= (bytes[place] as u64) << (8 * place);
        mask |= 0xff << (8 * place);
        place += 1;
    }
    Name {
        word,
        mask,
        length: bytes.len(),
    }
}

const NAMES: [Name; 9] = [
    name("index\""),
    name("time\""),
    name("process\""),
    name("type\""),
    name("f\""),
    name("key\""),
    name("value\""),
    name("node\""),
    name("error\""),
];
const INDEX: usize = 0;
const TIME: usize = 1;
const PROCESS: usize = 2;
const TYPE: usize = 3;
const F: usize = 4;
const KEY: usize = 5;
const VALUE: usize = 6;
const NODE: usize = 7;
const ERROR: usize = 8;
/// In the place of a field before the first.
const START: usize = 9;
/// A line without one of these is no event.
const NEEDED: u32 = 1 << PROCESS | 1 << TYPE | 1 << F;

/// What has been learned from the lines so far.
#[derive(Debug)]
pub struct Scanner {
    /// Which field came after each, last time.
    next: [usize; 10],
    /// An array as its normal text, where the line has spaces in it.
    array: String,
}

impl Scanner {
    /// A scanner that expects the order in which [`crate::Writer`] writes.
    pub fn new() -> Scanner {
        Scanner {
            next: [TIME, PROCESS, TYPE, F, KEY, VALUE, NODE, ERROR, INDEX, INDEX],
            array: String::new(),
        }
    }

    /// The event of the line at the beginning of `bytes`, and the line's length with its end.
    #[inline]
    pub fn event<'a>(&mut self, bytes: &'a [u8], values: &mut Values) -> Option<(Scanned<'a>, usize)> {
        let mut cursor = Cursor { rest: bytes };
        cursor.byte(b'{')?;
        let mut event = Scanned {
            time: 0,
            process: 0,
            kind: EventType::Info,
            f: b"",
            key: Value::NULL,
            value: Value::NULL,
            node: None,
            error: None,
        };
        let (mut last, mut seen) = (START, 0);
        loop {
            cursor.space();
            cursor.byte(b'"')?;
            let field = self.field(&mut cursor, last)?;
            if seen & 1 << field != 0 {
                return None;
            }
            seen |= 1 << field;
            last = field;
            cursor.byte(b':')?;
            cursor.space();
            match field {
                INDEX => _ = cursor.number()?,
                TIME => event.time = cursor.number()?,
                PROCESS => event.process = cursor.number()?,
                TYPE => event.kind = cursor.kind()?,
                F => event.f = cursor.plain_string()?,
                KEY => event.key = self.value(&mut cursor, values)?,
                VALUE => event.value = self.value(&mut cursor, values)?,
                NODE => event.node = Some(cursor.plain_string()?),
                _ => event.error = Some(std::str::from_utf8(cursor.plain_string()?).ok()?),
            }
            match cursor.take()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        if cursor.rest.first() == Some(&b'\r') {
            cursor.take();
        }
        cursor.byte(b'\n')?;
        (seen & NEEDED == NEEDED).then_some((event, bytes.len() - cursor.rest.len()))
    }

    /// The field whose name begins here.
    #[inline]
    fn field(&mut self, cursor: &mut Cursor<'_>, last: usize) -> Option<usize> {
        let word = u64::from_le_bytes(cursor.rest.get(..8)?.try_into().ok()?);
        let is = |field: usize| word & NAMES[field].mask == NAMES[field].word;
        let mut field = self.next[last];
        if !is(field) {
            field = (0..NAMES.len()).find(|field| is(*field))?;
            self.next[last] = field;
        }
        cursor.rest = &cursor.rest[NAMES[field].length..];
        Some(field)
    }

    #[inline]
    fn value(&mut self, cursor: &mut Cursor<'_>, values: &mut Values) -> Option<Value> {
        if cursor.rest.first() == Some(&b'[') {
            return self.array(cursor, values);
        }
        let (text, integer) = cursor.scalar()?;
        match integer {
            Some(number) => Value::integer(number),
            None if text == b"null" => Some(Value::NULL),
            None => Some(values.of_normal_text(std::str::from_utf8(text).ok()?)),
        }
    }

    /// An array of scalars: the argument of a compare-and-set, the content of a list.
    fn array(&mut self, cursor: &mut Cursor<'_>, values: &mut Values) -> Option<Value> {
        cursor.byte(b'[')?;
        self.array.clear();
        self.array.push('[');
        if cursor.rest.first() == Some(&b']') {
            cursor.byte(b']')?;
            return Some(values.of_normal_text("[]"));
        }
        loop {
            cursor.space();
            let (text, _) = cursor.scalar()?;
            self.array.push_str(std::str::from_utf8(text).ok()?);
            match cursor.take()? {
                b',' => self.array.push(','),
                b']' => break,
                _ => return None,
            }
        }
        self.array.push(']');
        Some(values.of_normal_text(&self.array))
    }
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    #[inline]
    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.take()? == byte).then_some(())
    }

    #[inline]
    fn space(&mut self) {
        if let [b' ', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    #[inline]
    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    #[inline]
    fn kind(&mut self) -> Option<EventType> {
        self.byte(b'"')?;
        match self.rest.first()? {
            b'o' => self.literal(b"ok\"").map(|()| EventType::Ok),
            b'f' => self.literal(b"fail\"").map(|()| EventType::Fail),
            _ if self.literal(b"invoke\"").is_some() => Some(EventType::Invoke),
            _ => self.literal(b"info\"").map(|()| EventType::Info),
        }
    }

    /// A number of at most eighteen digits, as JSON writes it (no leading zero), that ends here: a fraction or an
    /// exponent is not for us.
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
        matches!(self.rest.first(), Some(b',' | b'}' | b']')).then_some(number)
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

    /// Null, a truth value, a string or an integer: its text, which is normal already, and the integer's value.
    #[inline]
    fn scalar(&mut self) -> Option<(&'a [u8], Option<i64>)> {
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
