//! Sizes of products: matrices, Einstein sums and recurrences.

use super::{Known, Operation, broadcast, int, size_of, text};
use std::collections::BTreeMap;

/// The output of `MatMul` and its kin.
pub(super) fn matrix_product(operation: &Operation<'_>, b_index: usize) -> Result<Known, String> {
    let (mut a, mut b) = (operation.input(0)?.dims.clone(), operation.input(b_index)?.dims.clone());
    let (is_row, is_column) = (a.len() == 1, b.len() == 1);
    if is_row {
        a.insert(0, 1);
    }
    if is_column {
        b.push(1);
    }
    if a.len() < 2 || b.len() < 2 || a[a.len() - 1] != b[b.len() - 2] {
        return Err(format!("matrices of {a:?} and {b:?} have no product"));
    }
    let mut dims = broadcast(&a[..a.len() - 2], &b[..b.len() - 2])?;
    if !is_row {
        dims.push(a[a.len() - 2]);
    }
    if !is_column {
        dims.push(b[b.len() - 1]);
    }
    Ok(Known::of(dims))
}

/// The output of `Gemm`.
pub(super) fn gemm(operation: &Operation<'_>) -> Result<Known, String> {
    let side = |index: usize, name: &str| {
        let dims = &operation.input(index)?.dims;
        let &[rows, columns] = dims.as_slice() else { return Err(format!("Gemm of a value of {dims:?}")) };
        Ok(if int(operation.node, name).unwrap_or(0) == 0 { (rows, columns) } else { (columns, rows) })
    };
    let ((rows, inner), (other, columns)) = (side(0, "transA")?, side(1, "transB")?);
    if inner != other {
        return Err(format!("{inner} columns and {other} rows have no product"));
    }
    Ok(Known::of(vec![rows, columns]))
}

/// An Einstein sum: the sizes of its letters, and the letters of its output.
pub struct Sum {
    /// The size of each letter; `.0`, `.1` … stand for the axes of an ellipsis, counted from the last.
    pub sizes: BTreeMap<String, usize>,
    /// The letters of the output.
    pub output: Vec<String>,
}

/// Reads an equation for operands of these sizes.
pub fn einstein_sum(equation: &str, operands: &[&[usize]]) -> Result<Sum, String> {
    let equation: String = equation.chars().filter(|character| !character.is_whitespace()).collect();
    let (left, right) =
        equation.split_once("->").map_or((equation.as_str(), None), |(left, right)| (left, Some(right)));
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != operands.len() {
        return Err(format!("the equation {equation} is not for {} values", operands.len()));
    }
    let mut sizes = BTreeMap::new();
    let mut ellipsis = 0;
    for (term, dims) in terms.iter().zip(operands) {
        let letters = letters(term, Some(dims.len()), 0).ok_or_else(|| format!("{term} is not for {dims:?}"))?;
        ellipsis = ellipsis.max(letters.iter().filter(|letter| letter.starts_with('.')).count());
        for (letter, &size) in letters.into_iter().zip(*dims) {
            let known = sizes.entry(letter).or_insert(size);
            if *known != size && *known != 1 && size != 1 {
                return Err(format!("{equation} gives one letter the sizes {known} and {size}"));
            }
            *known = (*known).max(size);
        }
    }
    let output = match right {
        Some(right) => letters(right, None, ellipsis).ok_or_else(|| format!("{right} is no output"))?,
        None => implied_output(left, ellipsis),
    };
    match output.iter().find(|letter| !sizes.contains_key(*letter)) {
        Some(letter) => Err(format!("{letter} of the output stands in no input")),
        None => Ok(Sum { sizes, output }),
    }
}

/// The letters of a term; an ellipsis has as many axes as `rank` leaves it, or `ellipsis`.
fn letters(term: &str, rank: Option<usize>, ellipsis: usize) -> Option<Vec<String>> {
    let (before, after) = term.split_once("...").unwrap_or((term, ""));
    let named = before.chars().count() + after.chars().count();
    let dots = match rank {
        Some(rank) if term.contains("...") => rank.checked_sub(named)?,
        Some(rank) if rank != named => return None,
        Some(_) => 0,
        None if term.contains("...") => ellipsis,
        None => 0,
    };
    let is_plain = before.chars().chain(after.chars()).all(char::is_alphabetic);
    let one = |letter: char| letter.to_string();
    let dots = (0..dots).rev().map(|place| format!(".{place}"));
    is_plain.then(|| before.chars().map(one).chain(dots).chain(after.chars().map(one)).collect())
}

/// Letters that occur once, in alphabetical order, after the ellipsis.
fn implied_output(left: &str, ellipsis: usize) -> Vec<String> {
    let mut counts: BTreeMap<char, usize> = BTreeMap::new();
    left.chars().filter(|letter| letter.is_alphabetic()).for_each(|letter| *counts.entry(letter).or_default() += 1);
    let dots = (0..ellipsis).rev().map(|place| format!(".{place}"));
    dots.chain(counts.into_iter().filter(|(_, count)| *count == 1).map(|(letter, _)| letter.to_string())).collect()
}

/// The output of `Einsum`.
pub(super) fn einsum(operation: &Operation<'_>) -> Result<Known, String> {
    let equation = text(operation.node, "equation").ok_or("Einsum without an equation")?;
    let operands: Vec<&[usize]> = (0..operation.inputs.len())
        .map(|index| operation.input(index).map(|known| known.dims.as_slice()))
        .collect::<Result<_, _>>()?;
    let sum = einstein_sum(equation, &operands)?;
    Ok(Known::of(sum.output.iter().filter_map(|letter| sum.sizes.get(letter).copied()).collect()))
}

/// The output of `Attention`, without keys and values from before.
pub(super) fn attention(operation: &Operation<'_>) -> Result<Known, String> {
    let [query, key, value] = [0, 1, 2].map(|index| operation.input(index).map(|known| known.dims.as_slice()));
    let (query, key, value) = (query?, key?, value?);
    if operation.optional(4).is_some() || operation.node.output.iter().skip(1).any(|name| !name.is_empty()) {
        return Err("attention to earlier keys is not known".to_owned());
    }
    match (query, key, value) {
        // [batch, row, head · feature], and [batch, head, row, feature].
        (&[batch, rows, _], &[_, others, _], &[_, same, features]) if others == same => {
            let heads = |name: &str| size_of(int(operation.node, name).unwrap_or(1)).map(|heads| heads.max(1));
            let (query_heads, value_heads) = (heads("q_num_heads")?, heads("kv_num_heads")?);
            Ok(Known::of(vec![batch, rows, (features / value_heads).saturating_mul(query_heads)]))
        }
        (&[batch, heads, rows, _], &[_, _, others, _], &[_, _, same, features]) if others == same => {
            Ok(Known::of(vec![batch, heads, rows, features]))
        }
        _ => Err(format!("attention of {query:?} to {key:?} and {value:?}")),
    }
}

/// The outputs of `GRU`, `LSTM` and `RNN`: all states, the last state, and the last cell.
pub(super) fn recurrence(operation: &Operation<'_>) -> Result<Vec<Known>, String> {
    let (input, recurrent) = (operation.input(0)?, operation.input(2)?);
    let (&[first, second, _], &[directions, _, hidden]) = (input.dims.as_slice(), recurrent.dims.as_slice()) else {
        return Err("a recurrence needs an input and weights with three axes each".to_owned());
    };
    if int(operation.node, "hidden_size").is_some_and(|size| size_of(size) != Ok(hidden)) {
        return Err(format!("hidden_size is not the {hidden} of the recurrent weights"));
    }
    let is_batch_first = int(operation.node, "layout").unwrap_or(0) == 1;
    let (all, last) = if is_batch_first {
        (vec![first, second, directions, hidden], vec![first, directions, hidden])
    } else {
        (vec![first, directions, second, hidden], vec![directions, second, hidden])
    };
    Ok(vec![Known::of(all), Known::of(last.clone()), Known::of(last)])
}
