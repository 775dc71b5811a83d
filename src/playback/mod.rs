//! Sound output: device, ring buffer, playhead.
