//! Where the tags of events lie, so that none hides another. Pure geometry.

use eframe::egui::{Rangef, Rect};

/// Height of a tag with the room below it, in points.
pub const TAG_HEIGHT: f32 = 18.0;
/// So many places above and below the corner of a box are tried.
const TRIED: i32 = 6;
/// So many tags of boxes at most are looked at for an overlap: more than that are at one place only where density is drawn.
const MOST_BOXES: usize = 64;

/// Places that are taken, filled in the order of onsets.
pub struct Tags {
    rect: Rect,
    /// To where each row from the top is taken.
    ends: Vec<f32>,
    /// Tags beside boxes that may still be in the way.
    boxes: Vec<Rect>,
}

impl Tags {
    /// None are taken.
    pub fn new(rect: Rect) -> Self {
        let rows = ((0.5 * rect.height() / TAG_HEIGHT) as usize).max(1);
        Self { rect, ends: vec![f32::NEG_INFINITY; rows], boxes: Vec::new() }
    }

    fn tag(ends: Rangef, top: f32) -> Rect {
        Rect::from_x_y_ranges(ends, Rangef::new(top, top + TAG_HEIGHT - 2.0))
    }

    fn row_top(&self, row: usize) -> f32 {
        self.rect.top() + 2.0 + row as f32 * TAG_HEIGHT
    }

    /// A place in the rows at the top, for an event that lasts to `right`. Returns the top of it, and the tag if there is room; `must`
    /// takes the row that is free soonest if none is.
    pub fn on_top(&mut self, ends: Rangef, right: f32, must: bool) -> (f32, Option<Rect>) {
        self.forget_before(ends.min);
        let is_free = |row: usize| {
            let tag = Self::tag(ends, self.row_top(row));
            self.ends[row] <= ends.min && !self.boxes.iter().any(|other| other.intersects(tag))
        };
        let free = (0..self.ends.len()).find(|&row| is_free(row)).or_else(|| must.then(|| self.soonest()));
        let top = self.row_top(free.unwrap_or(self.ends.len()));
        if let Some(end) = free.and_then(|row| self.ends.get_mut(row)) {
            *end = end.max(ends.max.max(right) + 2.0);
        }
        (top, free.map(|_| Self::tag(ends, top)))
    }

    /// A place at the upper left corner of a box: above its top, else within it, else as near as there is room.
    pub fn beside_box(&mut self, ends: Rangef, box_top: f32, must: bool) -> (f32, Option<Rect>) {
        self.forget_before(ends.min);
        let steps = (0..TRIED).flat_map(|step| [-(step + 1), step]);
        let tops = steps.map(|step| {
            let within = if step < 0 { 0.0 } else { 2.0 };
            box_top + within + step as f32 * TAG_HEIGHT
        });
        let is_inside = |top: &f32| *top >= self.rect.top() && top + TAG_HEIGHT <= self.rect.bottom();
        let mut inside = tops.filter(is_inside);
        let first = inside.clone().next().unwrap_or(self.rect.top());
        let free = inside.find(|&top| self.is_free(Self::tag(ends, top))).or(must.then_some(first));
        let Some(top) = free else { return (box_top, None) };
        let tag = Self::tag(ends, top);
        if self.boxes.len() < MOST_BOXES {
            self.boxes.push(tag);
        }
        (top, Some(tag))
    }

    fn is_free(&self, tag: Rect) -> bool {
        let row_of = |y: f32| ((y - self.rect.top() - 2.0) / TAG_HEIGHT).floor().max(0.0) as usize;
        let mut rows = row_of(tag.top())..=row_of(tag.bottom());
        let is_over_row = rows.any(|row| self.ends.get(row).is_some_and(|&end| end > tag.left()));
        !is_over_row && self.boxes.len() < MOST_BOXES && !self.boxes.iter().any(|other| other.intersects(tag))
    }

    /// Tags come from left to right: what ends before this one is in nobody's way any more.
    fn forget_before(&mut self, left: f32) {
        self.boxes.retain(|tag| tag.right() + 2.0 > left);
    }

    fn soonest(&self) -> usize {
        self.ends.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(row, _)| row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;
    use proptest::prelude::*;

    fn rect() -> Rect {
        Rect::from_min_max(pos2(0.0, 100.0), pos2(900.0, 500.0))
    }

    #[test]
    fn a_tag_of_a_box_stands_above_it_or_within_it() {
        let mut tags = Tags::new(rect());
        assert_eq!(tags.beside_box(Rangef::new(10.0, 60.0), 300.0, false).0, 282.0);
        assert_eq!(tags.beside_box(Rangef::new(20.0, 60.0), 300.0, false).0, 302.0, "above is taken");
        assert_eq!(tags.beside_box(Rangef::new(200.0, 260.0), 100.0, false).0, 102.0, "there is nothing above");
        let (top, tag) = tags.on_top(Rangef::new(300.0, 350.0), 500.0, false);
        assert_eq!((top, tag.is_some()), (102.0, true));
        assert_eq!(
            tags.beside_box(Rangef::new(400.0, 450.0), 101.0, false).0,
            121.0,
            "beneath the row of an event that goes on"
        );
    }

    proptest! {
        #[test]
        fn no_tag_hides_another(
            mut events in prop::collection::vec((0.0_f32..800.0, 10.0_f32..90.0, 0.0_f32..300.0, prop::option::of(100.0_f32..480.0)), 1..120),
        ) {
            events.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut tags = Tags::new(rect());
            let mut placed: Vec<Rect> = Vec::new();
            for (left, width, length, box_top) in events {
                let ends = Rangef::new(left, left + width);
                let (_, tag) = match box_top {
                    Some(top) => tags.beside_box(ends, top, false),
                    None => tags.on_top(ends, left + length, false),
                };
                if let Some(tag) = tag {
                    prop_assert!(placed.iter().all(|other| !other.intersects(tag)), "{tag:?} in {placed:?}");
                    prop_assert!(rect().expand(1.0).contains_rect(tag.with_max_x(tag.left())));
                    placed.push(tag);
                }
            }
        }
    }
}
