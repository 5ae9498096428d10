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

mod cursor;

use crate::{EventType, Value, Values};
use cursor::Cursor;

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
        if bytes.starts_with(b"{\"index\":")
            && let Some(scanned) = self.of_writer(bytes, values)
        {
            return Some(scanned);
        }
        self.of_any_order(bytes, values)
    }

    /// The event of a line exactly as [`crate::Writer`] writes it. To know the order is half as fast again as to have
    /// learned it.
    #[inline]
    fn of_writer<'a>(&mut self, bytes: &'a [u8], values: &mut Values) -> Option<(Scanned<'a>, usize)> {
        let mut cursor = Cursor { rest: bytes };
        cursor.literal(b"{\"index\":")?;
        cursor.digits()?;
        cursor.literal(b",\"time\":")?;
        let time = cursor.digits()?;
        cursor.literal(b",\"process\":")?;
        let process = cursor.digits()?;
        cursor.literal(b",\"type\":")?;
        let kind = cursor.kind()?;
        cursor.literal(b",\"f\":")?;
        let f = cursor.plain_string()?;
        let key = match cursor.literal(b",\"key\":") {
            Some(()) => self.value(&mut cursor, values)?,
            None => Value::NULL,
        };
        cursor.literal(b",\"value\":")?;
        let value = self.value(&mut cursor, values)?;
        let node = match cursor.literal(b",\"node\":") {
            Some(()) => Some(cursor.plain_string()?),
            None => None,
        };
        let error = match cursor.literal(b",\"error\":") {
            Some(()) => Some(std::str::from_utf8(cursor.plain_string()?).ok()?),
            None => None,
        };
        cursor.literal(b"}\n")?;
        let event = Scanned {
            time,
            process,
            kind,
            f,
            key,
            value,
            node,
            error,
        };
        Some((event, bytes.len() - cursor.rest.len()))
    }

    /// The event of a line whose fields stand in any order.
    #[inline]
    fn of_any_order<'a>(&mut self, bytes: &'a [u8], values: &mut Values) -> Option<(Scanned<'a>, usize)> {
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
        match cursor.rest.first()? {
            b'[' => return self.array(cursor, values),
            b'0'..=b'9' => return Value::integer(cursor.number()? as i64),
            _ => {}
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
