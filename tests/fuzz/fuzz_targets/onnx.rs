//! Any bytes given to the decoder of ONNX graphs, and what it makes of them written and decoded again.
#![no_main]

use earmark_fuzz::onnx::proto::Model;
use libfuzzer_sys::fuzz_target;
use prost::Message;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(model) = Model::decode(bytes) {
        let again = Model::decode(model.encode_to_vec().as_slice());
        // Not `==` on the values: a NaN equals nothing.
        assert!(again.is_ok_and(|again| again.encode_to_vec() == model.encode_to_vec()));
    }
});
