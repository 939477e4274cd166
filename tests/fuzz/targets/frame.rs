//! Frames of both sides and the fallback's body: what is read is written so that it is read the same, and entries keep their bytes.
#![no_main]

use floorline_mobile_sync::wire::{ClientFrame, ServerFrame, SubmitRequest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(frame) = ClientFrame::parse(text) {
        let written = frame.text().expect("what was read can be written");
        let again = ClientFrame::parse(&written).expect("what was written can be read");
        assert_eq!(again, frame, "{written}");
        if let ClientFrame::Submit(submit) = &frame {
            for entry in &submit.entries {
                assert!(text.contains(entry.text()), "an entry is not as it came: {}", entry.text());
            }
        }
    }
    if let Ok(frame) = ServerFrame::parse(text) {
        let written = frame.text().expect("what was read can be written");
        assert_eq!(ServerFrame::parse(&written).expect("what was written can be read"), frame, "{written}");
    }
    if let Ok(request) = SubmitRequest::parse(text) {
        let written = serde_json::to_string(&request).expect("what was read can be written");
        assert_eq!(SubmitRequest::parse(&written).expect("what was written can be read"), request, "{written}");
    }
});
