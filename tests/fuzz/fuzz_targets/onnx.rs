//! Any bytes given to the decoder of ONNX graphs: what it makes of them is the same when written and decoded again, has an outline or none,
//! and is counted.
#![no_main]

use earmark_fuzz::onnx::cost;
use earmark_fuzz::onnx::outline::{Outline, Port};
use earmark_fuzz::onnx::proto::Model;
use libfuzzer_sys::fuzz_target;
use prost::Message;

fuzz_target!(|bytes: &[u8]| {
    let outline = Outline::read(bytes);
    let Ok(model) = Model::decode(bytes) else {
        assert!(outline.is_err());
        return;
    };
    let again = Model::decode(model.encode_to_vec().as_slice());
    // Not `==` on the values: a NaN equals nothing.
    assert!(again.is_ok_and(|again| again.encode_to_vec() == model.encode_to_vec()));
    if let Ok(outline) = outline {
        let _ = Port::list(&outline.inputs);
        let last = outline.outputs.last().map(|output| output.name.as_str());
        let _ = cost::count(&model, &|_, place, _| (place < 3).then_some(7), last.as_slice());
    }
    // Open sizes that nothing bounds: products must not overflow.
    let costs = cost::count(&model, &|_, _, _| Some(usize::MAX), &[]);
    assert!(costs.paper_macs() <= costs.complete_macs());
});
