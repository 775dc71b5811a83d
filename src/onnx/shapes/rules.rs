//! One rule an operator: the sizes of its outputs, and their numbers where they are whole and follow from constants and sizes.

use super::contraction::{attention, einsum, gemm, matrix_product, recurrence};
use super::windows::{convolution, pooling, transposed_convolution};
use super::{Known, MOST_AXES, MOST_NUMBERS, Operation, axis_of, broadcast, elements, int, ints, of_tensor, size_of};

/// What is known of the outputs of a node.
pub(super) fn outputs(operation: &Operation<'_>) -> Result<Vec<Known>, String> {
    let one = |known: Result<Known, String>| known.map(|known| vec![known]);
    match operation.node.op_type.as_str() {
        "Identity" | "Cast" | "Dropout" | "CastLike" => one(operation.input(0).cloned()),
        "Relu"
        | "LeakyRelu"
        | "Elu"
        | "Celu"
        | "Selu"
        | "PRelu"
        | "ThresholdedRelu"
        | "HardSwish"
        | "HardSigmoid"
        | "Sigmoid"
        | "Tanh"
        | "Gelu"
        | "Swish"
        | "Mish"
        | "Softplus"
        | "Softsign"
        | "Softmax"
        | "LogSoftmax"
        | "Hardmax"
        | "Erf"
        | "Exp"
        | "Log"
        | "Sqrt"
        | "Reciprocal"
        | "Neg"
        | "Abs"
        | "Sign"
        | "Floor"
        | "Ceil"
        | "Round"
        | "Sin"
        | "Cos"
        | "Not"
        | "IsNaN"
        | "Clip"
        | "CumSum"
        | "Trilu"
        | "LayerNormalization"
        | "RMSNormalization"
        | "BatchNormalization"
        | "InstanceNormalization"
        | "GroupNormalization"
        | "LpNormalization"
        | "QuantizeLinear"
        | "DequantizeLinear"
        | "ReverseSequence"
        | "ScatterND"
        | "ScatterElements"
        | "RotaryEmbedding" => one(operation.input(0).map(|known| Known::of(known.dims.clone()))),
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Pow" | "Min" | "Max" | "Sum" | "Mean" | "And" | "Or" | "Xor"
        | "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" | "Where" => one(element_wise(operation)),
        "Conv" => one(convolution(operation)),
        "ConvTranspose" => one(transposed_convolution(operation)),
        "MaxPool" | "AveragePool" | "LpPool" => one(pooling(operation)),
        "GlobalAveragePool" | "GlobalMaxPool" => one(global_pooling(operation)),
        "Gemm" => one(gemm(operation)),
        "MatMul" | "MatMulInteger" => one(matrix_product(operation, 1)),
        "QLinearMatMul" => one(matrix_product(operation, 3)),
        "Einsum" => one(einsum(operation)),
        "Attention" => one(attention(operation)),
        "GRU" | "LSTM" | "RNN" => recurrence(operation),
        "Transpose" => one(transpose(operation)),
        "Reshape" => one(reshape(operation)),
        "Flatten" => one(flatten(operation)),
        "Squeeze" => one(squeeze(operation)),
        "Unsqueeze" => one(unsqueeze(operation)),
        "Concat" => one(concat(operation)),
        "Split" => split(operation),
        "Slice" => one(slice(operation)),
        "Gather" => one(gather(operation)),
        "GatherElements" => one(operation.input(1).map(|known| Known::of(known.dims.clone()))),
        "Expand" => one(expand(operation)),
        "Tile" => one(tile(operation)),
        "Pad" => one(pad(operation)),
        "Shape" => one(shape(operation)),
        "Size" => one(size(operation)),
        "Range" => one(range(operation)),
        "Constant" => one(constant(operation)),
        "ConstantOfShape" => one(filled(operation)),
        "ArgMax" | "ArgMin" => one(reduce_axes(operation, Some(vec![int(operation.node, "axis").unwrap_or(0)]))),
        name if name.starts_with("Reduce") => one(reduce(operation)),
        name => Err(format!("the operator {name} is not known")),
    }
}

fn element_wise(operation: &Operation<'_>) -> Result<Known, String> {
    let mut dims = Vec::new();
    for index in 0..operation.inputs.len() {
        dims = broadcast(&dims, &operation.input(index)?.dims)?;
    }
    let integers = whole_results(operation).filter(|numbers| numbers.len() as u64 == elements(&dims));
    Ok(Known { dims, integers, ..Known::default() })
}

/// Sums, differences, products and quotients of sizes.
fn whole_results(operation: &Operation<'_>) -> Option<Vec<i64>> {
    let (a, b) = (operation.optional(0)?.integers.as_deref()?, operation.optional(1)?.integers.as_deref()?);
    let compute = |a: i64, b: i64| match operation.node.op_type.as_str() {
        "Add" => a.checked_add(b),
        "Sub" => a.checked_sub(b),
        "Mul" => a.checked_mul(b),
        "Div" => a.checked_div(b),
        "Min" => Some(a.min(b)),
        "Max" => Some(a.max(b)),
        _ => None,
    };
    let count = a.len().max(b.len());
    let fits = operation.inputs.len() == 2 && [a, b].iter().all(|side| side.len() == count || side.len() == 1);
    let at = |side: &[i64], index: usize| side.get(index).or(side.first()).copied();
    if fits { (0..count).map(|index| compute(at(a, index)?, at(b, index)?)).collect() } else { None }
}

fn global_pooling(operation: &Operation<'_>) -> Result<Known, String> {
    let dims = &operation.input(0)?.dims;
    Ok(Known::of(dims.iter().enumerate().map(|(axis, &size)| if axis < 2 { size } else { 1 }).collect()))
}

fn transpose(operation: &Operation<'_>) -> Result<Known, String> {
    let dims = &operation.input(0)?.dims;
    let order: Vec<usize> = match ints(operation.node, "perm") {
        Some(order) => order.iter().map(|&axis| axis_of(axis, dims.len())).collect::<Result<_, _>>()?,
        None => (0..dims.len()).rev().collect(),
    };
    if order.len() != dims.len() {
        return Err("perm does not name every axis".to_owned());
    }
    Ok(Known::of(order.into_iter().map(|axis| dims[axis]).collect()))
}

fn reshape(operation: &Operation<'_>) -> Result<Known, String> {
    let input = operation.input(0)?;
    let wanted = operation.integers(1)?;
    let keeps_zero = int(operation.node, "allowzero").unwrap_or(0) == 0;
    let size = |(axis, &number): (usize, &i64)| match number {
        -1 => Ok(None),
        0 if keeps_zero => input.dims.get(axis).map(|&size| Some(size)).ok_or("0 beyond the input's axes".to_owned()),
        number => size_of(number).map(Some),
    };
    let sizes: Vec<Option<usize>> = wanted.iter().enumerate().map(size).collect::<Result<_, _>>()?;
    let known: Vec<usize> = sizes.iter().flatten().copied().collect();
    let rest = input.elements().checked_div(elements(&known)).unwrap_or(0);
    let dims: Vec<usize> = sizes.into_iter().map(|size| size.unwrap_or(rest as usize)).collect();
    if elements(&dims) != input.elements() {
        return Err(format!("{:?} cannot become {wanted:?}", input.dims));
    }
    Ok(Known { dims, integers: input.integers.clone(), ..Known::default() })
}

fn flatten(operation: &Operation<'_>) -> Result<Known, String> {
    let dims = &operation.input(0)?.dims;
    let axis = int(operation.node, "axis").unwrap_or(1);
    let place = if axis == dims.len() as i64 { dims.len() } else { axis_of(axis, dims.len())? };
    let product = |dims: &[usize]| dims.iter().fold(1_usize, |product, &size| product.saturating_mul(size));
    Ok(Known::of(vec![product(&dims[..place]), product(&dims[place..])]))
}

fn squeeze(operation: &Operation<'_>) -> Result<Known, String> {
    let input = operation.input(0)?;
    let rank = input.dims.len();
    let gone: Vec<usize> = match operation.integers_at("axes", 1)? {
        Some(axes) => axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).filter(|&axis| input.dims[axis] == 1).collect(),
    };
    if gone.iter().any(|&axis| input.dims[axis] != 1) {
        return Err(format!("axes {gone:?} of {:?} are not all of size 1", input.dims));
    }
    let dims = (0..rank).filter(|axis| !gone.contains(axis)).map(|axis| input.dims[axis]).collect();
    Ok(Known { dims, integers: input.integers.clone(), ..Known::default() })
}

fn unsqueeze(operation: &Operation<'_>) -> Result<Known, String> {
    let input = operation.input(0)?;
    let axes = operation.integers_at("axes", 1)?.ok_or("Unsqueeze without axes")?;
    let rank = input.dims.len() + axes.len();
    if rank > MOST_AXES {
        return Err(format!("{rank} axes"));
    }
    let new: Vec<usize> = axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<_, _>>()?;
    let mut old = input.dims.iter().copied();
    let dims = (0..rank).map(|axis| if new.contains(&axis) { 1 } else { old.next().unwrap_or(1) }).collect();
    Ok(Known { dims, integers: input.integers.clone(), ..Known::default() })
}

fn concat(operation: &Operation<'_>) -> Result<Known, String> {
    let mut dims = operation.input(0)?.dims.clone();
    let axis = axis_of(int(operation.node, "axis").unwrap_or(0), dims.len())?;
    let mut integers = Some(Vec::new());
    dims[axis] = 0;
    for index in 0..operation.inputs.len() {
        let input = operation.input(index)?;
        let fits = input.dims.len() == dims.len() && (0..dims.len()).all(|a| a == axis || input.dims[a] == dims[a]);
        if !fits {
            return Err(format!("its input {index} has other sizes than the first"));
        }
        dims[axis] = dims[axis].saturating_add(input.dims[axis]);
        integers = integers.zip(input.integers.as_ref()).and_then(|(mut all, more)| {
            all.extend(more);
            (all.len() <= MOST_NUMBERS).then_some(all)
        });
    }
    Ok(Known { integers: integers.filter(|_| dims.len() == 1), dims, ..Known::default() })
}

fn split(operation: &Operation<'_>) -> Result<Vec<Known>, String> {
    let input = operation.input(0)?;
    let axis = axis_of(int(operation.node, "axis").unwrap_or(0), input.dims.len())?;
    let parts: Vec<usize> = match operation.integers_at("split", 1)? {
        Some(parts) => parts.iter().map(|&size| size_of(size)).collect::<Result<_, _>>()?,
        None => {
            let count = operation.node.output.len().max(1);
            let size = input.dims[axis].div_ceil(count);
            (0..count).map(|part| size.min(input.dims[axis].saturating_sub(part.saturating_mul(size)))).collect()
        }
    };
    if parts.iter().fold(0_usize, |sum, &size| sum.saturating_add(size)) != input.dims[axis] {
        return Err(format!("parts of {parts:?} do not make up {}", input.dims[axis]));
    }
    if parts.len() != operation.node.output.len() {
        return Err(format!("{} parts for {} outputs", parts.len(), operation.node.output.len()));
    }
    let part = |&size: &usize| {
        let mut dims = input.dims.clone();
        dims[axis] = size;
        Known::of(dims)
    };
    Ok(parts.iter().map(part).collect())
}

fn slice(operation: &Operation<'_>) -> Result<Known, String> {
    let input = operation.input(0)?;
    let starts = operation.integers_at("starts", 1)?.ok_or("Slice without starts")?;
    let ends = operation.integers_at("ends", 2)?.ok_or("Slice without ends")?;
    let axes = operation.integers_at("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = operation.integers_at("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err("starts, ends, axes and steps differ in number".to_owned());
    }
    if starts.len() > input.dims.len() {
        return Err(format!("{} slices of {} axes", starts.len(), input.dims.len()));
    }
    let (mut dims, mut integers) = (input.dims.clone(), input.integers.clone().filter(|_| input.dims.len() == 1));
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = axis_of(axis, dims.len())?;
        let (first, count) = sliced(dims[axis], start, end, step)?;
        dims[axis] = count;
        integers = integers.and_then(|numbers| {
            let place = |index: usize| usize::try_from(first.checked_add(step.checked_mul(index as i64)?)?).ok();
            (0..count).map(|index| numbers.get(place(index)?).copied()).collect()
        });
    }
    Ok(Known { dims, integers, ..Known::default() })
}

/// The first place and the number of places that a slice takes.
fn sliced(size: usize, start: i64, end: i64, step: i64) -> Result<(i64, usize), String> {
    let size = size as i64;
    let from_end = |place: i64| if place < 0 { place.saturating_add(size) } else { place };
    let (first, span) = match step {
        0 => return Err("a step of 0".to_owned()),
        step if step > 0 => {
            let first = from_end(start).clamp(0, size);
            (first, from_end(end).clamp(0, size) - first)
        }
        _ => {
            let first = from_end(start).clamp(-1, size - 1);
            (first, first - from_end(end).clamp(-1, size - 1))
        }
    };
    let count = (span.max(0) as u64).div_ceil(step.unsigned_abs());
    Ok((first, usize::try_from(count).unwrap_or(0)))
}

fn gather(operation: &Operation<'_>) -> Result<Known, String> {
    let (input, places) = (operation.input(0)?, operation.input(1)?);
    let axis = axis_of(int(operation.node, "axis").unwrap_or(0), input.dims.len())?;
    let around = (&input.dims[..axis], &input.dims[axis + 1..]);
    let dims: Vec<usize> = around.0.iter().chain(&places.dims).chain(around.1).copied().collect();
    let pick = |numbers: &Vec<i64>| {
        let at = |&place: &i64| numbers.get(axis_of(place, numbers.len()).ok()?).copied();
        places.integers.as_ref()?.iter().map(at).collect()
    };
    let integers = input.integers.as_ref().filter(|_| input.dims.len() == 1).and_then(pick);
    Ok(Known { dims, integers, ..Known::default() })
}

fn expand(operation: &Operation<'_>) -> Result<Known, String> {
    let wanted: Vec<usize> = operation.integers(1)?.iter().map(|&size| size_of(size)).collect::<Result<_, _>>()?;
    broadcast(&operation.input(0)?.dims, &wanted).map(Known::of)
}

fn tile(operation: &Operation<'_>) -> Result<Known, String> {
    let (dims, times) = (&operation.input(0)?.dims, operation.integers(1)?);
    if times.len() != dims.len() {
        return Err("repeats do not fit the input".to_owned());
    }
    let sizes = dims.iter().zip(times).map(|(&size, &times)| Ok(size.saturating_mul(size_of(times)?)));
    sizes.collect::<Result<_, String>>().map(Known::of)
}

fn pad(operation: &Operation<'_>) -> Result<Known, String> {
    let mut dims = operation.input(0)?.dims.clone();
    let pads = operation.integers_at("pads", 1)?.ok_or("Pad without pads")?;
    let axes = if operation.optional(3).is_some() {
        operation.integers(3)?.to_vec()
    } else {
        (0..dims.len() as i64).collect()
    };
    if pads.len() != 2 * axes.len() {
        return Err("pads do not fit the axes".to_owned());
    }
    for (index, &axis) in axes.iter().enumerate() {
        let axis = axis_of(axis, dims.len())?;
        let size = (dims[axis] as i64).saturating_add(pads[index]).saturating_add(pads[index + axes.len()]);
        dims[axis] = size_of(size)?;
    }
    Ok(Known::of(dims))
}

fn shape(operation: &Operation<'_>) -> Result<Known, String> {
    let dims = &operation.input(0)?.dims;
    let rank = dims.len() as i64;
    let place = |name: &str, or: i64| {
        let place = int(operation.node, name).unwrap_or(or);
        (if place < 0 { place.saturating_add(rank) } else { place }).clamp(0, rank) as usize
    };
    let (start, end) = (place("start", 0), place("end", rank));
    let numbers: Vec<i64> = dims.get(start..end).unwrap_or_default().iter().map(|&size| size as i64).collect();
    Ok(Known { dims: vec![numbers.len()], integers: Some(numbers), ..Known::default() })
}

fn size(operation: &Operation<'_>) -> Result<Known, String> {
    let count = operation.input(0)?.elements();
    Ok(Known { integers: i64::try_from(count).ok().map(|count| vec![count]), ..Known::default() })
}

fn range(operation: &Operation<'_>) -> Result<Known, String> {
    let number = |index: usize| operation.integers(index)?.first().copied().ok_or("Range of nothing".to_owned());
    let (start, limit, step) = (number(0)?, number(1)?, number(2)?);
    let span = i128::from(limit) - i128::from(start);
    let step = i128::from(step);
    if step == 0 {
        return Err("a step of 0".to_owned());
    }
    let count = ((span + step - step.signum()) / step).max(0);
    let count = usize::try_from(count).ok().filter(|&count| count <= MOST_NUMBERS);
    let count = count.ok_or("a range too long to follow")?;
    let numbers = (0..count).map(|index| (i128::from(start) + step * index as i128) as i64).collect();
    Ok(Known { dims: vec![count], integers: Some(numbers), ..Known::default() })
}

fn constant(operation: &Operation<'_>) -> Result<Known, String> {
    let attribute = operation.node.attribute.first().ok_or("a constant without a value")?;
    let known = match attribute.name.as_str() {
        "value" => attribute.t.as_ref().and_then(of_tensor),
        "value_int" => Some(Known { integers: Some(vec![attribute.i]), ..Known::default() }),
        "value_ints" => {
            Some(Known { dims: vec![attribute.ints.len()], integers: Some(attribute.ints.clone()), ..Known::default() })
        }
        "value_float" => Some(Known::default()),
        "value_floats" => Some(Known::of(vec![attribute.floats.len()])),
        _ => None,
    };
    known.map(|known| Known { is_constant: true, ..known }).ok_or("a constant of an unknown form".to_owned())
}

fn filled(operation: &Operation<'_>) -> Result<Known, String> {
    let dims: Vec<usize> = operation.integers(0)?.iter().map(|&size| size_of(size)).collect::<Result<_, _>>()?;
    let value = operation.node.attribute.first().and_then(|attribute| attribute.t.as_ref()).and_then(of_tensor);
    let count = usize::try_from(elements(&dims)).unwrap_or(usize::MAX);
    let number = value.and_then(|value| value.integers?.first().copied()).filter(|_| count <= MOST_NUMBERS);
    Ok(Known { dims, integers: number.map(|number| vec![number; count]), ..Known::default() })
}

fn reduce(operation: &Operation<'_>) -> Result<Known, String> {
    let axes = operation.integers_at("axes", 1)?.filter(|axes| !axes.is_empty());
    if axes.is_none() && int(operation.node, "noop_with_empty_axes").unwrap_or(0) != 0 {
        return operation.input(0).map(|known| Known::of(known.dims.clone()));
    }
    let known = reduce_axes(operation, axes)?;
    let product = || {
        let numbers = operation.optional(0)?.integers.as_ref()?;
        numbers.iter().try_fold(1_i64, |product, &number| product.checked_mul(number))
    };
    let is_product = operation.node.op_type == "ReduceProd" && known.elements() == 1;
    Ok(Known { integers: if is_product { product().map(|number| vec![number]) } else { None }, ..known })
}

fn reduce_axes(operation: &Operation<'_>, axes: Option<Vec<i64>>) -> Result<Known, String> {
    let dims = &operation.input(0)?.dims;
    let gone: Vec<usize> = match axes {
        Some(axes) => axes.iter().map(|&axis| axis_of(axis, dims.len())).collect::<Result<_, _>>()?,
        None => (0..dims.len()).collect(),
    };
    let keeps = int(operation.node, "keepdims").unwrap_or(1) != 0;
    let sizes = dims.iter().enumerate().filter_map(|(axis, &size)| match (gone.contains(&axis), keeps) {
        (false, _) => Some(size),
        (true, true) => Some(1),
        (true, false) => None,
    });
    Ok(Known::of(sizes.collect()))
}
