use std::cell::RefCell;

use kiln_hl7::{Index, Kernel, Message, ParseError};

thread_local! {
    // An index a kernel, kept from input to input, so that each also meets what the last one left.
    static INDEXES: RefCell<Vec<(Kernel, Index)>> = RefCell::new(
        Kernel::available()
            .into_iter()
            .map(|kernel| (kernel, Index::with_kernel(kernel)))
            .collect(),
    );
}

/// Every kernel that this processor can run gives the same message, or the same error.
pub fn kernels(input: &[u8]) {
    INDEXES.with_borrow_mut(|indexes| {
        let mut expected = None;
        // The portable one comes last.
        for (kernel, index) in indexes.iter_mut().rev() {
            let places = read(input, index);
            let expected = expected.get_or_insert_with(|| places.clone());
            assert_eq!(&places, expected, "{}", kernel.name());
        }
    });
}

/// Where each segment and field lies, in order.
fn read(bytes: &[u8], index: &mut Index) -> Result<Vec<(usize, usize)>, ParseError> {
    let message = Message::parse(bytes, index)?;
    let mut places = Vec::new();
    for segment in message.segments() {
        places.push((segment.offset(), segment.raw().len()));
        places.extend(
            segment
                .fields()
                .map(|field| (field.offset(), field.raw().len())),
        );
    }
    Ok(places)
}
