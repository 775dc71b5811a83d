//! What tensors are called in the checkpoints of this family, whatever wrote them, brought to one form: `features.…` for the backbone,
//! `seq_model.…`, `strong_head.…` and `weak_head.…` for the rest.

use super::ZooError;
use crate::checkpoint::{Tensor, Tensors};
use std::collections::BTreeMap;

/// Names of a backbone end with this for its first convolution.
const FIRST_LAYER: &str = "features.0.0.weight";
/// What the names of the rest begin with within the network; what stands before the first of them in a name is the program's.
const PARTS: [&str; 3] = ["seq_model.", "strong_head.", "weak_head."];
/// A compiled PyTorch module puts this into names.
const COMPILED: &str = "_orig_mod.";

/// The tensors of one network by their names within it.
///
/// Accepted are all forms that the published training and inference programs write or read: `net.model.features…` with `net.seq_model…`,
/// `model.model.…` with `model.…`, `model.fmn.…` with either or with no prefix, those of Lightning checkpoints, and `model.frame_mn.…`.
/// What stands under other names (a teacher's tensors, say) belongs to something else and is left out. One tensor may stand under two names,
/// but two tensors of one name within the network would be two networks.
pub fn network_tensors(tensors: &Tensors) -> Result<BTreeMap<String, &Tensor>, ZooError> {
    let plain: Vec<(String, &String)> = tensors.keys().map(|given| (given.replace(COMPILED, ""), given)).collect();
    let backbone = backbone_prefix(&plain)?;
    let mut network: BTreeMap<String, (&String, &Tensor)> = BTreeMap::new();
    for ((name, given), tensor) in plain.iter().zip(tensors.values()) {
        let own = match name.strip_prefix(&backbone) {
            Some(own) if own.starts_with("features.") => Some(own.to_owned()),
            _ => rest_of_network(name, &backbone),
        };
        if let Some(own) = own.filter(|own| !own.ends_with(".num_batches_tracked"))
            && let Some((other, first)) = network.insert(own, (given, tensor))
            && first != tensor
        {
            return Err(ZooError::Ambiguous { names: vec![other.clone(), (*given).clone()] });
        }
    }
    Ok(network.into_iter().map(|(own, (_, tensor))| (own, tensor)).collect())
}

/// What stands before the backbone's names, from plain names and those that the checkpoint gives.
fn backbone_prefix(plain: &[(String, &String)]) -> Result<String, ZooError> {
    let is_start = |prefix: &str| prefix.is_empty() || prefix.ends_with('.');
    let mut prefixes: Vec<&str> =
        plain.iter().filter_map(|(name, _)| name.strip_suffix(FIRST_LAYER)).filter(|prefix| is_start(prefix)).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    match prefixes.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => {
            let mut found: Vec<&str> = plain.iter().take(3).map(|(name, _)| name.as_str()).collect();
            found.extend((plain.len() > 3).then_some("…"));
            let found = if found.is_empty() { "no tensors".to_owned() } else { found.join(", ") };
            Err(ZooError::NoBackbone { found })
        }
        many => {
            Err(ZooError::Ambiguous { names: many.iter().map(|prefix| format!("{prefix}{FIRST_LAYER}")).collect() })
        }
    }
}

/// The name of a sequence model's or head's tensor within the network whose backbone has the prefix `backbone`.
fn rest_of_network(name: &str, backbone: &str) -> Option<String> {
    let at = PARTS.iter().filter_map(|part| name.find(part)).min()?;
    let (prefix, own) = name.split_at(at);
    // The rest stands beside the backbone or above it: `model.model.fmn.` has its heads under `model.`.
    let is_related = backbone.starts_with(prefix) || matches!(prefix, "net." | "model.");
    is_related.then(|| own.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &[&str]) -> Result<Vec<String>, ZooError> {
        names_of(&given.iter().map(|name| (*name, 0.0)).collect::<Vec<_>>())
    }

    /// Of tensors that hold one number each.
    fn names_of(given: &[(&str, f32)]) -> Result<Vec<String>, ZooError> {
        let tensor = |number| Tensor { shape: vec![1], values: vec![number] };
        let tensors: Tensors = given.iter().map(|(name, number)| ((*name).to_owned(), tensor(*number))).collect();
        network_tensors(&tensors).map(|network| network.into_keys().collect())
    }

    #[test]
    fn two_tensors_of_one_name_are_refused_unless_they_are_equal() {
        let first = ("net.model.features.0.0.weight", 1.0);
        for [one, other] in [
            ["model.strong_head.bias", "net.strong_head.bias"],
            ["_orig_mod.net.strong_head.bias", "net.strong_head.bias"],
            ["_orig_mod.net.model.features.0.0.weight", first.0],
        ] {
            let same = names_of(&[first, (one, 1.0), (other, 1.0)]).unwrap();
            assert!(same.len() <= 2 && same[0] == "features.0.0.weight", "{same:?}");
            let refused = names_of(&[first, (one, 2.0), (other, 1.0)]);
            assert_eq!(refused, Err(ZooError::Ambiguous { names: vec![one.to_owned(), other.to_owned()] }));
        }
    }

    #[test]
    fn every_form_comes_to_the_same_names() {
        for (backbone, rest) in [
            ("net.model.", "net."),
            ("model.model.", "model."),
            ("model.fmn.", "net."),
            ("model.fmn.", "model."),
            ("model.model.fmn.", "model."),
            ("model.fmn.", ""),
            ("model.frame_mn.", ""),
            ("_orig_mod.net.model.", "_orig_mod.net."),
            ("", ""),
        ] {
            let given = [
                format!("{backbone}features.0.0.weight"),
                format!("{backbone}features.0.1.num_batches_tracked"),
                format!("{rest}seq_model.1.norm.gamma"),
                format!("{rest}strong_head.bias"),
                "online_teacher.model.beats.encoder.weight".to_owned(),
            ];
            let given: Vec<&str> = given.iter().map(String::as_str).collect();
            let expected = ["features.0.0.weight", "seq_model.1.norm.gamma", "strong_head.bias"];
            assert_eq!(names(&given).unwrap(), expected, "{backbone} {rest}");
        }
    }

    #[test]
    fn a_teachers_heads_are_not_the_networks() {
        let given =
            ["model.model.fmn.features.0.0.weight", "model.strong_head.bias", "online_teacher.strong_head.bias"];
        assert_eq!(names(&given).unwrap(), ["features.0.0.weight", "strong_head.bias"]);
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_there_is() {
        assert_eq!(names(&["a", "b"]), Err(ZooError::NoBackbone { found: "a, b".into() }));
        assert_eq!(names(&[]), Err(ZooError::NoBackbone { found: "no tensors".into() }));
        let two = names(&["a.features.0.0.weight", "b.features.0.0.weight"]).unwrap_err();
        assert!(two.to_string().contains("more than one network: a.features.0.0.weight, b."), "{two}");
    }
}
