//! Which sequence model the tensors of a network belong to, and its sizes, from names and shapes alone.

use super::ZooError;
use super::architecture::{Sequence, SequenceKind, Shapes, StateSpace, first_size, size_at};

/// More layers than any network of the family has.
const MOST_LAYERS: usize = 64;

/// The sequence model on a backbone of `channels` channels, if there is one.
pub(super) fn sequence(shapes: &Shapes<'_>, channels: usize) -> Result<Option<Sequence>, ZooError> {
    if !shapes.keys().any(|name| name.starts_with("seq_model.")) {
        return Ok(None);
    }
    if shapes.contains_key("seq_model.0.gru.weight_hh_l0") {
        return gru(shapes).map(Some);
    }
    let is_projected = shapes.contains_key("seq_model.0.weight");
    let dim = if is_projected { first_size(shapes, "seq_model.0.weight", "a linear layer")? } else { channels };
    let has = |name: &str| shapes.contains_key(name);
    let (kind, heads, layers) = if has("seq_model.1.layers.0.0.to_qkv.weight") {
        let heads = gated_heads(shapes, "seq_model.1.layers.0.0", dim)?;
        (SequenceKind::Transformer, heads, count(shapes, |layer| format!("seq_model.1.layers.{layer}.0.to_qkv.weight")))
    } else if has("seq_model.1.layers.0.1.to_qkv.weight") {
        let layers = count(shapes, |layer| format!("seq_model.1.layers.{layer}.1.to_qkv.weight"));
        let norm = "seq_model.1.layers.0.1.rnn_out_norm.gamma";
        (SequenceKind::Hybrid, heads_of(shapes, norm, dim, first_size(shapes, norm, "a head's norm")?)?, layers)
    } else if has("seq_model.1.layers.0.to_qkv.weight") {
        let heads = gated_heads(shapes, "seq_model.1.layers.0", dim)?;
        (SequenceKind::Attention, heads, count(shapes, |layer| format!("seq_model.1.layers.{layer}.to_qkv.weight")))
    } else if has("seq_model.1.layers.0.network.0.conv1.weight_v") {
        let layers = count(shapes, |layer| format!("seq_model.1.layers.{layer}.network.0.conv1.weight_v"));
        (SequenceKind::Tcn, 1, layers)
    } else if has("seq_model.2.layers.0.0.in_proj.weight") {
        let layers = count(shapes, |layer| format!("seq_model.2.layers.{layer}.0.in_proj.weight"));
        (SequenceKind::Mamba, first_size(shapes, "seq_model.2.layers.0.0.dt_bias", "a step a head")?, layers)
    } else {
        let names: Vec<String> = shapes.keys().filter(|name| name.starts_with("seq_model.")).take(5).cloned().collect();
        return Err(ZooError::Unexpected { architecture: "a known sequence model".to_owned(), names });
    };
    let state_space = if kind == SequenceKind::Mamba { Some(state_space(shapes, heads)?) } else { None };
    Ok(Some(Sequence { kind, dim, heads, layers, state_space, is_projected }))
}

fn count(shapes: &Shapes<'_>, name: impl Fn(usize) -> String) -> usize {
    (0..MOST_LAYERS).take_while(|&layer| shapes.contains_key(&name(layer))).count()
}

fn gru(shapes: &Shapes<'_>) -> Result<Sequence, ZooError> {
    let name = "seq_model.0.gru.weight_hh_l0";
    let rows = first_size(shapes, name, "a recurrent weight [3 × hidden, hidden]")?;
    let layers = count(shapes, |layer| format!("seq_model.0.gru.weight_hh_l{layer}"));
    Ok(Sequence { kind: SequenceKind::Gru, dim: rows / 3, heads: 1, layers, state_space: None, is_projected: false })
}

/// Heads of an attention layer with gates, of which there is one a head.
fn gated_heads(shapes: &Shapes<'_>, layer: &str, dim: usize) -> Result<usize, ZooError> {
    let name = format!("{layer}.to_gates.weight");
    let heads = first_size(shapes, &name, "a gate a head [head × dimension]")?;
    heads_of(shapes, &name, dim, dim.checked_div(heads).unwrap_or(0))
}

fn heads_of(shapes: &Shapes<'_>, name: &str, dim: usize, head_dim: usize) -> Result<usize, ZooError> {
    if head_dim > 0 && dim.is_multiple_of(head_dim) {
        return Ok(dim / head_dim);
    }
    let found = shapes.get(name).map(|tensor| tensor.shape.clone()).unwrap_or_default();
    Err(ZooError::Shape { name: name.to_owned(), found, expected: format!("heads that divide the dimension {dim}") })
}

/// The sizes of a Mamba-2 layer of `heads` heads.
fn state_space(shapes: &Shapes<'_>, heads: usize) -> Result<StateSpace, ZooError> {
    let part = |name: &str| format!("seq_model.2.layers.0.0.{name}");
    let inner = size_at(shapes, &part("out_proj.weight"), 1, "a linear layer")?;
    let name = part("conv1d.weight");
    let channels = first_size(shapes, &name, "a depthwise convolution")?;
    let states = channels.checked_sub(inner).filter(|rest| rest.is_multiple_of(2)).map(|rest| rest / 2);
    match states {
        Some(states) if states > 0 && inner.is_multiple_of(heads) => Ok(StateSpace { states, inner }),
        _ => Err(ZooError::Shape {
            found: shapes.get(&name).map(|tensor| tensor.shape.clone()).unwrap_or_default(),
            name,
            expected: format!("{inner} channels and two vectors of states, and {heads} heads that divide {inner}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::checkpoint::{Tensor, Tensors};
    use crate::zoo::architecture::{BlockNames, LINES};
    use crate::zoo::{Network, ZooError};

    /// A checkpoint of a Mamba-2 network without a single number: shapes alone say what is recognised.
    fn tensors(changed: &str, shape: &[usize]) -> Tensors {
        let mut shapes = vec![("features.0.0.weight".to_owned(), vec![8])];
        for (index, line) in LINES.iter().enumerate() {
            let names = BlockNames::of(index + 1, true, line.has_squeeze);
            shapes.push((format!("{}.0.weight", names.depthwise), vec![8]));
            shapes.push((format!("{}.0.weight", names.project), vec![8]));
            shapes.push((format!("{}.fc1.weight", names.squeeze), vec![8]));
        }
        for (name, shape) in [
            ("features.16.0.weight", vec![48]),
            ("seq_model.0.weight", vec![64, 48]),
            ("seq_model.2.layers.0.0.in_proj.weight", vec![388, 64]),
            ("seq_model.2.layers.0.0.dt_bias", vec![4]),
            ("seq_model.2.layers.0.0.out_proj.weight", vec![64, 128]),
            ("seq_model.2.layers.0.0.conv1d.weight", vec![256, 1, 3]),
            ("strong_head.weight", vec![447, 64]),
        ] {
            shapes.push((name.to_owned(), shape));
        }
        let of = |(name, own): (String, Vec<usize>)| {
            let shape = if name == changed { shape.to_vec() } else { own };
            (name, Tensor { shape, values: Vec::new() })
        };
        shapes.into_iter().map(of).collect()
    }

    #[test]
    fn sizes_of_nothing_are_refused_however_large() {
        let whole = tensors("", &[]);
        let sequence = Network::recognise(&whole).unwrap().architecture.sequence.unwrap();
        assert_eq!((sequence.dim, sequence.heads, sequence.state_space.unwrap().states), (64, 4, 64));
        for (name, shape) in [
            ("seq_model.2.layers.0.0.out_proj.weight", vec![0, usize::MAX]),
            ("seq_model.2.layers.0.0.out_proj.weight", vec![64, 0]),
            ("seq_model.2.layers.0.0.conv1d.weight", vec![1 << 63, 0]),
            ("seq_model.2.layers.0.0.dt_bias", vec![(1 << 20) + 1, 0]),
            ("seq_model.0.weight", vec![usize::MAX, 0]),
            ("features.16.0.weight", vec![1 << 62, 0]),
            ("features.0.0.weight", vec![usize::MAX / 2, 0]),
            ("strong_head.weight", vec![1 << 40, 0]),
        ] {
            let tensors = tensors(name, &shape);
            let refused = Network::recognise(&tensors).map(|network| network.architecture).unwrap_err();
            assert!(matches!(&refused, ZooError::Shape { name: told, .. } if told == name), "{refused}");
        }
    }
}
