//! Writing beside points without writing over anything: each label takes the free place that costs least, and one without any is left out.

/// A box on the page: left, top, right, bottom.
pub(super) type Box4 = [f64; 4];

/// A label to be placed.
pub(super) struct Wanted {
    /// The point's middle.
    pub x: f64,
    /// The point's middle.
    pub y: f64,
    /// Width of the text.
    pub width: f64,
    /// Height of the text.
    pub height: f64,
}

/// Distance from a point's middle to its label.
const NEAR: f64 = 8.0;
const FAR: f64 = 17.0;
/// At this distance a thin line leads from the label to its point.
const LED: f64 = 30.0;
/// A label this near to another point could be taken for that one's.
const BESIDE: f64 = 7.0;
/// A label that would cover this much, in square points, is left out.
const TOO_MUCH: f64 = 14.0;

/// A label's box, and whether a line leads to it.
pub(super) type Placed = (Box4, bool);

/// A box for each label within `bounds`, or none; points of radius `radius` at `markers` must not be covered, and `lines` better not.
pub(super) fn place(
    wanted: &[Wanted],
    bounds: Box4,
    markers: &[(f64, f64)],
    radius: f64,
    lines: &[[f64; 4]],
) -> Vec<Option<Placed>> {
    let around = |&(x, y): &(f64, f64), radius: f64| [x - radius, y - radius, x + radius, y + radius];
    let mut placed: Vec<Option<Placed>> = vec![None; wanted.len()];
    let mut full: Vec<Box4> = markers.iter().map(|marker| around(marker, radius)).collect();
    // Who has the most neighbours chooses first.
    let crowd = |one: &Wanted| wanted.iter().filter(|other| (one.x - other.x).hypot(one.y - other.y) < 60.0).count();
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(crowd(&wanted[index])));
    for index in order {
        let label = &wanted[index];
        let others = markers.iter().filter(|(x, y)| (label.x - x).hypot(label.y - y) > 0.5);
        let beside: Vec<Box4> = others.map(|marker| around(marker, radius + BESIDE)).collect();
        let choices = candidates(label).into_iter().filter(|choice| is_within(choice.place, bounds));
        let costed = choices.map(|choice| {
            let covered: f64 = full.iter().map(|other| overlap(choice.place, *other)).sum();
            let confused = beside.iter().filter(|other| overlap(choice.place, **other) > 0.0).count() as f64;
            let crossed = lines.iter().filter(|line| crosses(**line, choice.place)).count() as f64;
            let cost = 3.0 * covered + 2.5 * crossed + 2.0 * confused + choice.dislike;
            (choice, covered, cost)
        });
        let best = costed.min_by(|a, b| a.2.total_cmp(&b.2));
        if let Some((choice, covered, _)) = best
            && covered <= TOO_MUCH
        {
            placed[index] = Some((choice.place, choice.is_led));
            full.push(choice.place);
        }
    }
    placed
}

/// A place beside a point, and how little it is liked.
struct Choice {
    place: Box4,
    dislike: f64,
    is_led: bool,
}

fn candidates(label: &Wanted) -> Vec<Choice> {
    let (width, height) = (label.width, label.height);
    // Directions: where the label's middle is from the point's, in halves of its own size.
    let around =
        [(1, 0, 0.0), (-1, 0, 0.6), (0, -1, 0.4), (0, 1, 0.5), (1, -1, 0.8), (1, 1, 0.9), (-1, -1, 1.0), (-1, 1, 1.1)];
    let mut all = Vec::new();
    for (distance, farther) in [(NEAR, 0.0), (FAR, 3.0), (LED, 7.0)] {
        for (right, down, dislike) in around {
            let (right, down) = (f64::from(right), f64::from(down));
            let diagonal = if right != 0.0 && down != 0.0 { 0.7 } else { 1.0 };
            let x = label.x + right * (diagonal * distance + 0.5 * width);
            let y = label.y + down * (diagonal * distance + 0.5 * height);
            let place = [x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height];
            all.push(Choice { place, dislike: dislike + farther, is_led: distance > NEAR });
        }
    }
    all
}

fn is_within(place: Box4, bounds: Box4) -> bool {
    place[0] >= bounds[0] && place[1] >= bounds[1] && place[2] <= bounds[2] && place[3] <= bounds[3]
}

pub(super) fn overlap(a: Box4, b: Box4) -> f64 {
    let width = a[2].min(b[2]) - a[0].max(b[0]);
    let height = a[3].min(b[3]) - a[1].max(b[1]);
    width.max(0.0) * height.max(0.0)
}

/// Whether a line, looked at in steps of a few points, passes through a box.
fn crosses([x0, y0, x1, y1]: [f64; 4], place: Box4) -> bool {
    let steps = ((x1 - x0).hypot(y1 - y0) / 4.0).ceil().clamp(1.0, 1000.0) as usize;
    (0..=steps).any(|step| {
        let t = step as f64 / steps as f64;
        let (x, y) = (x0 + t * (x1 - x0), y0 + t * (y1 - y0));
        (place[0]..=place[2]).contains(&x) && (place[1]..=place[3]).contains(&y)
    })
}

/// Width of a text in Roboto of this size: within a tenth.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let ems = text.chars().map(|character| match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '\'' | ' ' | '·' | '\u{2009}' => 0.25,
        'f' | 'r' | 't' | '(' | ')' | '-' | '/' | '[' | ']' => 0.34,
        'm' | 'w' | 'M' | 'W' | '@' => 0.87,
        'A'..='Z' => 0.64,
        _ => 0.555,
    });
    size * ems.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_written_apart_and_what_has_no_room_is_left_out() {
        let label = |x: f64, y: f64| Wanted { x, y, width: 40.0, height: 12.0 };
        let bounds = [0.0, 0.0, 400.0, 300.0];
        let placed = place(&[label(200.0, 150.0), label(206.0, 152.0), label(300.0, 20.0)], bounds, &[], 5.0, &[]);
        let boxes: Vec<Box4> = placed.into_iter().flatten().map(|(place, _)| place).collect();
        assert_eq!(boxes.len(), 3);
        assert!(overlap(boxes[0], boxes[1]) <= TOO_MUCH);
        assert!(boxes.iter().all(|place| is_within(*place, bounds)));
        let full: Vec<Wanted> = (0..60).map(|_| label(200.0, 150.0)).collect();
        let count = place(&full, bounds, &[], 5.0, &[]).iter().flatten().count();
        assert!((4..40).contains(&count), "{count}");
    }
}
