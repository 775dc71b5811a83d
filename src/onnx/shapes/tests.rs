//! Sizes of single operators, and sizes that make no sense.

use super::*;
use crate::onnx::builder::{int, ints};
use crate::onnx::{GraphBuilder, Size, Value};
use proptest::prelude::*;

fn shape_of(write: impl FnOnce(&mut GraphBuilder) -> Value) -> Result<Known, String> {
    let mut graph = GraphBuilder::new("test");
    let value = write(&mut graph);
    let shapes = Shapes::infer(&graph.finish_model("1"), &|_, _, _| None);
    match shapes.unknown.first() {
        Some(unknown) => Err(unknown.reason.clone()),
        None => Ok(shapes.value(value.name()).unwrap().clone()),
    }
}

fn input(graph: &mut GraphBuilder, dims: &[usize]) -> Value {
    graph.input("x", &dims.iter().map(|&size| Size::Fixed(size)).collect::<Vec<_>>())
}

#[test]
fn a_slice_counts_from_both_ends_and_backwards() {
    let sliced = |start, end, step| {
        let known = shape_of(|graph| {
            let numbers = graph.integers("numbers", &[0, 1, 2, 3, 4]);
            let [start, end, axis, step] = [start, end, 0, step].map(|number| graph.integers("at", &[number]));
            graph.node("Slice", &[&numbers, &start, &end, &axis, &step], vec![])
        });
        known.unwrap().integers.unwrap()
    };
    assert_eq!(sliced(1, -1, 1), [1, 2, 3]);
    assert_eq!(sliced(-1, i64::MIN, -1), [4, 3, 2, 1, 0]);
    assert_eq!(sliced(0, i64::MAX, 2), [0, 2, 4]);
    assert_eq!(sliced(4, 2, 1), [0_i64; 0]);
}

#[test]
fn windows_keep_to_what_fits() {
    let pooled = |size: usize, settings: Vec<crate::onnx::proto::Attribute>| {
        shape_of(|graph| {
            let x = input(graph, &[1, 1, size]);
            graph.node("MaxPool", &[&x], settings)
        })
        .map(|known| known.dims[2])
    };
    assert_eq!(pooled(7, vec![ints("kernel_shape", &[3]), ints("strides", &[2])]), Ok(3));
    assert_eq!(pooled(8, vec![ints("kernel_shape", &[3]), ints("strides", &[2]), int("ceil_mode", 1)]), Ok(4));
    assert_eq!(pooled(7, vec![ints("kernel_shape", &[3]), ints("dilations", &[3])]), Ok(1));
    assert!(pooled(2, vec![ints("kernel_shape", &[3])]).unwrap_err().contains("does not fit"));
    assert!(pooled(2, vec![ints("kernel_shape", &[1]), ints("strides", &[0])]).unwrap_err().contains("less than 1"));
}

#[test]
fn an_ellipsis_stands_for_the_axes_that_are_left() {
    let sum = contraction::einstein_sum("...ij,...jk->...ik", &[&[2, 1, 3, 4], &[5, 4, 6]]).unwrap();
    let sizes: Vec<usize> = sum.output.iter().map(|letter| sum.sizes[letter]).collect();
    assert_eq!(sizes, [2, 5, 3, 6]);
    let implied = contraction::einstein_sum("bi,ij", &[&[2, 3], &[3, 4]]).unwrap();
    assert_eq!(implied.output, ["b", "j"]);
    assert!(contraction::einstein_sum("ij,jk->ik", &[&[2, 3], &[4, 5]]).is_err());
}

#[test]
fn a_split_has_as_many_parts_as_outputs() {
    let split = |sizes: &[i64]| {
        shape_of(|graph| {
            let x = input(graph, &[5]);
            let sizes = graph.integers("sizes", sizes);
            let [first, _second] = graph.node_of("Split", &[&x, &sizes], vec![]);
            first
        })
    };
    assert_eq!(split(&[2, 3]).map(|known| known.dims), Ok(vec![2]));
    assert_eq!(split(&[5]), Err("1 parts for 2 outputs".to_owned()));
    assert!(split(&[2, 2]).unwrap_err().contains("do not make up 5"));
}

#[test]
fn a_range_has_as_many_numbers_as_it_passes() {
    let range = |start, limit, step| {
        let known = shape_of(|graph| {
            let [start, limit, step] = [start, limit, step].map(|number| graph.integers("at", &[number]));
            graph.node("Range", &[&start, &limit, &step], vec![])
        });
        known.map(|known| known.integers.unwrap())
    };
    assert_eq!(range(0, 5, 2).unwrap(), [0, 2, 4]);
    assert_eq!(range(5, 0, -2).unwrap(), [5, 3, 1]);
    assert_eq!(range(4, 0, -2).unwrap(), [4, 2]);
    assert_eq!(range(3, 0, 1).unwrap(), [0_i64; 0]);
    assert!(range(0, i64::MAX, 1).is_err());
}

#[test]
fn sizes_beyond_measure_are_refused_even_of_nothing() {
    const HUGE: usize = i64::MAX as usize;
    let refused = |write: &dyn Fn(&mut GraphBuilder) -> Value| shape_of(write).unwrap_err();
    let told = refused(&|graph| {
        let x = input(graph, &[0, HUGE]);
        let twice = graph.node("Concat", &[&x, &x], vec![int("axis", 1)]);
        let [start, end, axis] = [0, -2, 1].map(|number| graph.integers("at", &[number]));
        graph.node("Slice", &[&twice, &start, &end, &axis], vec![])
    });
    assert_eq!(told, "the sizes of its input x are not known");
    // Made by an operator, it is refused there.
    let told = refused(&|graph| {
        let shape = graph.integers("shape", &[0, 1 << 41]);
        graph.node("ConstantOfShape", &[&shape], vec![])
    });
    assert!(told.contains("larger than any memory"), "{told}");
    let told = refused(&|graph| {
        let (x, weight) = (input(graph, &[1, 0, 4]), graph.input("w", &[0, 1, HUGE].map(Size::Fixed)));
        graph.node("ConvTranspose", &[&x, &weight], vec![ints("dilations", &[i64::MAX])])
    });
    assert_eq!(told, "the sizes of its input w are not known");
    let told = refused(&|graph| {
        let x = input(graph, &[1, 0, 1]);
        graph.node("MaxPool", &[&x], vec![ints("kernel_shape", &[1]), ints("pads", &[i64::MAX - 1, 1])])
    });
    assert!(told.contains("larger than any memory"), "{told}");
    let constant = Tensor { name: "c".to_owned(), dims: vec![0, 1 << 41], data_type: 1, ..Tensor::default() };
    assert_eq!(of_tensor(&constant), None);
    assert_eq!(
        of_tensor(&Tensor { dims: vec![0, 1 << 40], ..constant }).map(|known| known.dims),
        Some(vec![0, 1 << 40])
    );
}

#[test]
fn axes_and_numbers_have_an_end() {
    let ones = |count: usize| {
        shape_of(|graph| {
            let (x, shape) = (input(graph, &[1]), graph.integers("shape", &vec![1; count]));
            graph.node("Reshape", &[&x, &shape], vec![])
        })
    };
    assert_eq!(ones(64).unwrap().dims, [1; 64]);
    assert!(ones(65).unwrap_err().contains("too many axes"));
    let unsqueezed = shape_of(|graph| {
        let (x, axes) = (input(graph, &[1]), graph.integers("axes", &(0..64).collect::<Vec<_>>()));
        graph.node("Unsqueeze", &[&x, &axes], vec![])
    });
    assert_eq!(unsqueezed, Err("65 axes".to_owned()));
    let joined = |count: usize| {
        let known = shape_of(|graph| {
            let numbers = graph.integers("numbers", &[7; 1024]);
            graph.node("Concat", &vec![&numbers; count], vec![int("axis", 0)])
        });
        let known = known.unwrap();
        (known.dims, known.integers.map(|numbers| numbers.len()))
    };
    assert_eq!(joined(4), (vec![4096], Some(4096)));
    assert_eq!(joined(5), (vec![5120], None));
    assert_eq!(joined(1 << 12), (vec![1 << 22], None));
}

const OPERATORS: [&str; 22] = [
    "Conv",
    "ConvTranspose",
    "MaxPool",
    "MatMul",
    "Gemm",
    "GRU",
    "Transpose",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Concat",
    "Split",
    "Slice",
    "Gather",
    "Expand",
    "Tile",
    "Pad",
    "Shape",
    "Range",
    "ConstantOfShape",
    "ReduceProd",
];
const SETTINGS: [&str; 12] = [
    "axis",
    "axes",
    "perm",
    "pads",
    "strides",
    "dilations",
    "kernel_shape",
    "group",
    "start",
    "end",
    "split",
    "keepdims",
];

proptest! {
    /// Whatever a file says, there is an answer and no panic.
    #[test]
    fn no_settings_break_it(
        operator in 0..OPERATORS.len(),
        dims in proptest::collection::vec(
            proptest::collection::vec(prop_oneof![8 => 0_i64..5, 1 => (1_i64 << 39)..=(1 << 40), 1 => Just(i64::MAX)], 0..5), 1..4),
        numbers in proptest::collection::vec(prop_oneof![-3_i64..6, any::<i64>()], 0..5),
        settings in proptest::collection::vec(
            (0..SETTINGS.len(), proptest::collection::vec(prop_oneof![-3_i64..6, any::<i64>()], 0..5)), 0..4),
    ) {
        let mut graph = GraphBuilder::new("test");
        let mut inputs = Vec::new();
        for (index, dims) in dims.iter().enumerate() {
            let sizes: Vec<Size> = dims.iter().map(|&size| Size::Fixed(size as usize)).collect();
            inputs.push(if index == 1 { graph.integers("n", &numbers) } else { graph.input(&format!("x{index}"), &sizes) });
        }
        let settings = settings
            .iter()
            .map(|(name, numbers)| match numbers.as_slice() {
                [one] => int(SETTINGS[*name], *one),
                all => ints(SETTINGS[*name], all),
            })
            .collect();
        let y = graph.node(OPERATORS[operator], &inputs.iter().collect::<Vec<_>>(), settings);
        graph.output(&y, "y", &[]);
        let model = graph.finish_model("1");
        let shapes = Shapes::infer(&model, &|_, _, _| None);
        let is_unknown = !shapes.unknown.is_empty();
        prop_assert!(is_unknown || shapes.value("y").is_some());
        crate::onnx::cost::count(&model, &|_, _, _| None, &[]);
    }
}
