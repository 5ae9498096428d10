//! A drawing, written piece by piece. Every text and attribute is escaped on its way in.

use std::fmt::Write;

/// An SVG being drawn.
#[derive(Debug)]
pub struct Svg {
    body: String,
    width: f64,
    height: f64,
}

impl Svg {
    /// An empty drawing of this size, in pixels.
    pub fn new(width: f64, height: f64) -> Svg {
        Svg {
            body: String::new(),
            width,
            height,
        }
    }

    /// Puts a rectangle of a class; `title` is shown on hover, where there is one.
    pub fn rect(&mut self, class: &str, [x, y, width, height]: [f64; 4], title: &str) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        let shape = format!(
            r#"<rect class="{}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}""#,
            escaped(class)
        );
        self.titled(&shape, "rect", title);
    }

    /// Puts a line of a class.
    pub fn line(&mut self, class: &str, [x1, y1, x2, y2]: [f64; 4]) {
        self.put(format_args!(
            r#"<line class="{}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#,
            escaped(class)
        ));
    }

    /// Puts a path of a class. `d` is made by us, of numbers.
    pub fn path(&mut self, class: &str, d: &str) {
        self.put(format_args!(
            r#"<path class="{}" d="{}"/>"#,
            escaped(class),
            escaped(d)
        ));
    }

    /// Puts a path of a class with a title that is shown on hover.
    pub fn path_titled(&mut self, class: &str, d: &str, title: &str) {
        let shape = format!(r#"<path class="{}" d="{}""#, escaped(class), escaped(d));
        self.titled(&shape, "path", title);
    }

    /// Puts a text of one-width characters of a class, as large as fits into `width`, within two sizes; what
    /// does not fit at the smaller one is cut.
    pub fn text_within(
        &mut self,
        class: &str,
        [x, y]: [f64; 2],
        text: &str,
        (width, size_max, size_min): (f64, f64, f64),
    ) {
        let fits = width / mono_width("x", 1.0);
        let size = (fits / text.chars().count().max(1) as f64).clamp(size_min, size_max);
        let text = crate::text::visible(text, (fits / size + 0.01).max(2.0) as usize);
        self.put(format_args!(
            r#"<text class="{}" x="{x:.1}" y="{y:.1}" style="font-size:{size:.2}px">{}</text>"#,
            escaped(class),
            escaped(&text)
        ));
    }

    /// Puts another drawing of the same size on top of this one.
    pub fn append(&mut self, other: Svg) {
        self.body.push_str(&other.body);
    }

    /// Puts a circle of a class.
    pub fn circle(&mut self, class: &str, [x, y, radius]: [f64; 3]) {
        self.put(format_args!(
            r#"<circle class="{}" cx="{x:.1}" cy="{y:.1}" r="{radius:.1}"/>"#,
            escaped(class)
        ));
    }

    /// Puts a text of a class with its anchor (`start`, `middle`, `end`) at a place.
    pub fn text(&mut self, class: &str, anchor: &str, [x, y]: [f64; 2], text: &str) {
        self.put(format_args!(
            r#"<text class="{}" text-anchor="{anchor}" x="{x:.1}" y="{y:.1}">{}</text>"#,
            escaped(class),
            escaped(text)
        ));
    }

    /// Puts a rounded label around a text, centred; returns its width.
    pub fn pill(&mut self, class: &str, [x, y]: [f64; 2], text: &str) -> f64 {
        let width = text_width(text, 11.0) + 16.0;
        // It stays on the drawing.
        let x = x.clamp(
            width / 2.0 + 1.0,
            (self.width - width / 2.0 - 1.0).max(width / 2.0 + 1.0),
        );
        self.put(format_args!(
            r#"<rect class="pill {}" x="{:.1}" y="{:.1}" width="{width:.1}" height="18" rx="9"/>"#,
            escaped(class),
            x - width / 2.0,
            y - 9.0
        ));
        self.text(&format!("pilltext {class}"), "middle", [x, y + 3.8], text);
        width
    }

    /// The whole drawing, with its facts in words for whoever cannot see it.
    pub fn finish(self, class: &str, title: &str, description: &str) -> String {
        format!(
            r#"<svg class="{}" viewBox="0 0 {:.0} {:.0}" width="{:.0}" height="{:.0}" role="img" xmlns="http://www.w3.org/2000/svg"><title>{}</title><desc>{}</desc>{DEFINITIONS}{}</svg>"#,
            escaped(class),
            self.width,
            self.height,
            self.width,
            self.height,
            escaped(title),
            escaped(description),
            self.body
        )
    }

    /// The same for what stands in a drawing already: it is hidden from whoever cannot see it.
    pub fn finish_beside(self, class: &str) -> String {
        format!(
            r#"<svg class="{}" viewBox="0 0 {:.0} {:.0}" aria-hidden="true" xmlns="http://www.w3.org/2000/svg">{}</svg>"#,
            escaped(class),
            self.width,
            self.height,
            self.body
        )
    }

    fn titled(&mut self, shape: &str, element: &str, title: &str) {
        if title.is_empty() {
            self.put(format_args!("{shape}/>"));
        } else {
            self.put(format_args!(
                "{shape}><title>{}</title></{element}>",
                escaped(title)
            ));
        }
    }

    fn put(&mut self, piece: std::fmt::Arguments<'_>) {
        // Writing to memory cannot fail.
        let _ = self.body.write_fmt(piece);
    }
}

/// Hatches and arrow heads that drawings share.
pub const DEFINITIONS: &str = concat!(
    r#"<defs><pattern id="hatch-a" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch-partition" x1="0" y1="0" x2="0" y2="7"/></pattern>"#,
    r#"<pattern id="hatch-b" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><line class="hatch-partition" x1="0" y1="0" x2="0" y2="7"/></pattern>"#,
    r#"<pattern id="hatch-down" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="down-ground" width="6" height="6"/><line class="hatch-down" x1="0" y1="0" x2="0" y2="6"/></pattern>"#,
    r#"<pattern id="turns" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="turn" x="3" width="3" height="6"/></pattern>"#,
    r#"<pattern id="turns-grey" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="turn-grey" width="4" height="8"/></pattern>"#,
    r#"<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="arrow-ink" d="M0 0L8 4L0 8z"/></marker>"#,
    r#"<marker id="arrow-red" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="arrow-red" d="M0 0L8 4L0 8z"/></marker>"#,
    r#"<marker id="dot" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="5" markerHeight="5"><circle class="arrow-ink" cx="4" cy="4" r="3.5"/></marker>"#,
    r#"<marker id="dot-red" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="5" markerHeight="5"><circle class="arrow-red" cx="4" cy="4" r="3.5"/></marker></defs>"#
);

/// Text that cannot be markup, in an element or in an attribute.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// About how wide a text is, in pixels; system fonts differ, so a little generous.
pub fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.58
}

/// About how wide a text is in a font whose characters are all as wide.
pub fn mono_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.612
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text(
            "a\"b",
            "start",
            [0.0, 0.0],
            "</text></svg><script>alert(1)</script>",
        );
        svg.rect("c", [0.0, 0.0, 1.0, 1.0], "<img onerror=x>");
        let drawn = svg.finish("d", "</title>", "&");
        assert!(!drawn.contains("<script") && !drawn.contains("<img") && !drawn.contains("</title></title>"));
        assert!(drawn.contains("&lt;/text&gt;"));
    }
}
