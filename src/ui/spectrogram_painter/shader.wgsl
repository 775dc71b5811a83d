// A spectrogram in a rectangle. Each pixel finds the columns and rows of bytes that it covers, takes their maximum (or, where
// a column or row covers several pixels, goes evenly from one to the next), and looks its colour up.

struct Picture {
    // left, top, width, height in pixels of the framebuffer
    rect: vec4<f32>,
    // column at the left border, columns a pixel, columns at the beginning and the end of the recording
    time: vec4<f32>,
    // bottom and top in the scale's unit; row r of the axis stands at z + r·w hertz, or mel
    frequency: vec4<f32>,
    // byte of the first colour, 1 / (last − first), exponent
    level: vec4<f32>,
    // scale (0 linear, 1 mel, 2 logarithmic, 3 Bark), row of the colour table, slots, 1 if the target wants linear light
    choice: vec4<i32>,
    // axis (0 hertz, 1 mel), its rows, how many of them have one median (0: none is subtracted)
    rows: vec4<i32>,
    // first and last row that are drawn
    drawn: vec4<f32>,
    // one byte for each group of rows
    medians: array<vec4<u32>, 32>,
    // For each tile's place: layer (−1: nothing there), 256 × rows of the axis in a row + columns of the view in one of the tile as a power
    // of two, line of the first column in the layer, line behind the last one.
    slots: array<vec4<i32>, 64>,
}

@group(0) @binding(0) var<uniform> picture: Picture;
@group(0) @binding(1) var tiles: texture_2d_array<f32>;
@group(0) @binding(2) var colors: texture_2d<f32>;

const TILE_COLUMNS: i32 = 256;
const UNKNOWN: f32 = -1.0e6;

@vertex
fn vertex_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    // One triangle over the whole viewport.
    let x = f32(i32(index & 1u) * 4 - 1);
    let y = f32(i32(index >> 1u) * 4 - 1);
    return vec4<f32>(x, y, 0.0, 1.0);
}

fn hz_from_scale(value: f32) -> f32 {
    if picture.choice.x == 1 {
        return 700.0 * (exp(value) - 1.0);
    }
    if picture.choice.x == 2 {
        return exp(value);
    }
    if picture.choice.x == 3 {
        return 300.0 * (exp(value) - exp(-value));
    }
    return value;
}

fn row_from_hz(hz: f32) -> f32 {
    var place = hz;
    if picture.rows.x == 1 {
        place = 1127.0 * log(1.0 + max(hz, -699.0) / 700.0);
    }
    return (place - picture.frequency.z) / picture.frequency.w;
}

fn is_unknown(value: f32) -> bool {
    return value < 0.5 * UNKNOWN;
}

// The byte of a row of a tile, less the median of that row if bands are normalised.
fn byte_of(row: i32, line: i32, layer: i32, bins_per_row: i32) -> f32 {
    let byte = textureLoad(tiles, vec2<i32>(row, line), layer, 0).r * 255.0;
    if picture.rows.z == 0 {
        return byte;
    }
    let group = u32(clamp(row * bins_per_row / picture.rows.z, 0, 511));
    let word = picture.medians[group / 16u][(group / 4u) % 4u];
    return byte - f32((word >> (8u * (group % 4u))) & 255u);
}

// The byte of rows `bins.x` to `bins.y` of the axis in a column of the view, or UNKNOWN.
fn column_value(column: i32, bins: vec2<f32>) -> f32 {
    let slot_index = column / TILE_COLUMNS;
    if column < 0 || slot_index >= picture.choice.z {
        return UNKNOWN;
    }
    let place = picture.slots[slot_index];
    let texel = place.z + ((column % TILE_COLUMNS) >> u32(place.y & 255));
    if place.x < 0 || texel >= place.w {
        return UNKNOWN;
    }
    let bins_per_row = f32(place.y >> 8u);
    let group = place.y >> 8u;
    let last_row = (picture.rows.y + group - 1) / group - 1;
    // Row b of the axis reaches from b − ½ to b + ½.
    let low = (bins.x + 0.5) / bins_per_row;
    let high = (bins.y + 0.5) / bins_per_row;
    let first = i32(ceil(low - 0.5));
    let end = i32(ceil(high - 0.5));
    if first < end {
        var greatest = UNKNOWN;
        let from_row = clamp(first, 0, last_row);
        let to_row = clamp(end - 1, from_row, min(last_row, from_row + 255));
        for (var row = from_row; row <= to_row; row++) {
            greatest = max(greatest, byte_of(row, texel, place.x, group));
        }
        return greatest;
    }
    let position = 0.5 * (low + high) - 0.5;
    let below = floor(position);
    let lower = byte_of(clamp(i32(below), 0, last_row), texel, place.x, group);
    let upper = byte_of(clamp(i32(below) + 1, 0, last_row), texel, place.x, group);
    return mix(lower, upper, position - below);
}

fn value_at(left: f32, right: f32, bins: vec2<f32>) -> f32 {
    let first = i32(ceil(left - 0.5));
    let end = i32(ceil(right - 0.5));
    if first < end {
        var greatest = UNKNOWN;
        for (var column = first; column < min(end, first + 4); column++) {
            greatest = max(greatest, column_value(column, bins));
        }
        return greatest;
    }
    let position = 0.5 * (left + right) - 0.5;
    let before = floor(position);
    let earlier = column_value(i32(before), bins);
    let later = column_value(i32(before) + 1, bins);
    if is_unknown(earlier) || is_unknown(later) {
        return max(earlier, later);
    }
    return mix(earlier, later, position - before);
}

fn linear_light(color: vec3<f32>) -> vec3<f32> {
    let low = color / 12.92;
    let high = pow((color + 0.055) / 1.055, vec3<f32>(2.4));
    return select(high, low, color <= vec3<f32>(0.04045));
}

@fragment
fn fragment_main(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    // Left and top border of the pixel, from the rectangle's corner.
    let corner = position.xy - picture.rect.xy - vec2<f32>(0.5);
    let left = picture.time.x + corner.x * picture.time.y;
    let right = picture.time.x + (corner.x + 1.0) * picture.time.y;
    let high = mix(picture.frequency.y, picture.frequency.x, corner.y / picture.rect.w);
    let low = mix(picture.frequency.y, picture.frequency.x, (corner.y + 1.0) / picture.rect.w);
    let bins = vec2<f32>(row_from_hz(hz_from_scale(low)), row_from_hz(hz_from_scale(high)));
    let middle = 0.5 * (left + right);
    var value = UNKNOWN;
    // No sound beyond the rows, nor outside the recording.
    if middle >= picture.time.z && middle < picture.time.w && bins.x < picture.drawn.y && bins.y > picture.drawn.x {
        value = value_at(left, right, bins);
    }
    if is_unknown(value) {
        return vec4<f32>(0.0);
    }
    var share = clamp((value - picture.level.x) * picture.level.y, 0.0, 1.0);
    if picture.level.z != 1.0 {
        share = pow(share, picture.level.z);
    }
    var color = textureLoad(colors, vec2<i32>(i32(share * 255.0 + 0.5), picture.choice.y), 0).rgb;
    if picture.choice.w == 1 {
        color = linear_light(color);
    }
    return vec4<f32>(color, 1.0);
}
