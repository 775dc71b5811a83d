//! Why the tensors of a checkpoint are no network of the family. Each message says which tensor, what was found, and what was expected.

/// Names that a message shows.
const SHOWN_NAMES: usize = 5;

/// Why a checkpoint cannot be written as a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZooError {
    /// No tensor looks like the first layer of a frame-wise MobileNet.
    #[error("no tensor is called \"…features.0.0.weight\", so this is no frame-wise MobileNet; it has {found}")]
    NoBackbone {
        /// The first names of what there is.
        found: String,
    },
    /// More than one network in one checkpoint.
    #[error("there is more than one network: {}", listed(.names))]
    Ambiguous {
        /// The tensors that could each be the same part of it, as the checkpoint names them.
        names: Vec<String>,
    },
    /// A tensor that the network needs is not there.
    #[error("the tensor \"{name}\" is missing; expected {expected}")]
    Missing {
        /// Its name within the network.
        name: String,
        /// Its shape, or what it is for.
        expected: String,
    },
    /// A tensor has a shape that does not fit the others.
    #[error("the tensor \"{name}\" has the shape {found:?}, expected {expected}")]
    Shape {
        /// Its name within the network.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// A shape that fits.
        expected: String,
    },
    /// Tensors that belong to the network but that no layer of the architecture has.
    #[error("no layer of {architecture} has the tensor{} {}", if .names.len() == 1 { "" } else { "s" }, listed(.names))]
    Unexpected {
        /// What the checkpoint was taken for.
        architecture: String,
        /// Their names within the network.
        names: Vec<String>,
    },
    /// A tensor holds values that are no numbers.
    #[error("the tensor \"{name}\" holds values that are not finite numbers: the training may have diverged")]
    NotFinite {
        /// Its name within the network.
        name: String,
    },
    /// Settings that no network of the family has.
    #[error("{what}: found {found}, expected {expected}")]
    Setting {
        /// Which setting.
        what: String,
        /// What it was.
        found: String,
        /// What it may be.
        expected: String,
    },
}

/// The first of the names, and whether there are more.
fn listed(names: &[String]) -> String {
    let shown = names.get(..SHOWN_NAMES).unwrap_or(names).join(", ");
    if names.len() > SHOWN_NAMES { format!("{shown}, …") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_five_names() {
        let told = |count: usize| {
            let names = (0..count).map(|index| format!("t{index}")).collect();
            ZooError::Unexpected { architecture: "fmn04".to_owned(), names }.to_string()
        };
        assert_eq!(told(1), "no layer of fmn04 has the tensor t0");
        assert_eq!(told(5), "no layer of fmn04 has the tensors t0, t1, t2, t3, t4");
        assert_eq!(told(100_000), "no layer of fmn04 has the tensors t0, t1, t2, t3, t4, …");
    }
}
