//! Where there is room: bars and words that are drawn already, so that the next words cover none of them.

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub fn new(x: f64, y: f64, width: f64, height: f64) -> Area {
        Area { x, y, width, height }
    }

    fn shared(&self, other: &Area) -> f64 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }
}

/// What is taken of a drawing.
#[derive(Debug)]
pub struct Room {
    whole: Area,
    taken: Vec<Area>,
    busy: Vec<Area>,
}

impl Room {
    /// A drawing with nothing on it yet.
    pub fn new(whole: Area) -> Room {
        Room {
            whole,
            taken: Vec::new(),
            busy: Vec::new(),
        }
    }

    /// Keeps others out of an area.
    pub fn take(&mut self, area: Area) {
        self.taken.push(area);
    }

    /// Keeps the words of operations out of an area; others may go there (a block's own words).
    pub fn make_busy(&mut self, area: Area) {
        self.busy.push(area);
    }

    /// Whether nothing is there, and it is on the drawing.
    pub fn is_free(&self, area: &Area) -> bool {
        self.covered(area) < 1.0
    }

    /// Whether nothing is there that would make words hard to read.
    pub fn is_quiet(&self, area: &Area) -> bool {
        self.is_free(area) && self.busy.iter().all(|busy| busy.shared(area) < 1.0)
    }

    /// How much an area would cover; what is outside of the drawing counts as covered.
    pub fn covered(&self, area: &Area) -> f64 {
        let outside = area.width * area.height - area.shared(&self.whole);
        outside + self.taken.iter().map(|taken| taken.shared(area)).sum::<f64>()
    }

    /// The first of some areas that covers least.
    pub fn best(&self, places: impl IntoIterator<Item = Area>) -> Option<Area> {
        let by_cover = places.into_iter().map(|place| (self.covered(&place), place));
        by_cover
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_words_go_where_the_first_are_not() {
        let mut room = Room::new(Area::new(0.0, 0.0, 100.0, 100.0));
        let here = Area::new(10.0, 10.0, 20.0, 10.0);
        assert!(room.is_quiet(&here));
        room.make_busy(here);
        assert!(room.is_free(&here) && !room.is_quiet(&here));
        room.take(here);
        assert!(!room.is_free(&here));
        let beside = Area::new(40.0, 10.0, 20.0, 10.0);
        assert_eq!(room.best([here, beside]).map(|area| area.x), Some(40.0));
    }

    #[test]
    fn nothing_is_free_outside_of_the_drawing() {
        let room = Room::new(Area::new(0.0, 0.0, 100.0, 100.0));
        assert!(!room.is_free(&Area::new(95.0, 10.0, 20.0, 10.0)));
        assert!(!room.is_free(&Area::new(-5.0, 10.0, 20.0, 10.0)));
    }
}
