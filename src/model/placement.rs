//! Which nodes of a network ran on an accelerator, read from the profile that ONNX Runtime writes. Pure.

use super::child::Placement;
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads a profile: a list of events, of which those of kernels name the provider that ran them. A node that ran several times counts once.
pub(super) fn of_profile(profile: &[u8]) -> Result<Placement, String> {
    let events: Vec<Value> =
        serde_json::from_slice(profile).map_err(|error| format!("the profile is no JSON: {error}"))?;
    let mut nodes: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for event in &events {
        let (name, arguments) = (event["name"].as_str().unwrap_or_default(), &event["args"]);
        let provider = arguments["provider"].as_str().unwrap_or_default();
        let Some(node) = name.strip_suffix("_kernel_time").filter(|_| !provider.is_empty()) else { continue };
        nodes.insert(node, (provider, arguments["op_name"].as_str().unwrap_or_default()));
    }
    let mut placement = Placement::default();
    for (provider, operator) in nodes.into_values() {
        match provider {
            // Copies from one to the other are no work of the network.
            _ if operator.starts_with("Memcpy") => {}
            "CPUExecutionProvider" => *placement.on_cpu.entry(operator.to_owned()).or_default() += 1,
            _ => placement.on_device += 1,
        }
    }
    Ok(placement)
}

impl Placement {
    /// `64 of 66 nodes on the device (on the CPU: 2 LSTM)`.
    pub fn text(&self) -> String {
        let on_cpu: usize = self.on_cpu.values().sum();
        let all = self.on_device + on_cpu;
        let plural = if all == 1 { "" } else { "s" };
        let rest: Vec<String> = self.on_cpu.iter().map(|(operator, count)| format!("{count} {operator}")).collect();
        let rest = if rest.is_empty() { String::new() } else { format!(" (on the CPU: {})", rest.join(", ")) };
        format!("{} of {all} node{plural} on the device{rest}", self.on_device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_counted_once_by_who_ran_them() {
        let event = |name: &str, provider: &str, operator: &str| {
            format!(
                "{{\"cat\":\"Node\",\"name\":\"{name}\",\"args\":{{\"provider\":\"{provider}\",\"op_name\":\"{operator}\"}}}}"
            )
        };
        let events = [
            event("conv_kernel_time", "WebGpuExecutionProvider", "Conv"),
            event("conv_kernel_time", "WebGpuExecutionProvider", "Conv"),
            event("add_kernel_time", "WebGpuExecutionProvider", "Add"),
            event("lstm_kernel_time", "CPUExecutionProvider", "LSTM"),
            event("copy_kernel_time", "WebGpuExecutionProvider", "MemcpyToHost"),
            event("add_fence_before", "", "Add"),
            "{\"cat\":\"Session\",\"name\":\"model_run\",\"args\":{}}".to_owned(),
        ];
        let placement = of_profile(format!("[{}]", events.join(",")).as_bytes()).unwrap();
        assert_eq!(placement.text(), "2 of 3 nodes on the device (on the CPU: 1 LSTM)");
        assert!(of_profile(b"[{").is_err());
    }
}
