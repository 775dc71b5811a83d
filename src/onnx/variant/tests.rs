//! Tests of the rewritings on small graphs.

use super::tensors::{float_tensor, floats_of, half_tensor};
use super::*;
use crate::onnx::builder::{int, ints};
use crate::onnx::proto::{Attribute, AttributeKind, ElementKind, Graph, Node, Property, Tensor};
use crate::onnx::{GraphBuilder, Size, Value};
use half::f16;
use proptest::prelude::*;

fn halves_of(numbers: &[f32]) -> Vec<u16> {
    let tensor = half_tensor("x", &[numbers.len() as i64], numbers);
    assert_eq!(tensor.data_type, ElementKind::Float16 as i32);
    tensor.raw_data.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect()
}

/// The number that the bits of a 16-bit float mean, by the standard's words.
fn meaning(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction / 1024.0 * 2.0_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2.0_f64.powi(exponent - 15),
    }
}

#[test]
fn every_16_bit_float_is_held_exactly() {
    for bits in 0..=u16::MAX {
        let number = meaning(bits) as f32;
        let found = halves_of(&[number])[0];
        if number.is_nan() {
            assert!(meaning(found).is_nan(), "{bits:#x}");
        } else {
            assert_eq!(found, bits, "{number}");
            assert_eq!(f64::from(f16::from_bits(bits).to_f32_const()), meaning(bits), "{bits:#x}");
        }
    }
}

#[test]
fn what_lies_in_the_middle_goes_to_the_even_one() {
    let step = 2.0_f32.powi(-10);
    for (number, expected) in [
        (1.0 + 0.5 * step, 1.0),
        (1.0 + 0.5 * step + 1e-6, 1.0 + step),
        (1.0 + 1.5 * step, 1.0 + 2.0 * step),
        (2049.0, 2048.0),
        (2051.0, 2052.0),
        (65_504.0, 65_504.0),
        (65_519.99, 65_504.0),
        (65_520.0, f32::INFINITY),
        (-65_520.0, f32::NEG_INFINITY),
        (2.0_f32.powi(-24), 2.0_f32.powi(-24)),
        (2.0_f32.powi(-25), 0.0),
        (2.0_f32.powi(-25) * 1.001, 2.0_f32.powi(-24)),
        (3.0 * 2.0_f32.powi(-25), 2.0 * 2.0_f32.powi(-24)),
        (f32::MIN_POSITIVE, 0.0),
    ] {
        assert_eq!(meaning(halves_of(&[number])[0]), f64::from(expected), "{number}");
    }
}

proptest! {
    #[test]
    fn no_16_bit_float_is_nearer(number in -70_000.0_f32..70_000.0, scale in -30_i32..=0) {
        let number = number * 2.0_f32.powi(scale);
        let bits = halves_of(&[number])[0];
        let distance = |bits: u16| (meaning(bits) - f64::from(number)).abs();
        if meaning(bits).is_finite() {
            for other in [bits.wrapping_sub(1), bits.wrapping_add(1)] {
                prop_assert!(meaning(other).is_nan() || distance(bits) <= distance(other));
            }
        } else {
            prop_assert!(number.abs() >= 65_520.0);
        }
    }
}

const OPEN: Size = Size::Open("batch");

/// Two convolutions with a rectifier between them, and a sigmoid after both: `[batch, 2, 5]` to `[batch, 1, 3]`.
fn convolutions(first_weight: f32) -> GraphBuilder {
    let mut graph = GraphBuilder::new("test");
    let input = graph.input("x", &[OPEN, Size::Fixed(2), Size::Fixed(5)]);
    let weights = graph.floats("w1", &[3, 2, 1], &[first_weight, -1.0, 0.5, 2.0, 0.25, 0.125]);
    let bias = graph.floats("b1", &[3], &[0.5, -0.25, 0.0]);
    let first = graph.node("Conv", &[&input, &weights, &bias], vec![ints("kernel_shape", &[1])]);
    let bent = graph.node("Relu", &[&first], vec![]);
    let weights = graph.floats("w2", &[1, 3, 3], &[0.1, 0.2, 0.3, -0.1, 0.0, 0.4, 1.0, 1.5, -2.0]);
    let second = graph.node("Conv", &[&bent, &weights], vec![ints("kernel_shape", &[3])]);
    let scores = graph.node("Sigmoid", &[&second], vec![]);
    graph.output(&scores, "y", &[OPEN, Size::Fixed(1), Size::Fixed(3)]);
    graph
}

fn original(graph: GraphBuilder) -> Original {
    Original::read(&graph.finish("1")).unwrap()
}

/// Ranges that say that every value was between −2 and 2.
fn calm(original: &Original, precision: Precision) -> Ranges {
    let mut ranges = Ranges::default();
    for name in original.watched(precision) {
        ranges.watch(&name, &[-2.0, 2.0, 1.0, -1.0, 0.0, 0.5], &[1, 3, 2]);
    }
    ranges
}

fn rewritten(original: &Original, precision: Precision) -> Rewritten {
    original.rewritten(precision, &calm(original, precision)).unwrap()
}

fn operators(rewritten: &Rewritten) -> Vec<&str> {
    graph_of(rewritten).node.iter().map(|node| node.op_type.as_str()).collect()
}

fn graph_of(rewritten: &Rewritten) -> &Graph {
    rewritten.model.graph.as_ref().unwrap()
}

fn constant<'a>(rewritten: &'a Rewritten, name: &str) -> &'a Tensor {
    let mut constants = graph_of(rewritten).initializer.iter();
    constants.find(|tensor| tensor.name == name).unwrap_or_else(|| panic!("no constant {name}"))
}

/// Every node's inputs come before it, and each value is made once.
fn assert_in_order(graph: &Graph) {
    let mut known: std::collections::BTreeSet<&str> = graph
        .input
        .iter()
        .map(|value| value.name.as_str())
        .chain(graph.initializer.iter().map(|t| t.name.as_str()))
        .collect();
    for node in &graph.node {
        assert!(node.input.iter().all(|name| name.is_empty() || known.contains(name.as_str())), "{node:?}");
        assert!(node.output.iter().all(|name| known.insert(name)), "{node:?}");
    }
    assert!(graph.output.iter().all(|output| known.contains(output.name.as_str())));
}

#[test]
fn sixteen_bits_lie_between_what_multiplies_and_casts_around_it() {
    let original = original(convolutions(1.0));
    assert_eq!(original.watched(Precision::Float16), ["Conv", "Conv_2", "Relu", "x", "y"]);
    let made = rewritten(&original, Precision::Float16);
    assert_eq!((made.converted, made.kept.as_slice()), (2, [].as_slice()));
    // The sigmoid stays exact.
    assert_eq!(operators(&made), ["Cast", "Conv", "Relu", "Conv", "Cast", "Sigmoid"]);
    let graph = graph_of(&made);
    assert_in_order(graph);
    assert_eq!((graph.input[0].name.as_str(), graph.output[0].name.as_str()), ("x", "y"));
    assert!(graph.initializer.iter().all(|tensor| tensor.data_type == ElementKind::Float16 as i32));
    assert_eq!(constant(&made, "w1/float16").raw_data.len(), 12);
    assert!(matches!(Original::read(&made.to_bytes()), Err(VariantError::Already("16-bit floats"))));
}

#[test]
fn numbers_that_16_bits_do_not_hold_stay_in_32() {
    let made = rewritten(&original(convolutions(70_000.0)), Precision::Float16);
    assert_eq!(made.converted, 1);
    assert_eq!(made.kept[0].to_string(), "1 × Conv: its numbers are too large for 16 bits");
    assert_eq!(constant(&made, "w1").data_type, ElementKind::Float as i32);
    // The rectifier has nothing in 16 bits before it.
    assert_eq!(operators(&made), ["Conv", "Relu", "Cast", "Conv", "Cast", "Sigmoid"]);
    // What was seen counts as what is constant does.
    let network = original(convolutions(1.0));
    for (number, expected) in [(20_000.0, "too large"), (1e-4, "too small"), (f32::NAN, "too large")] {
        let mut ranges = Ranges::default();
        ranges.watch("Conv_2", &[number], &[1]);
        let made = network.rewritten(Precision::Float16, &ranges).unwrap();
        assert!(made.kept[0].to_string().contains(expected), "{number}: {:?}", made.kept);
        assert_eq!(made.converted, 1);
    }
    let mut ranges = calm(&network, Precision::Float16);
    ranges.watch("Relu", &[1e6], &[1]);
    ranges.watch("x", &[-1e6], &[1]);
    let refused = network.rewritten(Precision::Float16, &ranges).unwrap_err();
    assert!(refused.to_string().contains("2 × Conv: its numbers are too large"), "{refused}");
}

#[test]
fn eight_bits_have_steps_around_each_convolution_but_none_for_the_scores() {
    let original = original(convolutions(1.0));
    assert_eq!(original.watched(Precision::Int8), ["Conv_2", "Relu", "x"]);
    let made = rewritten(&original, Precision::Int8);
    assert_eq!((made.converted, made.kept.as_slice()), (2, [].as_slice()));
    let step = ["QuantizeLinear", "DequantizeLinear"];
    let expected =
        [&step[..], &step[1..], &step[1..], &["Conv", "Relu"], &step, &step[1..], &["Conv", "Sigmoid"]].concat();
    assert_eq!(operators(&made), expected);
    assert_in_order(graph_of(&made));
    assert_eq!(floats_of(constant(&made, "x/scale")).unwrap(), [4.0 / 255.0]);
    // Half way between two.
    assert!(matches!(constant(&made, "x/zero").raw_data.as_slice(), [127 | 128]));
    // Each filter uses all of its steps.
    let whole: Vec<i8> = constant(&made, "w1/int8").raw_data.iter().map(|byte| byte.cast_signed()).collect();
    assert!(
        whole.chunks(2).all(|filter| filter.iter().map(|weight| weight.unsigned_abs()).max() == Some(64)),
        "{whole:?}"
    );
    assert!(matches!(Original::read(&made.to_bytes()), Err(VariantError::Already("8-bit whole numbers"))));
}

#[test]
fn a_shift_that_is_large_beside_its_weights_still_fits() {
    let mut graph = GraphBuilder::new("test");
    let input = graph.input("x", &[OPEN, Size::Fixed(1), Size::Fixed(5)]);
    let weights = graph.floats("w", &[2, 1, 1], &[0.0, 1e-20]);
    let bias = graph.floats("b", &[2], &[3.0, -700.0]);
    let result = graph.node("Conv", &[&input, &weights, &bias], vec![]);
    graph.output(&result, "y", &[OPEN, Size::Fixed(2), Size::Fixed(5)]);
    let made = rewritten(&original(graph), Precision::Int8);
    let whole = constant(&made, "b/int32").raw_data.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes));
    let steps = floats_of(constant(&made, "b/scales")).unwrap();
    let held: Vec<f64> = whole.zip(steps).map(|(whole, step)| f64::from(whole) * f64::from(step)).collect();
    assert!((held[0] - 3.0).abs() < 1e-6 && (held[1] + 700.0).abs() < 1e-4, "{held:?}");
}

/// What a logarithm sees must not be rounded to a share of the loudest.
#[test]
fn nothing_before_a_logarithm_is_rewritten() {
    let filterbank = |bent: bool| {
        let mut graph = GraphBuilder::new("test");
        let input = graph.input("x", &[OPEN, Size::Fixed(3)]);
        let matrix = graph.floats("m", &[3, 3], &[1.0; 9]);
        let mut bands = graph.node("MatMul", &[&input, &matrix], vec![]);
        if bent {
            bands = graph.node("Softplus", &[&bands], vec![]);
        }
        let levels = graph.node("Log", &[&bands], vec![]);
        let scores = graph.node("MatMul", &[&levels, &matrix], vec![]);
        graph.output(&scores, "y", &[OPEN, Size::Fixed(3)]);
        original(graph)
    };
    for precision in [Precision::Float16, Precision::Int8] {
        let made = rewritten(&filterbank(false), precision);
        assert_eq!(made.converted, 1);
        assert!(made.kept[0].to_string().starts_with("1 × MatMul: a logarithm follows"), "{:?}", made.kept);
        assert_eq!(rewritten(&filterbank(true), precision).converted, 2);
    }
}

#[test]
fn a_recurrence_keeps_its_bits_but_not_its_weights() {
    let mut graph = GraphBuilder::new("test");
    let input = graph.input("x", &[Size::Open("time"), Size::Fixed(1), Size::Fixed(2)]);
    let weights = graph.floats("w", &[1, 3, 2], &[0.5; 6]);
    let state = graph.floats("r", &[1, 3, 1], &[0.5; 3]);
    let [all, _last] = graph.node_of("GRU", &[&input, &weights, &state], vec![int("hidden_size", 1)]);
    let matrix = graph.floats("m", &[1, 1], &[1.0]);
    let scores = graph.node("MatMul", &[&all, &matrix], vec![]);
    graph.output(&scores, "y", &[Size::Open("time"), Size::Fixed(1), Size::Fixed(1), Size::Fixed(1)]);
    let made = rewritten(&original(graph), Precision::Float16);
    assert_eq!(made.kept[0].to_string(), "1 × GRU: a recurrence; its weights are stored in 16 bits");
    assert_eq!(operators(&made), ["Cast", "Cast", "GRU", "Cast", "MatMul", "Cast"]);
    assert_eq!(constant(&made, "w/float16").raw_data.len(), 12);
    assert!(graph_of(&made).initializer.iter().all(|tensor| tensor.name != "w"));
    assert_in_order(graph_of(&made));
}

/// A branch takes a value from outside by its own name, in 32 bits.
#[test]
fn graphs_within_nodes_get_what_they_took() {
    let mut model = convolutions(1.0).finish_model("1");
    let graph = model.graph.as_mut().unwrap();
    let branch = |from: &str| Graph {
        node: vec![Node {
            input: vec![from.to_owned()],
            output: vec!["inner".to_owned()],
            op_type: "Neg".to_owned(),
            ..Node::default()
        }],
        output: vec![prepared::float_value("inner")],
        ..Graph::default()
    };
    let attribute = |name: &str, graph: Graph| Attribute {
        name: name.to_owned(),
        g: Some(graph),
        kind: AttributeKind::Graph as i32,
        ..Attribute::default()
    };
    graph.initializer.push(Tensor { data_type: 9, raw_data: vec![1], ..float_tensor("yes", &[], &[]) });
    graph.node.push(Node {
        input: vec!["yes".to_owned()],
        output: vec!["z".to_owned()],
        op_type: "If".to_owned(),
        attribute: vec![attribute("then_branch", branch("Relu")), attribute("else_branch", branch("Relu"))],
        ..Node::default()
    });
    graph.output.push(prepared::float_value("z"));
    let original = Original::read(&model.encode_to_vec()).unwrap();
    for precision in [Precision::Float16, Precision::Int8] {
        let made = rewritten(&original, precision);
        let graph = graph_of(&made);
        let place = graph.node.iter().position(|node| node.op_type == "If").unwrap();
        assert!(graph.node[..place].iter().any(|node| node.output == ["Relu"]), "{precision}");
        assert_eq!(made.converted, 2);
        assert_in_order(graph);
    }
}

#[test]
fn nodes_out_of_order_are_put_in_order_and_what_cannot_be_is_named() {
    let mut model = convolutions(1.0).finish_model("1");
    model.graph.as_mut().unwrap().node.reverse();
    let original = Original::read(&model.encode_to_vec()).unwrap();
    assert_in_order(graph_of(&rewritten(&original, Precision::Float16)));
    assert_in_order(graph_of(&rewritten(&original, Precision::Int8)));
    let graph = model.graph.as_mut().unwrap();
    graph.node.retain(|node| node.op_type != "Relu");
    assert_eq!(Original::read(&model.encode_to_vec()).unwrap_err(), VariantError::Order("Conv_2".to_owned()));
}

#[test]
fn what_no_variant_can_be_made_of_is_refused_with_the_reason() {
    let refused = |model: &Model| Original::read(&model.encode_to_vec()).unwrap_err().to_string();
    let mut model = convolutions(1.0).finish_model("1");
    model.graph.as_mut().unwrap().initializer[0].external_data =
        vec![Property { key: "location".to_owned(), value: "w.bin".to_owned() }];
    assert_eq!(refused(&model), "the numbers of w1 lie in a file of their own: export the network as one file");
    assert_eq!(Original::read(b"").unwrap_err(), VariantError::Empty);
    assert!(matches!(Original::read(b"no onnx at all"), Err(VariantError::NotOnnx(_))));

    let mut model = convolutions(1.0).finish_model("1");
    model.opset_import[0].version = 12;
    let original = Original::read(&model.encode_to_vec()).unwrap();
    let error = original.rewritten(Precision::Int8, &calm(&original, Precision::Int8)).unwrap_err();
    assert_eq!(error, VariantError::OldOperators { found: 12, needed: 13 });
    assert!(original.rewritten(Precision::Float16, &Ranges::default()).is_ok());

    let mut graph = GraphBuilder::new("test");
    let input = graph.input("x", &[OPEN]);
    let result = graph.node("Relu", &[&input], vec![]);
    graph.output(&result, "y", &[OPEN]);
    let plain = self::original(graph);
    for precision in [Precision::Float16, Precision::Int8] {
        let error = plain.rewritten(precision, &Ranges::default()).unwrap_err();
        assert!(error.to_string().starts_with("nothing in it can be computed in"), "{error}");
    }
    // Nothing was seen: there are no steps.
    assert!(self::original(convolutions(1.0)).rewritten(Precision::Int8, &Ranges::default()).is_err());
}

/// What is read and written again keeps what this program does not know.
#[test]
fn what_nobody_here_understands_is_kept() {
    let mut model = convolutions(1.0).finish_model("1");
    model.functions = vec![vec![10, 1, 65]];
    model.metadata_props = vec![Property { key: "a".to_owned(), value: "b".to_owned() }];
    let graph = model.graph.as_mut().unwrap();
    graph.node[0].attribute.push(Attribute {
        name: "t".to_owned(),
        type_proto: Some(vec![1, 2]),
        ..Attribute::default()
    });
    let made = rewritten(&Original::read(&model.encode_to_vec()).unwrap(), Precision::Float16);
    let read = Model::decode(made.to_bytes().as_slice()).unwrap();
    assert_eq!((&read.functions, &read.metadata_props), (&model.functions, &model.metadata_props));
    let node = read.graph.unwrap().node.into_iter().find(|node| node.op_type == "Conv").unwrap();
    assert_eq!(node.attribute.last().unwrap().type_proto, Some(vec![1, 2]));
}

/// `[1, channels, time]` through a convolution by the formula, without padding.
fn convolved(input: &[f64], channels: usize, weights: &[f32], bias: &[f32], groups: usize) -> Vec<f64> {
    let (filters, time) = (bias.len(), input.len() / channels);
    let (per_group, window) = (channels / groups, weights.len() / (filters * channels / groups));
    let mut result = Vec::new();
    for filter in 0..filters {
        let first = filter / (filters / groups) * per_group;
        for at in 0..=time - window {
            let products = (0..per_group).flat_map(|channel| (0..window).map(move |lag| (channel, lag)));
            let sum: f64 = products
                .map(|(channel, lag)| {
                    let weight = weights[(filter * per_group + channel) * window + lag];
                    f64::from(weight) * input[(first + channel) * time + at + lag]
                })
                .sum();
            result.push(sum + f64::from(bias[filter]));
        }
    }
    result
}

#[test]
fn evened_channels_compute_what_they_did_and_are_alike() {
    for groups in [1, 4] {
        let mut graph = GraphBuilder::new("test");
        let input = graph.input("x", &[OPEN, Size::Fixed(2), Size::Fixed(6)]);
        let w1: Vec<f32> = (0..8).map(|n| (n as f32 * 1.7).sin() * 10.0_f32.powi(n / 2 - 1)).collect();
        let w2: Vec<f32> = (0..4 * 4 / groups * 3).map(|n| (n as f32 * 2.3).cos()).collect();
        let (b1, b2) = ([0.1, -0.2, 3.0, 40.0], [0.5, 0.25, 0.0, 1.0]);
        let constants = [
            graph.floats("w1", &[4, 2, 1], &w1),
            graph.floats("b1", &[4], &b1),
            graph.floats("w2", &[4, 4 / groups, 3], &w2),
            graph.floats("b2", &[4], &b2),
        ];
        let conv = |graph: &mut GraphBuilder, value: &Value, at: usize, groups: i64| {
            graph.node("Conv", &[value, &constants[at], &constants[at + 1]], vec![int("group", groups)])
        };
        let first = conv(&mut graph, &input, 0, 1);
        let bent = graph.node("Relu", &[&first], vec![]);
        let second = conv(&mut graph, &bent, 2, groups as i64);
        graph.output(&second, "y", &[OPEN, Size::Fixed(4), Size::Fixed(4)]);
        let mut prepared = original(graph).prepared;

        let x: Vec<f64> = (0..12).map(|n| (n as f64 * 0.9).sin()).collect();
        let network = |w1: &[f32], b1: &[f32], w2: &[f32]| {
            let bent: Vec<f64> = convolved(&x, 2, w1, b1, 1).into_iter().map(|number| number.max(0.0)).collect();
            (convolved(&bent, 4, w2, &b2, groups), bent)
        };
        let (before, seen) = network(&w1, &b1, &w2);
        let mut ranges = Ranges::default();
        let seen: Vec<f32> = seen.into_iter().map(|number| number as f32).collect();
        ranges.watch("Relu", &seen, &[1, 4, 6]);
        equalise::equalise(&mut prepared, &mut ranges);
        let now = |name: &str| floats_of(prepared.constants()[name]).unwrap();
        let (after, bent) = network(&now("w1"), &now("b1"), &now("w2"));
        assert!(
            before.iter().zip(&after).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + a.abs())),
            "{before:?} {after:?}"
        );
        let most = |bent: &[f64]| bent.chunks(6).map(|c| c.iter().fold(0.0_f64, |m, n| m.max(*n))).collect::<Vec<_>>();
        let spread =
            |most: &[f64]| most.iter().fold(0.0_f64, |m, n| m.max(*n)) / most.iter().fold(f64::MAX, |m, n| m.min(*n));
        let old: Vec<f64> = seen.iter().map(|&number| f64::from(number)).collect();
        let (old, new) = (spread(&most(&old)), spread(&most(&bent)));
        assert!(new < if groups == 4 { 1.001 } else { 0.5 * old }, "{groups}: {old} {new}");
        // What the ranges say now is what the network gives now.
        let greatest = bent.iter().fold(0.0_f64, |most, number| most.max(*number));
        assert!((f64::from(ranges.of("Relu").unwrap().greatest) / greatest - 1.0).abs() < 1e-5);
    }
}
