//! Counts of graphs that can be counted by hand, and of a network whose authors say what it costs.

use super::*;
use crate::onnx::builder::{int, ints, text};
use crate::onnx::{GraphBuilder, Size, Value};
use prost::Message;
use std::path::Path;

fn counted(write: impl FnOnce(&mut GraphBuilder)) -> Costs {
    let mut graph = GraphBuilder::new("test");
    write(&mut graph);
    count(&graph.finish_model("1"), &|_, _, name| (name == "frames").then_some(10), &[])
}

fn floats(graph: &mut GraphBuilder, name: &str, dims: &[usize]) -> Value {
    graph.floats(name, dims, &vec![0.5; dims.iter().product()])
}

#[test]
fn a_convolution_counts_its_weights_at_every_place() {
    let costs = counted(|graph| {
        let x = graph.input("x", &[Size::Fixed(1), Size::Fixed(4), Size::Fixed(8), Size::Open("frames")]);
        let (weight, bias) = (floats(graph, "weight", &[6, 2, 3, 3]), floats(graph, "bias", &[6]));
        let settings = vec![ints("strides", &[2, 1]), ints("pads", &[1, 1, 1, 1]), int("group", 2)];
        let y = graph.node("Conv", &[&x, &weight, &bias], settings);
        let y = graph.node("HardSwish", &[&y], vec![]);
        graph.output(&y, "y", &[]);
    });
    assert_eq!(costs.uncounted, []);
    assert_eq!(costs.of(MacKind::Convolution), 6 * 2 * 9 * (4 * 10));
    assert_eq!(costs.of(MacKind::ElementWise), 2 * 6 * 4 * 10);
    assert_eq!(costs.parameters, 6 * 2 * 9 + 6);
    assert_eq!(costs.paper_macs(), costs.of(MacKind::Convolution));
}

#[test]
fn products_around_a_softmax_are_attention_and_others_are_scans() {
    let costs = counted(|graph| {
        let x = graph.input("x", &[Size::Open("frames"), Size::Fixed(4)]);
        let project = |graph: &mut GraphBuilder| {
            let weight = floats(graph, "weight", &[4, 4]);
            graph.node("MatMul", &[&x, &weight], vec![])
        };
        let (q, k, v) = (project(graph), project(graph), project(graph));
        let keys = graph.node("Transpose", &[&k], vec![]);
        let scores = graph.node("MatMul", &[&q, &keys], vec![]);
        let scale = graph.scalar("scale", 0.5);
        let scores = graph.node("Mul", &[&scores, &scale], vec![]);
        let weights = graph.node("Softmax", &[&scores], vec![]);
        let mixed = graph.node("MatMul", &[&weights, &v], vec![]);
        let product = graph.node("Einsum", &[&mixed, &q], vec![text("equation", "td,te->de")]);
        graph.output(&product, "y", &[]);
    });
    assert_eq!(costs.uncounted, []);
    assert_eq!(costs.of(MacKind::Linear), 3 * 10 * 16);
    assert_eq!(costs.of(MacKind::Attention), 2 * 10 * 10 * 4);
    assert_eq!(costs.of(MacKind::Scan), 10 * 16);
    assert_eq!((costs.parameters, costs.other_constants), (48, 1));
    assert_eq!(costs.paper_macs() + 10 * 16 + 2 * 100, costs.complete_macs());
}

/// As one operator, with three axes and with four.
#[test]
fn attention_as_one_operator_is_counted_as_its_products() {
    for dims in [vec![1, 10, 2 * 4], vec![1, 2, 10, 4]] {
        let costs = counted(|graph| {
            let sizes: Vec<Size> = dims.iter().map(|&size| Size::Fixed(size)).collect();
            let [q, k, v] = ["q", "k", "v"].map(|name| graph.input(name, &sizes));
            let y = graph.node("Attention", &[&q, &k, &v], vec![int("q_num_heads", 2), int("kv_num_heads", 2)]);
            graph.output(&y, "y", &[]);
        });
        assert_eq!(costs.uncounted, []);
        assert_eq!(costs.of(MacKind::Attention), 2 * 10 * 10 * 8);
        assert_eq!(costs.of(MacKind::ElementWise), 2 * 2 * 10 * 10);
    }
}

#[test]
fn a_recurrence_is_named_and_not_in_the_papers_sum() {
    let costs = counted(|graph| {
        let x = graph.input("x", &[Size::Open("frames"), Size::Fixed(2), Size::Fixed(5)]);
        let (w, r) = (floats(graph, "w", &[2, 9, 5]), floats(graph, "r", &[2, 9, 3]));
        let [states, _last] =
            graph.node_of("GRU", &[&x, &w, &r], vec![int("hidden_size", 3), text("direction", "bidirectional")]);
        graph.output(&states, "y", &[]);
    });
    assert_eq!(costs.of(MacKind::RecurrenceInput), 10 * 2 * 2 * 9 * 5);
    assert_eq!(costs.of(MacKind::Recurrence), 10 * 2 * 2 * 9 * 3);
    assert_eq!(costs.paper_macs(), 0);
    assert_eq!(costs.parameters, 2 * 9 * (5 + 3));
}

#[test]
fn sizes_are_followed_through_a_reshape_that_is_computed() {
    let costs = counted(|graph| {
        let x = graph.input("x", &[Size::Open("frames"), Size::Fixed(6)]);
        let sizes = graph.node("Shape", &[&x], vec![]);
        let zero = graph.integers("zero", &[0]);
        let frames = graph.node("Gather", &[&sizes, &zero], vec![int("axis", 0)]);
        let rest = graph.integers("rest", &[-1, 2]);
        let wanted = graph.node("Concat", &[&frames, &rest], vec![int("axis", 0)]);
        let parts = graph.node("Reshape", &[&x, &wanted], vec![]);
        let weight = floats(graph, "weight", &[2, 7]);
        let y = graph.node("MatMul", &[&parts, &weight], vec![]);
        graph.output(&y, "y", &[]);
    });
    assert_eq!(costs.uncounted, []);
    assert_eq!(costs.of(MacKind::Linear), 10 * 3 * 2 * 7);
}

#[test]
fn what_cannot_be_counted_is_named_with_what_needs_it() {
    let costs = counted(|graph| {
        let x = graph.input("x", &[Size::Open("frames"), Size::Fixed(2)]);
        let odd = graph.node("FourierOfSorts", &[&x], vec![]);
        let weight = floats(graph, "weight", &[2, 7]);
        let y = graph.node("MatMul", &[&odd, &weight], vec![]);
        graph.output(&y, "y", &[]);
    });
    let named: Vec<&str> = costs.uncounted.iter().map(|uncounted| uncounted.operator.as_str()).collect();
    assert_eq!(named, ["FourierOfSorts", "MatMul"]);
    assert_eq!(costs.uncounted[0].reason, "the operator FourierOfSorts is not known");
    assert_eq!([false, true], [0, 1].map(|index: usize| costs.uncounted[index].is_consequence));
    assert_eq!(costs.complete_macs(), 0);
}

#[test]
fn only_what_a_wanted_output_needs_is_counted() {
    let mut graph = GraphBuilder::new("test");
    let x = graph.input("x", &[Size::Fixed(3), Size::Fixed(2)]);
    for (name, columns) in [("strong", 5), ("weak", 7)] {
        let weight = floats(&mut graph, "weight", &[2, columns]);
        let y = graph.node("MatMul", &[&x, &weight], vec![]);
        graph.output(&y, name, &[]);
    }
    let costs = count(&graph.finish_model("1"), &|_, _, _| None, &["strong"]);
    assert_eq!((costs.complete_macs(), costs.parameters), (3 * 2 * 5, 2 * 5));
}

/// YAMNet's authors: "It has 3.7M weights and performs 69.2M multiplies for each 960ms input frame".
#[test]
fn a_published_network_costs_what_its_authors_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/yamnet/model.onnx");
    let model = Model::decode(std::fs::read(path).unwrap().as_slice()).unwrap();
    let costs = count(&model, &|_, _, _| Some(1), &[]);
    assert_eq!(costs.uncounted, []);
    assert!((costs.paper_macs() as f64 / 69.2e6 - 1.0).abs() < 0.01, "{costs:?}");
    assert!((costs.parameters as f64 / 3.7e6 - 1.0).abs() < 0.02, "{costs:?}");
}

#[test]
fn every_bundled_network_can_be_counted() {
    for name in ["yamnet", "bicycle-bell", "firered-aed"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name).join("model.onnx");
        let model = Model::decode(std::fs::read(path).unwrap().as_slice()).unwrap();
        let costs = count(&model, &|_, place, _| Some(if place == 0 { 1 } else { 100 }), &[]);
        assert_eq!(costs.uncounted, [], "{name}");
        assert!(costs.complete_macs() > 1_000_000, "{name}: {costs:?}");
    }
}
