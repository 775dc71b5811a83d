//! Counts and times as comma-separated values and as JSON. Owns the columns; tables for people are the command line's.

use super::{Counts, Measured};
use crate::onnx::cost::MacKind;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The columns before those of the kinds of multiply-accumulates.
const FIRST: &str = "model,clip_secs,parameters,graph_parameters,file_bytes,paper_macs,complete_macs";
const LAST: &str = "uncounted_nodes,runtime,device,batch,threads,clips_per_sec,slowest_clips_per_sec,fastest_clips_per_sec,\
                    times_real_time,front_end_secs,network_secs,decoding_secs,peak_bytes";

/// A table with a line for each batch size and number of threads of each model, or one for a model that was only counted.
pub fn to_csv(counts: &[Counts], measured: &[Measured]) -> String {
    let kinds: Vec<String> = MacKind::ALL.iter().map(|kind| column(*kind)).collect();
    let mut text = format!("{FIRST},{},{LAST}\r\n", kinds.join(","));
    for count in counts {
        let own = measured.iter().find(|measured| measured.name == count.name);
        let start = first_cells(count);
        match own {
            Some(own) if !own.throughputs.is_empty() => {
                for throughput in &own.throughputs {
                    let rate = throughput.clips_per_sec;
                    let (slowest, fastest) = throughput.range;
                    let (batch, threads) = (throughput.batch, throughput.threads);
                    let end = last_cells(own);
                    let _ = write!(
                        text,
                        "{start},{},{},{batch},{threads},{rate:.3},{slowest:.3},{fastest:.3},{:.2},{end}\r\n",
                        cell(&own.runtime),
                        cell(&own.device),
                        rate * own.clip_secs
                    );
                }
            }
            _ => {
                let _ = write!(text, "{start}{}\r\n", ",".repeat(12));
            }
        }
    }
    text
}

/// The name of a kind's column.
fn column(kind: MacKind) -> String {
    let words = kind.name().replace(", ", "_").replace(['-', ' '], "_");
    format!("macs_{words}")
}

fn first_cells(count: &Counts) -> String {
    let graph = &count.graph;
    let kinds: Vec<String> = MacKind::ALL.iter().map(|kind| graph.of(*kind).to_string()).collect();
    format!(
        "{},{},{},{},{},{},{},{},{}",
        cell(&count.name),
        count.clip_secs,
        count.parameters(),
        graph.parameters,
        count.file_bytes,
        count.paper_macs(),
        graph.complete_macs(),
        kinds.join(","),
        graph.uncounted.len()
    )
}

fn last_cells(own: &Measured) -> String {
    let parts = own.parts.map_or_else(
        || ",,".to_owned(),
        |parts| format!("{:.6},{:.6},{:.6}", parts.front_end_secs, parts.network_secs, parts.decoding_secs),
    );
    format!("{parts},{}", own.peak_bytes.map(|bytes| bytes.to_string()).unwrap_or_default())
}

fn cell(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// All that is known, for programs.
pub fn to_json(counts: &[Counts], measured: &[Measured]) -> Value {
    counts
        .iter()
        .map(|count| {
            let own = measured.iter().find(|measured| measured.name == count.name);
            let macs: serde_json::Map<String, Value> =
                MacKind::ALL.iter().map(|kind| (column(*kind), json!(count.graph.of(*kind)))).collect();
            let uncounted: Vec<Value> = count
                .graph
                .uncounted
                .iter()
                .map(|node| json!({ "node": node.node, "operator": node.operator, "reason": node.reason }))
                .collect();
            json!({
                "model": count.name,
                "clip_secs": count.clip_secs,
                "parameters": count.parameters(),
                "graph_parameters": count.graph.parameters,
                "file_bytes": count.file_bytes,
                "paper_macs": count.paper_macs(),
                "complete_macs": count.graph.complete_macs(),
                "macs": macs,
                "uncounted": uncounted,
                "measured": own.map(measured_json),
            })
        })
        .collect()
}

fn measured_json(own: &Measured) -> Value {
    let throughputs: Vec<Value> = own
        .throughputs
        .iter()
        .map(|one| {
            json!({
                "batch": one.batch,
                "threads": one.threads,
                "clips_per_sec": one.clips_per_sec,
                "slowest_clips_per_sec": one.range.0,
                "fastest_clips_per_sec": one.range.1,
                "times_real_time": one.clips_per_sec * own.clip_secs,
            })
        })
        .collect();
    let parts = own.parts.map(|parts| {
        json!({
            "front_end_secs": parts.front_end_secs,
            "network_secs": parts.network_secs,
            "decoding_secs": parts.decoding_secs,
        })
    });
    json!({
        "runtime": own.runtime,
        "device": own.device,
        "throughput": throughputs,
        "clip_parts": parts,
        "peak_bytes": own.peak_bytes,
        "notes": own.notes,
    })
}
