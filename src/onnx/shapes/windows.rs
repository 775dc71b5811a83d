//! Sizes of what slides a window over its input: convolutions and pooling.

use super::{Known, Operation, int, ints, size_of, text};

/// The outputs of `Conv`.
pub(super) fn convolution(operation: &Operation<'_>) -> Result<Known, String> {
    let (input, weight) = (operation.input(0)?, operation.input(1)?);
    let (&batch, &out) = match (input.dims.first(), weight.dims.first()) {
        (Some(batch), Some(out)) if weight.dims.len() == input.dims.len() && input.dims.len() >= 3 => (batch, out),
        _ => return Err("a convolution needs an input and weights with the same number of axes, at least 3".to_owned()),
    };
    let kernel: Vec<usize> = weight.dims[2..].to_vec();
    Ok(Known::of([batch, out].into_iter().chain(slide(operation, &input.dims[2..], &kernel)?).collect()))
}

/// The outputs of `ConvTranspose`.
pub(super) fn transposed_convolution(operation: &Operation<'_>) -> Result<Known, String> {
    let (input, weight, node) = (operation.input(0)?, operation.input(1)?, operation.node);
    if weight.dims.len() != input.dims.len() || input.dims.len() < 3 || ints(node, "output_shape").is_some() {
        return Err("a transposed convolution of this form is not known".to_owned());
    }
    let groups = size_of(int(node, "group").unwrap_or(1))?;
    let mut dims = vec![input.dims[0], weight.dims[1].saturating_mul(groups)];
    for axis in 0..input.dims.len() - 2 {
        let setting = |name: &str, or: i64| ints(node, name).and_then(|all| all.get(axis).copied()).unwrap_or(or);
        let pads = ints(node, "pads").map_or(Some(0), |pads| padding(pads, axis, input.dims.len() - 2));
        let reach = (weight.dims[axis + 2] as i64 - 1).checked_mul(setting("dilations", 1));
        let begun = (input.dims[axis + 2] as i64 - 1).checked_mul(setting("strides", 1));
        let size = begun
            .zip(reach)
            .zip(pads)
            .and_then(|((begun, reach), pads)| begun.checked_add(reach)?.checked_sub(pads))
            .and_then(|size| size.checked_add(1)?.checked_add(setting("output_padding", 0)))
            .ok_or("sizes without measure")?;
        dims.push(size_of(size)?);
    }
    Ok(Known::of(dims))
}

/// The outputs of `MaxPool` and `AveragePool`.
pub(super) fn pooling(operation: &Operation<'_>) -> Result<Known, String> {
    let input = operation.input(0)?;
    let kernel = ints(operation.node, "kernel_shape").ok_or("a pooling without kernel_shape")?;
    let kernel: Vec<usize> = kernel.iter().map(|&size| size_of(size)).collect::<Result<_, _>>()?;
    if input.dims.len() < 3 || kernel.len() != input.dims.len() - 2 {
        return Err("kernel_shape does not fit the input".to_owned());
    }
    let places = slide(operation, &input.dims[2..], &kernel)?;
    Ok(Known::of(input.dims[..2].iter().copied().chain(places).collect()))
}

/// Begin and end of an axis' padding, in all.
fn padding(pads: &[i64], axis: usize, axes: usize) -> Option<i64> {
    pads.get(axis)?.checked_add(*pads.get(axis + axes)?)
}

/// How many places a window of `kernel` takes along each axis.
fn slide(operation: &Operation<'_>, dims: &[usize], kernel: &[usize]) -> Result<Vec<usize>, String> {
    let node = operation.node;
    let mode = text(node, "auto_pad").unwrap_or("NOTSET");
    let rounds_up = int(node, "ceil_mode").unwrap_or(0) != 0;
    let place = |axis: usize| {
        let setting = |name: &str| ints(node, name).and_then(|all| all.get(axis).copied()).unwrap_or(1);
        let (stride, dilation) = (setting("strides"), setting("dilations"));
        if stride < 1 || dilation < 1 || kernel[axis] < 1 {
            return Err("a window, stride or dilation of less than 1".to_owned());
        }
        let size = dims[axis] as i64;
        if mode.starts_with("SAME") {
            return size_of(size.saturating_add(stride - 1) / stride);
        }
        let pads = match ints(node, "pads") {
            Some(pads) if mode == "NOTSET" => padding(pads, axis, dims.len()).ok_or("pads do not fit the input")?,
            _ => 0,
        };
        let reach = (kernel[axis] as i64 - 1).saturating_mul(dilation).saturating_add(1);
        let room = size.saturating_add(pads).saturating_sub(reach);
        if room < 0 {
            return Err(format!("the window of {reach} does not fit into {size} with {pads} of padding"));
        }
        let steps = if rounds_up { room.saturating_add(stride - 1) / stride } else { room / stride };
        size_of(steps.saturating_add(1))
    };
    (0..dims.len()).map(place).collect()
}
